//! Tokens that come and go, and clients that do.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cloud::{FakeCloud, Limits};
use super::simulation::{run, start_pool};
use crate::config::PoolSettings;
use crate::context::Clock;
use crate::proxy::token_pool::{Acquisition, TokenPool};
use crate::proxy::token_source::TokenSource;

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

#[tokio::test(start_paused = true)]
async fn nobody_overtakes_a_request_that_waits() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings { tokens: 1, ..PoolSettings::default() });
    close(&pool);
    let first = pool.clone();
    let first =
        tokio::spawn(async move { first.acquire_within(Duration::from_secs(90)).await.is_ok() });
    tokio::time::sleep(Duration::from_secs(1)).await;
    pool.state().members[0].quota.reopen();
    assert!(pool.acquire_now(&cloud.clock.read()).is_none());
    assert!(first.await.unwrap());
    assert!(pool.acquire_now(&cloud.clock.read()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_replaced_has_a_quota_of_its_own() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    run(&pool, &cloud, PATH, 200, 10).await;
    let Some(Acquisition::Acquired(token)) = pool.acquire_now(&cloud.clock.read()) else {
        panic!("the token is open");
    };
    assert!(pool.is_worth_replacing(&token).await);
    let replacement = pool.replace_rejected(&token).await.unwrap();
    assert!(Arc::ptr_eq(&replacement.source, &token.source));
    assert!(pool.acquire_now(&cloud.clock.read()).is_some());
    let status = pool.status(&cloud.clock.read());
    assert_eq!((status.len(), status[0].window.unwrap().requests), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_is_used_while_the_issuer_is_down() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    run(&pool, &cloud, PATH, 500, 10).await;
    cloud.is_issuer_down.store(true, Ordering::Relaxed);
    let sources = pool.sources();
    let expires = async |source: &TokenSource| {
        while source.peek_usable(&cloud.clock.read()).is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::sleep(Duration::from_secs(86_300)).await;
    expires(&sources[0]).await;
    // The second token was minted two seconds later.
    let Some(Acquisition::Acquired(token)) = pool.acquire_now(&cloud.clock.read()) else {
        panic!("a token lives");
    };
    assert!(Arc::ptr_eq(&token.source, &sources[1]));
    expires(&sources[1]).await;
    let Some(Acquisition::Expired(member)) = pool.acquire_now(&cloud.clock.read()) else {
        panic!("no token lives");
    };
    assert!(pool.refreshed(member).await.is_expired);
    cloud.is_issuer_down.store(false, Ordering::Relaxed);
    let Some(Acquisition::Expired(member)) = pool.acquire_now(&cloud.clock.read()) else {
        panic!("no token lives");
    };
    assert!(!pool.refreshed(member).await.is_expired);
}
