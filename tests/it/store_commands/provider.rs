//! The provider with a store.

use gc_token::internals::sandbox::SandboxConfig;

use super::Fleet;
use crate::common::servers::shared_store::SharedStore;
use crate::common::terraform::Tool;
use crate::provider::rig::{Rig, USES};

#[test]
fn the_provider_takes_the_store_from_its_block() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let arguments = format!("store = {:?}", fleet.store.location());
    let Some(mut rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), &arguments, USES)
    else {
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
    let said = rig.terraform.ok(&["apply", "-auto-approve", "-replace=terraform_data.uses"]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
    let warning = "attribute \"store\" has no effect beside attribute \"revoke_on_close\"";
    assert!(said.contains(warning), "{said}");
    assert!(rig.cloud.counters().mints > 1);
    assert_eq!(rig.cloud.tokens().len(), 1, "the shared one, which is not revoked");
    assert_eq!(fleet.store.records().len(), 1);
    let mints = rig.cloud.counters().mints;
    rig.terraform.set("GC_TOKEN_STORE_REQUIRED", "true");
    let refused = rig.terraform.run(&["apply", "-auto-approve"]);
    assert!(!refused.status.success(), "{refused:#?}");
    assert_eq!(rig.cloud.counters().mints, mints);
}
