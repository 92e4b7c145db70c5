//! The examples for operators: what they name exists, and what they run works.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use gc_token::internals::sandbox::SandboxConfig;
use serde_json::Value;

use super::rig::{Monitored, address, get, set_faults};
use crate::common::cloud::{SECRET, cloud};
use crate::common::page::root;
use crate::common::runner::Runner;
use crate::common::{missing, program};
use crate::gateway::rig::Front;

const DASHBOARD: &str = "examples/grafana/gc-token.json";
const ALERTS: &str = "examples/prometheus/alerts.yml";

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap()
}

/// The queries of the dashboard, in which Grafana's variables have values.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let query = |target: &Value| {
        let query = target["expr"].as_str().unwrap();
        query.replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*")
    };
    let queries: Vec<_> = targets.map(query).collect();
    assert!(queries.len() > 20 && !queries.iter().any(|query| query.contains('$')), "{queries:?}");
    queries
}

fn names(text: &str) -> BTreeSet<String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let words = text.split(|char| !is_name(char));
    words
        .filter(|word| word.starts_with("gc_token_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn dashboard_and_alerts_name_metrics_and_labels_that_exist() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    let metrics = monitored.get("/metrics").text().to_owned();
    monitored.front.finish();
    let samples: Vec<_> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    let exposed = names(&metrics);
    for text in queries().into_iter().chain([text(ALERTS)]) {
        for name in names(&text) {
            assert!(exposed.contains(&name), "{name} does not exist: {text}");
        }
        // For example `outcome="forwarded"`.
        for pair in text.split(['{', ',', '}']).filter(|part| part.ends_with('"')) {
            let pair = pair.replace("!=", "=");
            let is_exposed = samples.iter().any(|sample| sample.contains(&pair));
            let is_prometheus = pair.starts_with("job") || pair.starts_with("instance");
            assert!(is_exposed || is_prometheus, "{pair} does not exist: {text}");
        }
    }
}

#[test]
fn the_queries_of_the_dashboard_are_promql() {
    if program("promtool").is_none() {
        return missing("promtool");
    }
    let rule = |(number, query)| {
        let query = Value::String(query);
        format!("      - record: panel:{number}\n        expr: {query}\n")
    };
    let rules: String = queries().into_iter().enumerate().map(rule).collect();
    let rules = format!("groups:\n  - name: dashboard\n    rules:\n{rules}");
    let runner = Runner::bare().with_file("rules.yml", &rules);
    for file in [runner.home().join("rules.yml"), root().join(ALERTS)] {
        let checked =
            Command::new("promtool").args(["check", "rules"]).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{said}{rules}");
    }
}

/// Starts the gateway of an example, with files and ports of the test.
fn start(
    arguments: &Value,
    secret: &str,
    cloud: &gc_token::internals::sandbox::Sandbox,
) -> (Front, String) {
    let runner = Runner::of(cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file("secrets/client-secret", SECRET)
        .with_file("gateway/.keep", "")
        .set("GC_TOKEN_SKEW", "1s")
        .set("GC_TOKEN_TIMEOUT", "200ms");
    let home = runner.home().display().to_string();
    let words: Vec<_> =
        arguments.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert!(words.contains(&&*format!("--client-secret-file={secret}")), "{words:?}");
    let words: Vec<_> = words
        .into_iter()
        .chain(["--shell=json", "-v"])
        .map(|word| {
            word.replace(secret, &format!("{home}/secrets/client-secret"))
                .replace("/run/gateway", &format!("{home}/gateway"))
                .replace("127.0.0.1:8484", "127.0.0.1:0")
                .replace("0.0.0.0:9464", "127.0.0.1:0")
        })
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut running = runner.start(&words);
    let address = address(&mut running);
    let front = Front::of(runner, running);
    let prefix = fs::read_to_string(front.runner.home().join("gateway/prefix")).unwrap();
    assert_eq!(prefix.trim(), front.prefix);
    (front, address)
}

/// Asserts that the container's log does not get what the gateway prints.
fn prints_nothing(entrypoint: &Value) {
    let words: Vec<_> =
        entrypoint.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let script = words[2].replace("$$", "$");
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
    let printed = Command::new(words[0])
        .args([words[1], &script, words[3], "--version"])
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .output()
        .unwrap();
    assert!(printed.status.success() && printed.stdout.is_empty(), "{printed:?}");
}

#[test]
fn the_gateway_of_compose_serves_and_is_healthy() {
    if program("bash").is_none() {
        return missing("bash");
    }
    let compose = yaml("examples/compose/compose.yaml");
    let gateway = &compose["services"]["gateway"];
    let built = gateway["build"]["dockerfile"].as_str().unwrap();
    assert!(root().join(built).is_file(), "{built}");
    prints_nothing(&gateway["entrypoint"]);
    let cloud = cloud(SandboxConfig {
        lifetime: std::time::Duration::from_secs(8),
        ..SandboxConfig::default()
    });
    let (front, address) = start(&gateway["command"], "/run/secrets/client-secret", &cloud);
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    let test = gateway["healthcheck"]["test"].as_array().unwrap();
    let words: Vec<_> = test.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words[..3], ["CMD", "bash", "-c"]);
    let script = words[3].replace("127.0.0.1/9464", &address.replace(':', "/"));
    let is_healthy = || Command::new("bash").args(["-c", &script]).status().unwrap().success();
    assert!(is_healthy(), "{script}");
    set_faults(&cloud, "1000*503");
    crate::common::process::wait_until("the check fails", || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        !is_healthy()
    });
    front.finish();
}

#[test]
fn the_sidecar_of_kubernetes_serves_its_probes() {
    let deployment = yaml("examples/kubernetes/deployment.yaml");
    let pod = &deployment["spec"]["template"]["spec"];
    let sidecar = &pod["initContainers"][0];
    assert_eq!(sidecar["restartPolicy"], "Always");
    prints_nothing(&sidecar["command"]);
    let cloud = cloud(SandboxConfig::default());
    let secret = "/run/secrets/gc-token/client-secret";
    let (front, address) = start(&sidecar["args"], secret, &cloud);
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let probe = &sidecar[probe]["httpGet"];
        assert_eq!(probe["port"], sidecar["ports"][0]["name"]);
        assert_eq!(get(&address, probe["path"].as_str().unwrap(), "").status, 200, "{probe}");
    }
    let listen = sidecar["args"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|word| word.as_str()?.strip_prefix("--metrics-listen=")?.split_once(':'));
    assert_eq!(listen.unwrap().1, sidecar["ports"][0]["containerPort"].to_string());
    let volumes = pod["volumes"].as_array().unwrap();
    for container in [sidecar, &pod["containers"][0]] {
        for mount in container["volumeMounts"].as_array().unwrap() {
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
        }
    }
    front.finish();
}
