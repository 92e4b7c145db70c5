//! Responses of the API that say less than they seem to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::Method;

use super::cloud::{FORBIDDEN_PATH, FakeCloud, Limits};
use super::simulation::{run, start_pool};
use crate::config::PoolSettings;
use crate::proxy::token_pool::{
    AcquiredToken, Acquisition, RateLimitCause, Rejection, RequestScope, TokenPool,
};

const PATH: &str = "/api/v2/users";

fn acquire(pool: &Arc<TokenPool>) -> AcquiredToken {
    match pool.acquire_now(&pool.run.clock.read()) {
        Some(Acquisition::Acquired(token)) => token,
        _ => panic!("a token is open"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_answers_401_to_any_token_does_not_shrink_the_pool() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    run(&pool, &cloud, PATH, 500, 10).await;
    let outcome = run(&pool, &cloud, FORBIDDEN_PATH, 5, 1).await;
    assert_eq!(outcome.unauthorized, 5);
    assert_eq!(pool.state().members.len(), 2);
    let now = pool.run.clock.read();
    assert_eq!(pool.state().active_cap.get(&now), None);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_repeats_its_token_gets_no_larger_pool() {
    // In a store, the token may be that of another slot, which is left out.
    for (has_store, left_out) in [(false, None), (true, Some(1))] {
        let cloud = FakeCloud::new(Limits::default());
        cloud.repeats_tokens.store(true, Ordering::Relaxed);
        cloud.has_store.store(has_store, Ordering::Relaxed);
        let rate_wait = Duration::from_secs(70);
        let pool = start_pool(&cloud, PoolSettings { rate_wait, ..PoolSettings::default() });
        let outcome = run(&pool, &cloud, PATH, 500, 10).await;
        assert_eq!((outcome.ok, pool.state().members.len()), (500, 1), "{outcome:?}");
        assert_eq!(pool.state().slot_of_first, left_out);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_refused_do_not_wait_in_turn_for_an_api_that_hangs() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    cloud.is_api_hanging.store(true, Ordering::Relaxed);
    let judged: Vec<_> = (0..10)
        .map(|number| {
            let (pool, token) = (pool.clone(), acquire(&pool));
            tokio::spawn(async move {
                let scope = RequestScope::of_service(&Method::GET, &format!("/{number}"));
                let reset = Duration::from_secs(30);
                let rejection = Rejection {
                    token: &token,
                    scope: &scope,
                    named_cause: None,
                    reset,
                    before: None,
                };
                pool.judge(&rejection).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(4)).await;
    tokio::task::yield_now().await;
    let are_judged = judged.iter().all(tokio::task::JoinHandle::is_finished);
    cloud.is_api_hanging.store(false, Ordering::Relaxed);
    assert!(are_judged);
    for cause in judged {
        assert_eq!(cause.await.unwrap(), RateLimitCause::Shared);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cap_is_counted_once_slot_0_has_a_token_that_lives() {
    let cloud = FakeCloud::new(Limits { active_tokens: 4, ..Limits::default() });
    let pool = start_pool(&cloud, PoolSettings::default());
    for slot in 1..6 {
        pool.grow_in_background(slot);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let now = pool.run.clock.read();
    let refused: Vec<_> = pool.state().members[..2]
        .iter_mut()
        .map(|member| AcquiredToken::of(member, member.source.peek(), &now))
        .collect();
    for token in refused.iter().rev() {
        assert!(pool.is_worth_replacing(token).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(pool.state().active_cap.get(&now), Some(4));
    // Another token had to go for slot 0, which other commands share.
    let slots: Vec<_> = pool.status(&now).iter().map(|token| token.slot).collect();
    assert_eq!(slots, [0, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn the_pool_does_not_grow_while_its_valid_tokens_are_counted() {
    let cloud = FakeCloud::new(Limits::default());
    let settings = PoolSettings { rate_wait: Duration::from_secs(600), ..PoolSettings::default() };
    let pool = start_pool(&cloud, settings);
    pool.state().active_cap.try_begin_count();
    let outcome = run(&pool, &cloud, PATH, 1_000, 10).await;
    assert_eq!((outcome.ok, pool.state().members.len()), (1_000, 1), "{outcome:?}");
}
