//! `revoke`: the cached tokens are revoked and evicted, and none is minted.

use std::sync::Arc;

use gc_token::internals::sandbox::{ConfigChange, SandboxConfig};

use crate::common::cloud::{accepts, cloud};
use crate::common::port::dead_port;
use crate::common::runner::Runner;
use crate::common::slot::mint_into_slot;

#[test]
fn the_cached_token_is_revoked_and_evicted() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let token = runner.run(&["get"]).token().to_owned();
    let finished = runner.run(&["revoke"]);
    assert_eq!((finished.succeeded(), &*finished.stderr), ("revoked 1 token\n", ""));
    assert!(!accepts(&cloud, &token));
    assert_eq!((cloud.counters().mints, cloud.counters().revocations), (1, 1));
    assert_eq!(runner.run(&["cache", "list"]).succeeded(), "");
    let next = runner.run(&["get"]).token().to_owned();
    assert_ne!(next, token);
    assert!(accepts(&cloud, &next));
}

#[test]
fn without_a_cached_token_there_is_nothing_to_do() {
    let cloud = cloud(SandboxConfig::default());
    let runner =
        Runner::of(&cloud).set("GC_TOKEN_API_URL", format!("http://127.0.0.1:{}", dead_port()));
    assert_eq!(runner.run(&["revoke"]).succeeded(), "no token is cached\n");
    let told = "no token is cached: caching is off, from --no-cache\n";
    assert_eq!(runner.run(&["revoke", "--no-cache"]).succeeded(), told);
    // Nor is the token of another client one of these.
    runner.run(&["get", "--verify=never"]).token();
    let finished = runner.run(&["revoke", "--client-id=another"]);
    assert_eq!(finished.succeeded(), "no token is cached\n");
    assert_eq!(cloud.counters().token_requests, 1);
}

#[test]
fn a_token_that_the_api_refuses_already_is_evicted() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    cloud.revoke_all();
    assert_eq!(runner.run(&["revoke"]).succeeded(), "revoked 1 token\n");
    assert_eq!(runner.run(&["revoke"]).succeeded(), "no token is cached\n");
}

#[test]
fn all_slots_of_a_pool_are_revoked() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let tokens = [0, 1, 7].map(|slot| mint_into_slot(slot, &runner, &cloud));
    assert_eq!(runner.run(&["get"]).token(), tokens[0]);
    assert_eq!(runner.run(&["revoke"]).succeeded(), "revoked 3 tokens\n");
    assert_eq!(cloud.tokens(), [""; 0]);
    assert_eq!(runner.run(&["cache", "list"]).succeeded(), "");
    assert_eq!(cloud.counters().mints, 3);
}

#[test]
fn a_token_that_could_not_be_revoked_stays_for_another_attempt() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let token = runner.run(&["get"]).token().to_owned();
    mint_into_slot(1, &runner, &cloud);
    let away = format!("--api-url=http://127.0.0.1:{}", dead_port());
    let finished = runner.run(&["revoke", &away]);
    assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains("could not revoke the token at 127.0.0.1"), "{finished:#?}");
    assert!(finished.stderr.contains("(2 tokens)"), "{finished:#?}");
    assert!(finished.stderr.contains("still cached"), "{finished:#?}");
    assert_eq!(runner.run(&["get"]).token(), token);
    assert_eq!(runner.run(&["revoke"]).succeeded(), "revoked 2 tokens\n");
    assert_eq!(cloud.tokens(), [""; 0]);
}

/// As at the end of a pipeline whose run has just used up the calls of its token's minute.
#[test]
fn a_token_that_is_used_up_is_revoked_when_its_window_is_over() {
    let rate = "2/4s".parse().ok();
    let cloud = cloud(SandboxConfig { rate, ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "never");
    let token = runner.run(&["get"]).token().to_owned();
    for _ in 0..2 {
        assert!(accepts(&cloud, &token));
    }
    assert_eq!(runner.run(&["revoke", "--timeout=1s"]).succeeded(), "revoked 1 token\n");
    assert_eq!(cloud.tokens(), [""; 0]);
}

#[test]
fn a_token_under_another_secret_is_told_of_and_the_others_are_revoked() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let token = runner.run(&["get"]).token().to_owned();
    let rotated = "another-s3cret";
    cloud.change(ConfigChange { client_secret: Some(rotated.into()), ..ConfigChange::default() });
    let with_rotated = Runner::of(&cloud)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", rotated)
        .set("GC_TOKEN_CACHE_DIR", runner.cache());
    let finished = with_rotated.run(&["revoke"]);
    assert_eq!(finished.status.code(), Some(9), "{finished:#?}");
    assert!(finished.stderr.contains("cannot revoke the token in "), "{finished:#?}");
    assert!(finished.stderr.contains("it cannot be decrypted"), "{finished:#?}");
    assert!(accepts(&cloud, &token));
    assert_eq!(runner.run(&["revoke"]).succeeded(), "revoked 1 token\n");
}

#[test]
fn only_an_api_can_revoke() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).unset("GC_TOKEN_API_URL");
    let finished = runner.run(&["revoke"]);
    assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
    assert!(finished.stderr.contains("there is no API that could revoke tokens"), "{finished:#?}");
}

/// Nobody is left with a revoked token in the cache, whoever is first.
#[test]
fn processes_that_race_all_succeed() {
    let cloud = Arc::new(cloud(SandboxConfig::default()));
    let runner = Runner::of(&cloud);
    for _ in 0..5 {
        runner.run(&["get"]).token();
        let all: Vec<_> = (0..8)
            .map(|number| runner.start(if number % 4 == 3 { &["get"] } else { &["revoke"] }))
            .collect();
        for running in all {
            running.finish().succeeded();
        }
        let token = runner.run(&["get"]).token().to_owned();
        assert!(accepts(&cloud, &token));
    }
}
