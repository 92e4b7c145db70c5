//! Each command that gets a token takes the one that another machine has put into the store.

use super::Fleet;
use crate::common::cloud::accepts;
use crate::common::runner::Runner;
use crate::common::servers::shared_store::SharedStore;
use crate::gateway::rig::Front;

#[test]
fn get_env_exec_and_external_take_the_token_of_another_machine() {
    Fleet::with_each(|fleet| {
        let token = fleet.machine().run(&["get"]).token().to_owned();
        assert_eq!(fleet.machine().run(&["get"]).token(), token);
        let env = fleet.machine().run(&["env"]);
        assert!(env.succeeded().contains(&token), "env minted another token");
        let machine = fleet.machine();
        let script = "printf %s \"$GENESYSCLOUD_ACCESS_TOKEN\" > token";
        machine.run(&["exec", "--", "sh", "-c", script]).succeeded();
        assert_eq!(std::fs::read_to_string(machine.home().join("token")).unwrap(), token);
        // Terraform's query names the store.
        let query = format!("{{\"store\": \"{}\"}}", fleet.store.location());
        let answer = fleet.machine_without_store().run_on(&["external"], query.as_bytes());
        assert!(answer.succeeded().contains(&token), "external minted another token");
        assert_eq!(fleet.cloud.counters().mints, 1);
    });
}

#[test]
fn a_token_that_the_api_refuses_is_replaced_for_all_machines() {
    Fleet::with_each(|fleet| {
        let (one, other) = (fleet.machine(), fleet.machine());
        let dead = one.run(&["get"]).token().to_owned();
        assert_eq!(other.run(&["get"]).token(), dead);
        fleet.machine().run(&["exec", "--revoke", "--no-store", "--", "true"]).succeeded();
        assert!(accepts(&fleet.cloud, &dead), "that run has revoked its own token");
        fleet.cloud.revoke_all();
        let again = fleet.machine().run(&["get", "--verify=always"]);
        let token = again.succeeded().trim_end().to_owned();
        assert!(token != dead && accepts(&fleet.cloud, &token));
        assert_eq!(fleet.machine().run(&["get"]).token(), token);
    });
}

#[test]
fn tokens_that_are_revoked_at_the_end_are_not_shared() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let shared = fleet.machine().run(&["get"]).token().to_owned();
    let exec = |runner: &Runner, flags: &[&str]| {
        runner.run(&[&["exec", "--revoke"], flags, &["--", "true"]].concat())
    };
    let location = fleet.store.location();
    let config = ".config/gc-token/config.toml";
    let profile = fleet
        .machine_without_store()
        .with_file(config, &format!("[default]\nstore = {location:?}"));
    for (machine, flags, store) in [
        (fleet.machine_without_store(), &["--store", &location][..], "--store"),
        (fleet.machine(), &[], "GC_TOKEN_STORE"),
        (profile, &[], "store of profile \"default\" in HOME/.config/gc-token/config.toml"),
    ] {
        let warning = format!(
            "gc-token: warning: {store} has no effect beside --revoke: tokens that are revoked are \
             not shared\n"
        );
        let told = exec(&machine, flags);
        assert_eq!((told.succeeded(), &*told.stderr), ("", &*warning));
    }
    let without = exec(&fleet.machine(), &["--no-store"]);
    assert_eq!((without.succeeded(), &*without.stderr), ("", ""));
    assert!(accepts(&fleet.cloud, &shared));
    assert_eq!(fleet.machine().run(&["get"]).token(), shared);
    assert_eq!((fleet.cloud.counters().mints, fleet.store.records().len()), (5, 1));
    assert_eq!((fleet.cloud.counters().revocations, fleet.cloud.tokens().len()), (4, 1));
}

#[test]
fn a_store_that_is_required_and_a_token_that_is_revoked_exclude_each_other() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let required = fleet.machine().set("GC_TOKEN_STORE_REQUIRED", "1");
    for command in [&["exec", "--revoke", "--", "true"][..], &["gateway", "--revoke"]] {
        let refused = required.run(command);
        assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
        let message = "gc-token: error: --revoke: tokens that are revoked are not shared, and \
                       GC_TOKEN_STORE_REQUIRED forbids to mint without the store\n";
        assert!(refused.stderr.starts_with(message), "{refused:#?}");
    }
    assert_eq!(fleet.cloud.counters().mints, 0);
    required.run(&["exec", "--revoke", "--no-store", "--", "true"]).succeeded();
}

#[test]
fn a_gateway_that_revokes_at_its_end_leaves_the_shared_tokens_alone() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let shared = fleet.machine().run(&["get"]).token().to_owned();
    let front = Front::start(fleet.machine(), &["--revoke"]);
    assert_ne!(front.token, shared);
    let finished = front.finish();
    let warning = "GC_TOKEN_STORE has no effect beside --revoke";
    assert!(finished.stderr.contains(warning), "{finished:#?}");
    assert_eq!((fleet.cloud.tokens(), fleet.store.records().len()), (vec![shared], 1));
}

#[test]
fn a_store_that_is_stopped_costs_a_warning_or_the_run() {
    Fleet::with_each(|fleet| {
        let location = fleet.store.shown_location();
        let machine = fleet.machine().unset("GC_TOKEN_STORE_TIMEOUT");
        drop(fleet.store);
        let required = machine.run(&["get", "--store-required"]);
        assert_eq!((required.status.code(), &*required.stdout), (Some(5), ""), "{required:#?}");
        let named = format!("store {location} from GC_TOKEN_STORE");
        assert!(required.stderr.contains(&named), "{required:#?}");
        assert!(!required.stderr.contains("LOGIN"), "it names the issuer: {required:#?}");
        assert_eq!(fleet.cloud.counters().mints, 0);
        let warned = machine.run(&["get"]);
        warned.succeeded();
        assert!(warned.stderr.contains("minting for this machine alone"), "{warned:#?}");
        assert_eq!(machine.run(&["get", "--no-store", "--force-refresh"]).stderr, "");
    });
}
