//! The provider with a store.

use gc_token::internals::sandbox::SandboxConfig;

use super::Fleet;
use crate::common::shared_store::SharedStore;
use crate::common::terraform::Tool;
use crate::provider::rig::{Rig, USES};

#[test]
fn the_provider_takes_the_store_from_its_block() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let arguments = format!("store = {:?}", fleet.store.location());
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), &arguments, USES) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert_eq!(fleet.store.records().len(), 1);
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
    assert_eq!(fleet.store.records().len(), 1);
}
