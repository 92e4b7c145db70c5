//! Terraform, started by `gc-token exec`: an apply that outlives its token,
//! and the examples that call gc-token themselves.
//!
//! In place of the vendor's provider, which comes from the Terraform registry
//! alone, stands one that is built from `tests/clients/genesyscloud`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gc_token::sandbox::{Plan, Sandbox};
use gc_token::world::Environment;

use crate::client::installed;
use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::terraform::{Running, Said, Workspace};
use crate::rig::{REGION, WAYS, Way, short_lived};
use crate::search;

const SKILLS: u64 = 8;

#[test]
fn an_apply_outlives_its_token() {
    let applies: Option<Vec<_>> = WAYS.into_iter().map(Apply::begin).collect();
    for apply in applies.into_iter().flatten() {
        apply.end();
    }
}

/// The example `long-apply`, being applied.
struct Apply {
    way: Way,
    cloud: Sandbox,
    terraform: Workspace,
    running: Running,
}

impl Apply {
    /// `None` where a tool is missing, which has been said by then.
    fn begin(way: Way) -> Option<Apply> {
        let provider = installed("GC_TOKEN_TEST_GENESYSCLOUD", "terraform-provider-genesyscloud")?;
        let cloud = cloud(short_lived());
        let mut terraform = Workspace::new(&configuration(way))?;
        terraform.install(
            "registry.terraform.io/mypurecloud/genesyscloud",
            "1.53.99",
            &provider,
            "",
        );
        point_at(&cloud, &mut terraform);
        // Two for each token: an apply of 16 seconds.
        terraform.set("STAND_IN_PAUSE", "2s");
        let log = terraform.base().join("log");
        terraform.set("TF_LOG", "trace");
        terraform.set("TF_LOG_PATH", log.to_str().unwrap());
        match way {
            Way::Without => go_straight(&cloud, &mut terraform),
            Way::Gateway => start_by_exec(&mut terraform, &["--gateway"]),
            Way::Intercept => start_by_exec(&mut terraform, &["--intercept"]),
        }
        terraform.ok(&["init"]);
        let skills = format!("-var=skills={SKILLS}");
        let running = terraform.start(&["apply", "-auto-approve", "-parallelism=1", &skills]);
        Some(Apply { way, cloud, terraform, running })
    }

    fn end(self) {
        let Apply { way, cloud, terraform, running } = self;
        let said = running.wait();
        if way == Way::Without {
            assert!(!said.status.success(), "it has to fail, or it shows nothing: {said:#?}");
            assert!(said.stderr.contains("401 Unauthorized"), "{said:#?}");
            return;
        }
        assert_applied(way, &said, &cloud);
        let again =
            terraform.run(&["plan", "-detailed-exitcode", &format!("-var=skills={SKILLS}")]);
        assert_eq!(again.status.code(), Some(0), "{way:?}: a second plan is empty: {again:#?}");
        terraform.ok(&["destroy", "-auto-approve"]);
        assert_nothing_leaked(&terraform, &cloud);
    }
}

fn assert_applied(way: Way, said: &Said, cloud: &Sandbox) {
    assert!(said.status.success(), "{way:?}: {said:#?}");
    let added = format!("Resources: {SKILLS} added");
    assert!(said.stdout.contains(&added), "{way:?}: {said:#?}");
    let executed = cloud.counters().executed;
    assert_eq!(executed.len() as u64, SKILLS, "{way:?}: {executed:?}");
    assert!(executed.values().all(|times| *times == 1), "{way:?}: {executed:?}");
    assert!(cloud.counters().mints > 1, "{way:?}: one token for all of it");
}

/// Providers that are older than the `gateway` block take none.
fn configuration(way: Way) -> String {
    let main = text("long-apply", "main.tf");
    let start = main.find("  gateway {").expect("it has the block");
    let (before, block) = main.split_at(start);
    let after = block.split_once("\n  }\n").expect("the block ends").1;
    match way {
        Way::Intercept => format!("{before}{after}"),
        Way::Without | Way::Gateway => main,
    }
}

/// Without gc-token between the two: one token, and the API's own address.
fn go_straight(cloud: &Sandbox, terraform: &mut Workspace) {
    let token = std::process::Command::new(env!("CARGO_BIN_EXE_gc-token"))
        .arg("get")
        .env_clear()
        .env("HOME", terraform.home())
        .env("GC_TOKEN_LOGIN_URL", cloud.login_url())
        .env("GC_TOKEN_API_URL", cloud.api_url())
        .env("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT)
        .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    terraform.set("GENESYSCLOUD_ACCESS_TOKEN", token.trim_end());
    let api = cloud.api_url();
    let (host, port) = api["http://".len()..].split_once(':').unwrap();
    terraform.set("GENESYSCLOUD_GATEWAY_PROTOCOL", "http");
    terraform.set("GENESYSCLOUD_GATEWAY_HOST", host);
    terraform.set("GENESYSCLOUD_GATEWAY_PORT", port);
}

#[test]
fn the_external_example_reuses_the_token_of_exec() {
    for front in ["--gateway", "--intercept"] {
        let main = text("external", "main.tf");
        let Some(terraform) = Workspace::with_external(&main) else {
            return;
        };
        let planned = plan_and_apply(front, terraform);
        assert!(planned.contains("expires_at"), "{front}: {planned}");
    }
}

#[test]
fn the_ephemeral_example_reuses_the_token_of_exec() {
    for front in ["--gateway", "--intercept"] {
        let Some(terraform) = Workspace::new(&text("ephemeral", "main.tf")) else {
            return;
        };
        let installed = std::process::Command::new(env!("CARGO_BIN_EXE_gc-token"))
            .args(["terraform", "install", "--mirror"])
            .arg(terraform.base().join("mirror"))
            .env_clear()
            .output()
            .unwrap();
        assert!(installed.status.success(), "{installed:?}");
        let planned = plan_and_apply(front, terraform);
        assert!(planned.contains("terraform_data.who_am_i"), "{front}: {planned}");
    }
}

/// Init, plan and apply, each by an `exec` of its own; they and what Terraform
/// starts share one token. Returns what the plan said.
fn plan_and_apply(front: &str, mut terraform: Workspace) -> String {
    let cloud = cloud(Plan { lifetime: Duration::from_secs(3600), ..Plan::default() });
    point_at(&cloud, &mut terraform);
    // gc-token is called again inside, and has to open the cache.
    start_by_exec(&mut terraform, &[front, "--keep-secret"]);
    terraform.ok(&["init"]);
    let planned = terraform.ok(&["plan", "-out=saved"]);
    let applied = terraform.ok(&["apply", "saved"]);
    assert!(applied.contains("Apply complete!"), "{front}: {applied}");
    assert_eq!(cloud.counters().mints, 1, "{front}");
    planned
}

/// Neither a token nor the client secret in anything that is left: the state,
/// what was said, the trace log, the cache.
fn assert_nothing_leaked(terraform: &Workspace, cloud: &Sandbox) {
    let mut secrets = cloud.tokens();
    secrets.push(SECRET.to_owned());
    let found = search::holders(terraform.base(), &secrets);
    assert_eq!(found.unwrap_or_default(), Vec::<PathBuf>::new());
}

/// Has gc-token start Terraform, with these flags of `exec`.
fn start_by_exec(terraform: &mut Workspace, flags: &[&str]) {
    let start = [env!("CARGO_BIN_EXE_gc-token"), "exec"];
    terraform.wrap(&[&start, flags, &["--"]].concat());
    // Whatever is not of Genesys Cloud leads nowhere.
    terraform.set("HTTPS_PROXY", "http://127.0.0.1:9");
    terraform.set("NO_PROXY", "127.0.0.1");
}

/// Sets what points gc-token at the sandbox.
fn point_at(cloud: &Sandbox, terraform: &mut Workspace) {
    let gc_token = Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
    let path = Environment::Process.text("PATH").unwrap_or_default();
    terraform.set("PATH", &format!("{}:{path}", gc_token.display()));
    terraform.set("GENESYSCLOUD_REGION", REGION);
    terraform.set("GC_TOKEN_LOGIN_URL", &cloud.login_url());
    terraform.set("GC_TOKEN_API_URL", &cloud.api_url());
    terraform.set("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT);
    terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
}

fn text(example: &str, name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform-examples");
    fs::read_to_string(root.join(example).join(name)).unwrap()
}
