//! `terraform install`: where the provider is put, and what becomes of older installations.

use std::fs;

use gc_token::internals::terraform::LOCAL_SOURCE;

use crate::common::runner::Runner;

#[test]
fn an_installation_under_an_address_that_anybody_could_register_is_told() {
    let runner = Runner::bare();
    let old = ".terraform.d/plugins/registry.terraform.io/gc-token/gctoken";
    fs::create_dir_all(runner.home().join(old)).unwrap();
    let installed = runner.run(&["terraform", "install"]);
    let warning = format!(
        "gc-token: warning: HOME/{old} holds an older version, under an address that anybody could \
         register; set the source to {LOCAL_SOURCE}, then remove that directory\n"
    );
    assert_eq!(installed.stderr, warning);
    assert!(installed.succeeded().contains(&format!("source  = \"{LOCAL_SOURCE}\"")));
    assert!(runner.home().join(old).exists(), "old configurations would ask the registry");
}
