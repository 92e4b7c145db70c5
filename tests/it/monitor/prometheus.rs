//! Prometheus itself scrapes a gateway.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;
use serde_json::Value;

use super::rig::Monitored;
use crate::common::cloud::cloud;
use crate::common::page::root;
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::{missing, program};
use crate::gateway::rig::Client;

#[test]
fn promtool_finds_nothing_to_criticize() {
    if program("promtool").is_none() {
        return missing("promtool");
    }
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    let metrics = monitored.get("/metrics").body;
    monitored.front.finish();
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(&metrics).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(checked.status.success() && said.is_empty(), "{said}");
}

#[test]
fn prometheus_scrapes_a_gateway_and_its_alerts_have_values() {
    if program("prometheus").is_none() {
        return missing("prometheus");
    }
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    let scraper = Runner::bare().with_file("prometheus.yml", &config(&monitored.address));
    let port = free_port();
    let web = format!("--web.listen-address=127.0.0.1:{port}");
    let words = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", &web];
    let running = scraper.start_program(&words);
    let address = format!("127.0.0.1:{port}");
    wait_until("Prometheus has scraped twice", || {
        std::thread::sleep(Duration::from_millis(100));
        let scrapes = query(&address, "count_over_time(up{job=\"gc-token\"}[1m])");
        scrapes.is_some_and(|count| count >= 2.0)
    });
    let value = |expression: &str| query(&address, expression);
    assert_eq!(value("up{job=\"gc-token\"}"), Some(1.0));
    assert_eq!(value("gc_token_requests_total"), Some(1.0));
    assert_eq!(value("gc_token_responses_total{class=\"2xx\"}"), Some(1.0));
    assert_eq!(value("gc_token_ready"), Some(1.0));
    assert!(value("gc_token_token_remaining_seconds{slot=\"0\"}").unwrap() > 0.0);
    assert_eq!(value("gc_token_upstream_response_seconds_bucket{le=\"+Inf\"}"), Some(1.0));
    assert!(value("time() - process_start_time_seconds").unwrap().abs() < 600.0);
    // Only OpenMetrics names a counter's family without its suffix, and has units.
    let metadata = api(&address, "/api/v1/metadata?metric=gc_token_rate_limit_wait_seconds");
    let metadata = &metadata.unwrap()["data"]["gc_token_rate_limit_wait_seconds"][0];
    assert_eq!((&metadata["type"], &metadata["unit"]), (&"counter".into(), &"seconds".into()));
    wait_until("Prometheus has evaluated the alerts", || {
        std::thread::sleep(Duration::from_millis(100));
        let rules = api(&address, "/api/v1/rules").unwrap().to_string();
        !rules.contains("\"health\":\"unknown\"")
    });
    let rules = api(&address, "/api/v1/rules").unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 3, "{rules:?}");
    for rule in rules {
        assert_eq!((&rule["health"], &rule["state"]), (&"ok".into(), &"inactive".into()), "{rule}");
    }
    running.kill();
    monitored.front.finish();
}

fn config(target: &str) -> String {
    let alerts = root().join("examples/prometheus/alerts.yml");
    let config = fs::read_to_string(root().join("examples/prometheus/prometheus.yml")).unwrap();
    let config = config.replace("127.0.0.1:9464", target);
    let config = config.replace("alerts.yml", &alerts.display().to_string());
    config.replace("15s", "200ms")
}

/// Returns the value of an expression with one result; `None` before Prometheus knows it.
fn query(address: &str, expression: &str) -> Option<f64> {
    let expression: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
    let response = api(address, &format!("/api/v1/query?query={expression}"))?;
    let results = response["data"]["result"].as_array()?;
    assert!(results.len() < 2, "{response}");
    results.first()?["value"][1].as_str()?.parse().ok()
}

fn api(address: &str, path: &str) -> Option<Value> {
    std::net::TcpStream::connect(address).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let reply = Client::connect(address).send(request);
    (reply.status == 200).then(|| reply.json())
}

/// Another process could take the port, which Prometheus would then report.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
