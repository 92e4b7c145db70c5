//! `revoke` with a store: a revoked token is in neither, and a token of the store alone is
//! revoked as well.

use super::Fleet;
use crate::common::cloud::accepts;
use crate::common::slot::mint_into_slot;

#[test]
fn a_revoked_token_is_evicted_from_the_store_as_well() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        let token = machine.run(&["get"]).token().to_owned();
        assert_eq!(machine.run(&["revoke"]).succeeded(), "revoked 1 token\n");
        assert!(!accepts(&fleet.cloud, &token));
        let next = fleet.machine().run(&["get"]).token().to_owned();
        assert_ne!(next, token);
        assert!(accepts(&fleet.cloud, &next));
    });
}

#[test]
fn tokens_that_only_the_store_has_are_revoked() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        machine.run(&["get"]).token();
        mint_into_slot(4, &machine, &fleet.cloud);
        let stranger = fleet.machine().set("GC_TOKEN_SCOPE", "another");
        let other = stranger.run(&["get"]).token().to_owned();
        let elsewhere = fleet.machine();
        assert_eq!(elsewhere.run(&["revoke"]).succeeded(), "revoked 2 tokens\n");
        assert_eq!(fleet.cloud.tokens(), [other]);
        let nothing = "no token is cached, and none is in the store\n";
        assert_eq!(elsewhere.run(&["revoke"]).succeeded(), nothing);
        assert_eq!(
            fleet.machine().run(&["revoke", "--no-store"]).succeeded(),
            "no token is cached\n"
        );
    });
}

#[test]
fn a_store_that_cannot_be_read_is_a_failure_after_the_cached_token_is_revoked() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        machine.run(&["get"]).token();
        let cloud = fleet.cloud;
        drop(fleet.store);
        let finished = machine.run(&["revoke"]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(5), ""), "{finished:#?}");
        assert!(finished.stderr.contains("revoked 1 token\n"), "{finished:#?}");
        assert!(finished.stderr.contains(" the store "), "{finished:#?}");
        assert_eq!(cloud.tokens(), [""; 0]);
    });
}
