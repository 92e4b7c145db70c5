//! Several gateways in one configuration.

use std::collections::BTreeSet;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::rig::{assert_closed, call, without_vendor};
use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::terraform::Tool;

#[test]
fn two_organizations_have_a_gateway_each() {
    let blocks = call("one", "profile = \"one\"", "") + &call("two", "profile = \"two\"", "");
    let Some(mut rig) = without_vendor(Tool::Terraform, SandboxConfig::default(), &blocks) else {
        return;
    };
    let other = cloud(SandboxConfig::default());
    for name in ["LOGIN_URL", "API_URL"] {
        rig.terraform.set(&format!("GC_TOKEN_{name}"), "");
    }
    let profiles = [("one", &rig.cloud), ("two", &other)].map(|(name, cloud)| profile(name, cloud));
    let config = rig.terraform.home().join(".config/gc-token");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), profiles.concat()).unwrap();
    rig.terraform.ok(&["apply", "-auto-approve"]);
    for name in ["one", "two"] {
        assert!(rig.read(&format!("{name}/me.json")).contains("OAuthClient"));
        assert_closed(&rig, name);
    }
    let ports: BTreeSet<_> = ["one/port", "two/port"].map(|file| rig.read(file)).into();
    let headers: BTreeSet<_> = ["one/header", "two/header"].map(|file| rig.read(file)).into();
    assert_eq!((ports.len(), headers.len()), (2, 2));
    for cloud in [&rig.cloud, &other] {
        assert_eq!(cloud.counters().mints, 1);
        assert_eq!(cloud.counters().refusals, 0);
    }
    rig.assert_nothing_is_left();
}

fn profile(name: &str, cloud: &Sandbox) -> String {
    let (login, api) = (cloud.login_url(), cloud.api_url());
    format!(
        "[{name}]\nlogin_url = \"{login}\"\napi_url = \"{api}\"\nclient_id = \"{CLIENT}\"\n\
         client_secret = \"{SECRET}\"\n"
    )
}

#[test]
fn one_resource_may_be_opened_several_times() {
    let blocks = call("one", "count = 2", "")
        .replace("gctoken_gateway.one.", "gctoken_gateway.one[0].")
        + &call("two", "", "").replace("gctoken_gateway.two.", "gctoken_gateway.one[1].");
    let Some(rig) = without_vendor(Tool::Terraform, SandboxConfig::default(), &blocks) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert_ne!(rig.read("one/port"), rig.read("two/port"));
    for name in ["one", "two"] {
        assert!(rig.read(&format!("{name}/me.json")).contains("OAuthClient"));
        assert_closed(&rig, name);
    }
    assert_eq!(rig.cloud.counters().mints, 1);
    rig.assert_nothing_is_left();
}
