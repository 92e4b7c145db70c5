//! `revoke` with a store: a revoked token is in neither, and a token of the store alone is
//! revoked as well.

use gc_token::internals::sandbox::ConfigChange;

use super::Fleet;
use crate::common::cloud::accepts;
use crate::common::servers::shared_store::SharedStore;
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
fn nothing_is_revoked_if_the_store_cannot_be_read() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        let token = machine.run(&["get"]).token().to_owned();
        let cloud = fleet.cloud;
        drop(fleet.store);
        let finished = machine.run(&["revoke"]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(5), ""), "{finished:#?}");
        assert!(finished.stderr.contains("nothing is revoked: the store "), "{finished:#?}");
        assert_eq!(cloud.tokens(), [token]);
        assert_eq!(machine.run(&["revoke", "--no-store"]).succeeded(), "revoked 1 token\n");
    });
}

#[test]
fn nothing_is_revoked_with_a_right_to_read_alone() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else { return };
    let SharedStore::Redis(redis) = &fleet.store else { unreachable!() };
    let machine = fleet.machine();
    let token = machine.run(&["get"]).token().to_owned();
    redis.set(&["ACL", "SETUSER", "default", "-set"]);
    for machine in [&machine, &fleet.machine()] {
        let finished = machine.run(&["revoke"]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(3), ""), "{finished:#?}");
        assert!(finished.stderr.contains("nothing is revoked: the store "), "{finished:#?}");
        assert!(finished.stderr.contains("does not allow the command SET"), "{finished:#?}");
    }
    assert_eq!(fleet.cloud.tokens(), [&*token]);
    assert_eq!(fleet.machine().run(&["get"]).token(), token, "it is still in the store");
    redis.set(&["ACL", "SETUSER", "default", "resetpass", ">other"]);
    let finished = fleet.machine().set("GC_TOKEN_STORE_PASSWORD", "wrong").run(&["revoke"]);
    assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
    assert_eq!(fleet.cloud.tokens(), [token]);
}

#[test]
fn a_token_that_could_not_be_revoked_stays_in_the_store() {
    Fleet::with_all(|fleet| {
        let token = fleet.machine().run(&["get"]).token().to_owned();
        let faults = |count| Some(vec!["503".parse().unwrap(); count]);
        fleet.cloud.change(ConfigChange { api_faults: faults(9), ..ConfigChange::default() });
        let elsewhere = fleet.machine();
        let finished = elsewhere.run(&["revoke"]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(5), ""), "{finished:#?}");
        assert!(finished.stderr.contains("the token is still in the store, so"), "{finished:#?}");
        fleet.cloud.change(ConfigChange { api_faults: faults(0), ..ConfigChange::default() });
        assert_eq!(fleet.machine().run(&["get"]).token(), token);
        assert_eq!(fleet.machine().run(&["revoke"]).succeeded(), "revoked 1 token\n");
        assert!(!accepts(&fleet.cloud, &token));
    });
}

#[test]
fn a_shared_token_is_not_revoked_by_a_step_that_has_forgotten_the_store() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else { return };
    let machine = fleet.machine();
    let token = machine.run(&["get"]).token().to_owned();
    let machine = machine.unset("GC_TOKEN_STORE");
    let finished = machine.run(&["revoke"]);
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(3), ""), "{finished:#?}");
    let message = "the cached token is shared with other machines, and no store is set";
    assert!(finished.stderr.contains(message), "{finished:#?}");
    assert_eq!(fleet.cloud.tokens(), [token]);
    assert_eq!(machine.run(&["revoke", "--no-store"]).succeeded(), "revoked 1 token\n");
    machine.run(&["get"]).token();
    assert_eq!(machine.run(&["revoke"]).succeeded(), "revoked 1 token\n", "it is its own");
}
