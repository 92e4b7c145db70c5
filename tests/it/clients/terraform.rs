//! Terraform, started by `gc-token exec`: an apply that outlives its token,
//! and the examples that call gc-token themselves.
//!
//! In place of the vendor's provider, which comes from the Terraform registry
//! alone, stands one that is built from `tests/clients/genesyscloud`.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Fault, Faults, Sandbox, SandboxConfig};
use jiff::SignedDuration;

use crate::clients::client::installed;
use crate::clients::rig::{REGION, WAYS, Way, short_lived};
use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::example::{block, path};
use crate::common::terraform::{Output, Running, Workspace};
use crate::provider::search;

/// The first line with a `gateway` block, and recognisably not a real version.
const VERSION: &str = "1.53.99";

const SKILLS: u64 = 12;

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
        let cloud = cloud(SandboxConfig { api_faults: slow(), ..short_lived() });
        let mut terraform = with_stand_in(&configuration(way))?;
        point_at(&cloud, &mut terraform);
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
            // In the words of the stand-in, or of the vendor's provider.
            let refused = ["401 Unauthorized", "401 - Expired credentials"];
            assert!(refused.iter().any(|words| said.stderr.contains(words)), "{said:#?}");
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

fn assert_applied(way: Way, said: &Output, cloud: &Sandbox) {
    assert!(said.status.success(), "{way:?}: {said:#?}");
    let added = format!("Resources: {SKILLS} added");
    assert!(said.stdout.contains(&added), "{way:?}: {said:#?}");
    // One that was made twice would be there twice.
    assert_eq!(skills(cloud), SKILLS, "{way:?}");
    assert!(cloud.counters().mints > 1, "{way:?}: one token for all of it");
}

/// An API that takes a second for each call: an apply takes twice as long as a
/// token lives.
fn slow() -> Vec<Fault> {
    "1000*slow:1s".parse::<Faults>().unwrap().0
}

/// Returns the number of skills. From then on nothing is slow, and no token expires.
pub(crate) fn skills(cloud: &Sandbox) -> u64 {
    cloud.change(ConfigChange {
        api_offset: Some(SignedDuration::from_hours(-1)),
        api_faults: Some(Vec::new()),
        ..ConfigChange::default()
    });
    let host = cloud.api_url().replace("http://", "");
    let mut api = TcpStream::connect(host).unwrap();
    let token = cloud.tokens().pop().unwrap();
    let fields = format!("Host: api\r\nConnection: close\r\nAuthorization: Bearer {token}");
    write!(api, "GET /api/v2/routing/skills HTTP/1.1\r\n{fields}\r\n\r\n").unwrap();
    let answer = std::io::read_to_string(api).unwrap();
    let json: serde_json::Value = serde_json::from_str(answer.lines().last().unwrap()).unwrap();
    json["total"].as_u64().unwrap()
}

/// A workspace in which the stand-in is the vendor's provider.
fn with_stand_in(main: &str) -> Option<Workspace> {
    let provider = installed("GC_TOKEN_TEST_GENESYSCLOUD", "terraform-provider-genesyscloud")?;
    let terraform = Workspace::new(main)?;
    terraform.install("registry.terraform.io/mypurecloud/genesyscloud", VERSION, &provider, "");
    Some(terraform)
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
    terraform.set("GENESYSCLOUD_GATEWAY_PATH_NAME", "api");
    terraform.set("GENESYSCLOUD_GATEWAY_PATH_VALUE", "/");
}

/// The provider gets neither a token nor the secret, and requests tokens itself.
#[test]
fn a_provider_with_credentials_of_its_own_costs_one_mint() {
    let cloud = cloud(SandboxConfig::default());
    let Some(mut terraform) = with_stand_in(&text("long-apply", "main.tf")) else {
        return;
    };
    point_at(&cloud, &mut terraform);
    let metrics = terraform.base().join("metrics");
    let flags = [
        "--gateway",
        "--set=GENESYSCLOUD_ACCESS_TOKEN=",
        "--set=GENESYSCLOUD_OAUTHCLIENT_SECRET=none",
        &format!("--metrics-file={}", metrics.display()),
    ];
    start_by_exec(&mut terraform, &flags);
    terraform.ok(&["init"]);
    terraform.ok(&["apply", "-auto-approve"]);
    let counters = fs::read_to_string(metrics).unwrap();
    // One for itself and one for its pool, at the plan and at the apply.
    assert!(counters.contains("\ngc_token_tokens_issued_total 4\n"), "{counters}");
    assert_eq!(cloud.counters().mints, 1);
}

/// Its commands, with the stand-in in place of the vendor's provider.
#[test]
fn the_long_applys_readme_works() {
    let readme = text("long-apply", "README.md");
    let Some(terraform) = with_stand_in(&text("long-apply", "main.tf")) else {
        return;
    };
    let clean_up = r#"trap 'kill "${sandbox:-}" 2>/dev/null || :' EXIT"#;
    let commands = block(&readme, "sh", "gc-token sandbox");
    let script = terraform.script("readme.sh", &format!("set -eu\n{clean_up}\n{commands}"));
    let output = std::process::Command::new(script)
        .current_dir(terraform.dir())
        .env_clear()
        .env("PATH", path())
        .env("HOME", terraform.home())
        .env("TMPDIR", terraform.tmp())
        .env("TF_CLI_CONFIG_FILE", terraform.base().join("terraformrc"))
        .env("TF_CLI_ARGS", "-no-color")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("Apply complete! Resources: 10 added"), "{said}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(" tokens renewed"), "{output:?}");
    assert!(said.contains("Destroy complete! Resources: 10 destroyed"), "{said}");
}

#[test]
fn the_long_applys_block_is_the_one_of_its_readme() {
    let readme = text("long-apply", "README.md");
    let shown = block(&readme, "hcl", "provider \"genesyscloud\"");
    let Some(terraform) = Workspace::new(&text("long-apply", "main.tf")) else {
        return;
    };
    terraform.write("provider.tf", &shown);
    terraform.ok(&["fmt", "-check", "-diff"]);
    let used = text("long-apply", "main.tf");
    let bare = |text: &str| -> String {
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        code.map(|line| format!("{line}\n")).collect()
    };
    assert!(bare(&used).contains(&bare(&shown)), "{shown}");
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
    let cloud =
        cloud(SandboxConfig { lifetime: Duration::from_secs(3600), ..SandboxConfig::default() });
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

/// Asserts that no token and no client secret is left in the state, the output, the trace log
/// or the cache.
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
    terraform.set("PATH", &path());
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
