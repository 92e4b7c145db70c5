//! The figures that the pool has to reach where the API limits each token to 300 calls in a
//! minute, and 10 workers make 140 calls a second.

use std::time::Duration;

use super::cloud::{FakeCloud, LIMITED_PATH, Limits};
use super::simulation::{run, start_pool};
use crate::config::{PoolSettings, RequestRate};

const PATH: &str = "/api/v2/routing/queues";

fn patient() -> PoolSettings {
    PoolSettings { rate_wait: Duration::from_secs(70), ..PoolSettings::default() }
}

#[tokio::test(start_paused = true)]
async fn a_small_run_takes_one_token() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    let outcome = run(&pool, &cloud, PATH, 250, 10).await;
    assert_eq!((outcome.ok, cloud.mints(), cloud.refused_calls()), (250, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_take_four_tokens_and_as_long_as_without_a_limit() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings::default());
    let outcome = run(&pool, &cloud, PATH, 1_000, 10).await;
    assert_eq!((outcome.ok, outcome.rate_limited), (1_000, 0));
    assert!(cloud.mints() <= 4, "{} mints", cloud.mints());
    assert!(cloud.refused_calls() <= 10, "{} refused", cloud.refused_calls());
    // 1,000 calls by 10 workers.
    assert!(outcome.time <= Duration::from_secs(7) * 13 / 10, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_take_ten_tokens_and_three_minutes() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, patient());
    let outcome = run(&pool, &cloud, PATH, 10_000, 10).await;
    assert_eq!((outcome.ok, cloud.mints()), (10_000, 10));
    assert!(outcome.time <= Duration::from_secs(200), "{outcome:?}");
    assert!(cloud.refused_calls() <= 100, "{} refused", cloud.refused_calls());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_for_longer_than_asked_for() {
    let cloud = FakeCloud::new(Limits::default());
    let settings = PoolSettings { tokens: 1, ..PoolSettings::default() };
    let pool = start_pool(&cloud, settings);
    let outcome = run(&pool, &cloud, PATH, 400, 50).await;
    assert_eq!(outcome.ok + outcome.rate_limited, 400);
    assert!(outcome.rate_limited > 0 && cloud.calls() <= 310, "{outcome:?}");
    assert!(outcome.longest_call <= Duration::from_secs(11), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn no_request_fails_because_mints_are_limited() {
    let cloud = FakeCloud::new(Limits { mints: 2, ..Limits::default() });
    let pool = start_pool(&cloud, patient());
    let outcome = run(&pool, &cloud, PATH, 2_000, 10).await;
    assert_eq!(outcome.ok, 2_000, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn no_request_fails_because_active_tokens_are_limited() {
    for active_tokens in [1, 3] {
        let cloud = FakeCloud::new(Limits { active_tokens, ..Limits::default() });
        let pool = start_pool(&cloud, patient());
        let outcome = run(&pool, &cloud, PATH, 3_000, 10).await;
        assert_eq!(outcome.ok, 3_000, "{outcome:?} with {active_tokens}");
        assert_eq!(pool.state().members.len(), active_tokens);
        assert!(cloud.mints() <= 20, "{} mints with {active_tokens}", cloud.mints());
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_path_is_passed_on_and_grows_nothing() {
    let cloud = FakeCloud::new(Limits { path: 20, ..Limits::default() });
    let pool = start_pool(&cloud, PoolSettings::default());
    let limited = run(&pool, &cloud, LIMITED_PATH, 60, 10).await;
    assert_eq!((limited.ok, limited.rate_limited), (20, 40));
    // The verification of the token, and one call that asks for the cause.
    assert_eq!((cloud.calls(), cloud.mints()), (62, 1));
    assert!(limited.longest_call <= Duration::from_millis(80), "{limited:?}");
    let other = run(&pool, &cloud, PATH, 100, 10).await;
    assert_eq!((other.ok, cloud.mints()), (100, 1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_organization_is_passed_on_after_one_further_token() {
    let cloud = FakeCloud::new(Limits { organization: 50, ..Limits::default() });
    let pool = start_pool(&cloud, PoolSettings::default());
    let limited = run(&pool, &cloud, PATH, 100, 10).await;
    assert_eq!((limited.ok, limited.rate_limited), (49, 51));
    assert_eq!(cloud.mints(), 2);
    let calls = cloud.calls();
    let other = run(&pool, &cloud, "/api/v2/users", 100, 10).await;
    assert_eq!(other.rate_limited, 100);
    assert_eq!((cloud.calls() - calls, cloud.mints()), (100, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_near_the_rate_is_the_tokens_without_a_question() {
    let cloud = FakeCloud::new(Limits::default());
    let pool = start_pool(&cloud, PoolSettings { tokens: 1, ..patient() });
    let outcome = run(&pool, &cloud, PATH, 310, 1).await;
    assert_eq!((outcome.ok, cloud.refused_calls()), (310, 1));
    // The verification of the token, and the call that was refused.
    assert_eq!(cloud.calls(), 312);
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_was_found_is_forgotten_with_a_refusal() {
    let cloud = FakeCloud::new(Limits { calls: 450, ..Limits::default() });
    let pool = start_pool(&cloud, PoolSettings { tokens: 1, ..patient() });
    run(&pool, &cloud, PATH, 400, 1).await;
    assert_eq!(pool.state().rate, Some(600));
    let outcome = run(&pool, &cloud, PATH, 100, 1).await;
    assert_eq!((outcome.ok, pool.state().rate), (100, Some(300)));
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_their_tokens() {
    let cloud = FakeCloud::new(Limits::default());
    let one = start_pool(&cloud, patient());
    let other = start_pool(&cloud, patient());
    let first = run(&one, &cloud, PATH, 1_000, 10).await;
    // The other one finds tokens in the cache that are used up.
    let second = run(&other, &cloud, PATH, 1_000, 10).await;
    assert_eq!((first.ok, second.ok), (1_000, 1_000), "{second:?}");
    assert!(cloud.mints() <= 8, "{} mints", cloud.mints());
    assert!(cloud.refused_calls() <= 80, "{} refused", cloud.refused_calls());
    let both =
        tokio::join!(run(&one, &cloud, PATH, 1_000, 10), run(&other, &cloud, PATH, 1_000, 10));
    assert_eq!((both.0.ok, both.1.ok), (1_000, 1_000), "{both:?}");
    assert!(cloud.mints() <= 10, "{} mints", cloud.mints());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_rate_is_found_by_its_refusals() {
    let cloud = FakeCloud::new(Limits::default());
    let settings = PoolSettings { rate: RequestRate::Unknown, ..patient() };
    let pool = start_pool(&cloud, settings);
    let outcome = run(&pool, &cloud, PATH, 1_000, 10).await;
    assert_eq!(outcome.ok, 1_000, "{outcome:?}");
    assert!(cloud.mints() <= 4, "{} mints", cloud.mints());
}

#[tokio::test(start_paused = true)]
async fn an_api_that_takes_more_than_configured_is_not_slowed_down() {
    let cloud = FakeCloud::new(Limits { calls: u32::MAX, ..Limits::default() });
    let settings = PoolSettings { tokens: 1, ..PoolSettings::default() };
    let pool = start_pool(&cloud, settings);
    let outcome = run(&pool, &cloud, PATH, 10_000, 10).await;
    assert_eq!((outcome.ok, cloud.mints()), (10_000, 1));
    assert!(outcome.time <= Duration::from_secs(72), "{outcome:?}");
}
