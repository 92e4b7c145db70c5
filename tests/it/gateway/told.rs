//! What is told of a run: counters, a line for each request, and the last one.

use gc_token::internals::sandbox::SandboxConfig;
use serde_json::Value;

use super::rig::Front;
use crate::common::cloud::cloud;
use crate::common::guard;
use crate::common::runner::Runner;

fn counter(metrics: &str, name: &str) -> u64 {
    let name = format!("gc_token_{name} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

#[test]
fn unwritable_counters_are_reported_at_the_end() {
    let cloud = cloud(SandboxConfig::default());
    let mut front = Front::start(Runner::of(&cloud), &["--metrics-file=metrics"]);
    let file = front.runner.home().join("metrics");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let told = "gc-token: warning: --metrics-file: cannot write metrics: is a directory\n";
    // During the run, and not once more at its end.
    front.running.wait_until_it_says(told);
    let finished = front.finish();
    assert_eq!(finished.stderr, told);
}

#[test]
fn counters_and_log_lines_hold_no_secret() {
    let cloud = cloud(SandboxConfig::default());
    let args = ["--metrics-file=metrics.prom", "--log-format=json"];
    let front = Front::start(Runner::of(&cloud), &args);
    assert_eq!(front.get(&format!("/api/v2/tokens/me?token={}", front.token)).status, 200);
    cloud.revoke_all();
    assert_eq!(front.get("/api/v2/tokens/me?second=1").status, 200);
    let other = front.bare("GET", "/api/v2/tokens/me", "Authorization: Bearer other\r\n");
    assert_eq!(front.connect().send(other).status, 401);
    let (finished, runner) = front.finish_and_keep();

    let metrics = std::fs::read_to_string(runner.home().join("metrics.prom")).unwrap();
    guard::holds_no_secret(metrics.as_bytes(), "the counters");
    guard::holds_no_token(metrics.as_bytes(), "the counters");
    for (name, count) in [
        ("requests_total", 3),
        ("tokens_issued_total", 1),
        ("retries_total{reason=\"unauthorized\"}", 1),
        ("retries_total{reason=\"unprocessed\"}", 0),
        ("unauthorized_total", 1),
        ("unauthorized_forwarded_total", 0),
        ("token_refreshes_total", 1),
        ("tokens_minted_total", 1),
        ("token_refresh_failures_total", 0),
        ("upstream_failures_total", 0),
        ("upstream_response_seconds_count", 3),
    ] {
        assert_eq!(counter(&metrics, name), count, "{name}: {metrics}");
    }

    let (lines, last) = finished.stderr.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(last, "gc-token: 1 token renewed, 1 refused call replayed");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (
                text("method") + " " + &text("path"),
                &line["status"],
                &line["token_replaced"],
                &line["replayed"],
            )
        })
        .collect();
    let me = "GET /api/v2/tokens/me".to_owned();
    let (yes, no) = (&Value::Bool(true), &Value::Bool(false));
    assert_eq!(
        told,
        [
            ("POST /oauth/token".to_owned(), &Value::from(200), no, no),
            (me.clone(), &Value::from(200), yes, no),
            (me.clone(), &Value::from(200), yes, yes),
            (me, &Value::from(401), no, no),
        ]
    );
    assert!(lines.iter().all(|line| line["milliseconds"].as_f64().is_some_and(|it| it > 0.0)));
}

#[test]
fn the_text_log_omits_the_query() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::start(Runner::of(&cloud), &["--log-format=text", "-vv"]);
    assert_eq!(front.get("/api/v2/tokens/me?code=secret-of-the-query").status, 200);
    let said = front.finish().stderr;
    assert!(said.contains("gc-token: GET /api/v2/tokens/me 200 in "), "{said}");
    assert!(!said.contains("secret-of-the-query"), "{said}");
}
