//! Each command that gets a token takes the one that another machine has put into the store.

use gc_token::internals::sandbox::SandboxConfig;

use super::Fleet;
use crate::common::cloud::accepts;
use crate::common::slot::mint_into_slot;
use crate::common::terraform::Tool;
use crate::gateway::rig::Front;
use crate::provider::rig::{Rig, USES};

#[test]
fn get_env_exec_and_external_take_the_token_of_another_machine() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let token = fleet.machine().run(&["get"]).token().to_owned();
    assert_eq!(fleet.machine().run(&["get"]).token(), token);
    let env = fleet.machine().run(&["env"]);
    assert!(env.succeeded().contains(&token), "env minted another token");
    let machine = fleet.machine();
    let script = "printf %s \"$GENESYSCLOUD_ACCESS_TOKEN\" > token";
    machine.run(&["exec", "--", "sh", "-c", script]).succeeded();
    assert_eq!(std::fs::read_to_string(machine.home().join("token")).unwrap(), token);
    // Terraform's query names the store.
    let query = format!("{{\"store\": \"{}\"}}", fleet.redis.plain_location());
    let answer = fleet.machine_without_store().run_on(&["external"], query.as_bytes());
    assert!(answer.succeeded().contains(&token), "external minted another token");
    assert_eq!(fleet.cloud.counters().mints, 1);
}

#[test]
fn the_slots_of_a_gateways_pool_are_shared() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let token = fleet.machine().run(&["get"]).token().to_owned();
    let front = Front::start(fleet.machine(), &[]);
    assert_eq!(front.token, token);
    let (one, other) = (fleet.machine(), fleet.machine());
    let second = mint_into_slot(1, &one, &fleet.cloud);
    assert_eq!(mint_into_slot(1, &other, &fleet.cloud), second);
    assert_ne!(second, token);
    assert_eq!((fleet.cloud.counters().mints, fleet.redis.records().len()), (2, 2));
}

#[test]
fn tokens_that_are_revoked_at_the_end_are_not_shared() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let shared = fleet.machine().run(&["get"]).token().to_owned();
    let exec = |runner: &crate::common::runner::Runner, flags: &[&str]| {
        runner.run(&[&["exec", "--revoke"], flags, &["--", "true"]].concat())
    };
    let quiet = exec(&fleet.machine(), &[]);
    assert_eq!((quiet.succeeded(), &*quiet.stderr), ("", ""));
    let location = fleet.redis.plain_location();
    let told = exec(&fleet.machine_without_store(), &["--store", &location]);
    let warning = "gc-token: warning: --store has no effect beside --revoke: tokens that are revoked are \
                   not shared\n";
    assert_eq!((told.succeeded(), &*told.stderr), ("", warning));
    assert!(accepts(&fleet.cloud, &shared));
    assert_eq!(fleet.machine().run(&["get"]).token(), shared);
    assert_eq!((fleet.cloud.counters().mints, fleet.redis.records().len()), (3, 1));
}

#[test]
fn the_provider_takes_the_store_from_its_block() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let arguments = format!("store = {:?}", fleet.redis.plain_location());
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), &arguments, USES) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert_eq!(fleet.redis.records().len(), 1);
    let mints = rig.cloud.counters().mints;
    assert_eq!(mints, 1);
    // On another machine, which has no cache.
    std::fs::remove_dir_all(rig.terraform.home().join(".cache/gc-token")).unwrap();
    rig.terraform.ok(&["apply", "-auto-approve", "-replace=terraform_data.uses"]);
    assert_eq!(rig.cloud.counters().mints, 1);
    // A token that is revoked is another, and is not shared.
    rig.change(&format!("{arguments}\nrevoke_on_close = true"), USES);
    rig.terraform.ok(&["apply", "-auto-approve", "-replace=terraform_data.uses"]);
    assert!(rig.cloud.counters().mints > 1);
    assert_eq!(rig.cloud.tokens().len(), 1, "the shared one, which is not revoked");
    assert_eq!(fleet.redis.records().len(), 1);
}

#[test]
fn a_store_that_is_stopped_costs_a_warning_or_the_run() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let location = fleet.redis.plain_location();
    drop(fleet.redis);
    let machine = crate::common::runner::Runner::of(&fleet.cloud).set("GC_TOKEN_STORE", &location);
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
}
