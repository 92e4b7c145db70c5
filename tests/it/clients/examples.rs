//! The examples for other clients than Terraform: the commands of their
//! READMEs are run, and n8n's files are read.

use std::fs;
use std::path::{Path, PathBuf};

use gc_token::internals::context::Environment;
use serde_json::Value;

use crate::clients::client::python;
use crate::clients::rig::{REGION, short_lived};
use crate::common;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;

/// Runs the examples in parallel, because each mostly waits.
#[test]
fn the_readmes_commands_work() {
    let clouds = [(); 3].map(|()| cloud(short_lived()));
    let [alone, intercepted, unchanged] = &clouds;
    let curl = |runner: Runner, words: &str| {
        let script = block("curl", words).replace("poll.sh 10000", "poll.sh 24");
        (with_curl(runner), script, "24 calls, all of them good\n")
    };
    let sdk = |runner, script| (with_python(runner), script, "24 calls, 0 of them refused\n");
    let here = REGION;
    let runs = [
        curl(Runner::bare(), "gc-token sandbox"),
        curl(Runner::of(alone), "gc-token gateway"),
        curl(Runner::of(intercepted).set("GENESYSCLOUD_REGION", here), "--intercept"),
        sdk(Runner::bare(), block("python-sdk", "gc-token sandbox")),
        sdk(Runner::of(unchanged), without_a_change_of_code()),
    ];
    let started = runs.into_iter().filter_map(|(runner, script, says)| {
        let runner = runner?;
        let running = runner.start_shell("bash", &format!("set -eu\n{CLEAN_UP}\n{script}"));
        Some((runner, running, script, says))
    });
    for (_runner, running, script, says) in started.collect::<Vec<_>>() {
        let ended = running.finish();
        assert!(ended.succeeded().ends_with(says), "{script}\n{ended:#?}");
    }
    for cloud in clouds {
        let counters = cloud.counters();
        assert!(counters.mints == 0 || counters.mints > 1, "one token for all of it: {counters:?}");
    }
}

/// Should a command fail before what it started is stopped.
const CLEAN_UP: &str = r#"trap 'kill ${gateway:-} ${sandbox:-} 2>/dev/null || :' EXIT"#;

/// The SDK's own file says where the gateway is, and no variable.
fn without_a_change_of_code() -> String {
    let gateway = block("curl", "gc-token gateway");
    let start = gateway.split("(\n").next().expect("it starts the gateway");
    let write = block("python-sdk", "~/.genesyscloudpython");
    format!(
        "{start}\n. ./gateway.env\n{write}\n\
         unset ${{!GENESYSCLOUD_GATEWAY_*}} GENESYSCLOUD_OAUTHCLIENT_SECRET\n\
         python poll.py 24\n"
    )
}

fn with_curl(runner: Runner) -> Option<Runner> {
    if common::program("curl").is_none() {
        common::missing("curl");
        return None;
    }
    fs::copy(example("curl", "poll.sh"), runner.home().join("poll.sh")).unwrap();
    Some(runner)
}

fn with_python(runner: Runner) -> Option<Runner> {
    let python = PathBuf::from(python()?);
    let path = Environment::of_process().text("PATH").unwrap_or_default();
    fs::copy(example("python-sdk", "poll.py"), runner.home().join("poll.py")).unwrap();
    Some(runner.set("PATH", format!("{}:{path}", python.parent().unwrap().display())))
}

/// The real n8n takes 3 GB: `examples/n8n/try.sh` runs it. Here both files are
/// what it imports, and lead to the gateway and nowhere else.
#[test]
fn n8n_is_led_to_the_gateway_alone() {
    let read = |name| -> Value {
        serde_json::from_str(&fs::read_to_string(example("n8n", name)).unwrap()).unwrap()
    };
    let (workflow, credential) = (read("workflow.json"), &read("credential.json")[0]);
    let nodes = workflow["nodes"].as_array().unwrap();
    let request = nodes.iter().find(|node| node["type"] == "n8n-nodes-base.httpRequest").unwrap();
    let authentication = &request["parameters"]["genericAuthType"];
    assert_eq!(*authentication, credential["type"]);
    let named = &request["credentials"][authentication.as_str().unwrap()];
    assert_eq!(named["id"], credential["id"]);
    assert_eq!(named["name"], credential["name"]);
    assert_eq!(credential["data"]["grantType"], "clientCredentials");

    let urls = [&request["parameters"]["url"], &credential["data"]["accessTokenUrl"]];
    for url in urls {
        let url = url.as_str().unwrap();
        assert!(url.starts_with("={{ $env.GC_TOKEN_GATEWAY_URL }}/"), "{url}");
    }
    for text in [workflow.to_string(), credential.to_string()] {
        assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        for variable in text.split("$env.").skip(1) {
            let known = ["GC_TOKEN_GATEWAY_URL ", "GENESYSCLOUD_OAUTHCLIENT_ID "];
            assert!(known.iter().any(|name| variable.starts_with(name)), "{variable}");
        }
    }
    for connected in workflow["connections"].as_object().unwrap().values() {
        let to = &connected["main"][0][0]["node"];
        assert!(nodes.iter().any(|node| node["name"] == *to), "{to}");
    }
}

fn example(name: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).join(file)
}

/// The block of shell commands in an example's README that holds `words`.
fn block(name: &str, words: &str) -> String {
    let readme = fs::read_to_string(example(name, "README.md")).unwrap();
    common::example::block(&readme, "sh", words)
}
