//! Tokens that come and go, and clients that do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cloud::{FakeCloud, Limits};
use super::simulation::{run, start_pool};
use crate::config::PoolSettings;
use crate::proxy::token_pool::TokenPool;

const PATH: &str = "/api/v2/users";

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_needed_any_more_leaves_the_pool_when_it_expires() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    run(&pool, &cloud, PATH, 500, 10).await;
    assert_eq!((pool.state().members.len(), cloud.mints()), (2, 2));
    tokio::time::sleep(Duration::from_secs(86_500)).await;
    assert_eq!((pool.state().members.len(), cloud.mints()), (1, 3));
}

fn close(pool: &TokenPool) {
    let now = pool.run.clock.read();
    pool.state().members[0].quota.close(Duration::from_secs(30), &now);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_leaves_the_queue() {
    let cloud = FakeCloud::new(Limits::default());
    let settings = PoolSettings { tokens: 1, ..PoolSettings::default() };
    let pool = start_pool(&cloud, settings);
    close(&pool);
    let pool_of_client = pool.clone();
    let waiting =
        tokio::spawn(async move { pool_of_client.acquire_within(Duration::from_secs(90)).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(pool.acquire_now(&pool.run.clock.read()).is_none());
    assert_eq!(pool.waiting.load(Ordering::Relaxed), 1);
    waiting.abort();
    assert!(waiting.await.is_err());
    assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    assert!(pool.turn.try_lock().is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_served_in_their_order() {
    let cloud = FakeCloud::new(Limits::default());
    let settings = PoolSettings { tokens: 1, ..PoolSettings::default() };
    let pool = start_pool(&cloud, settings);
    close(&pool);
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for number in 0..20 {
        let (pool, served) = (pool.clone(), served.clone());
        waiting.push(tokio::spawn(async move {
            assert!(pool.acquire_within(Duration::from_secs(90)).await.is_ok());
            served.lock().unwrap().push(number);
        }));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), (0..20).collect::<Vec<_>>());
}
