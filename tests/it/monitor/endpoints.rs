//! The paths, the methods, the Host header and the formats.

use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Monitored, get, sample, send, set_faults};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::gateway::rig::Client;

#[test]
fn each_path_has_its_methods() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let health = monitored.get("/healthz");
    assert_eq!((health.status, health.text()), (200, "alive\n"));
    let ready = monitored.get("/readyz?verbose");
    assert_eq!((ready.status, ready.text()), (200, "ready\n"));
    for path in ["/nothing", "/metrics/", "/healthz/x", "/api/v2/tokens/me", "//metrics"] {
        assert_eq!(monitored.get(path).status, 404, "{path}");
    }
    let address = &monitored.address;
    for path in ["/metrics", "/healthz", "/readyz"] {
        let request = |method: &str| {
            format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n")
        };
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let refused = send(address, &request(method));
            assert_eq!(
                (refused.status, refused.field("allow").as_deref()),
                (405, Some("GET, HEAD"))
            );
        }
        let mut client = Client::connect(address);
        client.write(request("HEAD"));
        let head = client.reply_to_head();
        assert_eq!(head.status, 200, "{path}");
        assert_ne!(head.field("content-length").as_deref(), Some("0"), "{path}");
        // The connection is still in step.
        assert_eq!(client.send(request("GET")).status, 200, "{path}");
        for (field, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        {
            assert_eq!(head.field(field).as_deref(), Some(value), "{path}");
        }
    }
    monitored.front.finish();
}

#[test]
fn other_host_names_are_refused_unless_they_are_allowed() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &["--allow-host=a.internal, gateway"]);
    let status = |host: &str| {
        let request = format!("GET /readyz HTTP/1.1\r\n{host}\r\n");
        send(&monitored.address, &request).status
    };
    for host in ["localhost", "127.0.0.1:9", "[::1]", "10.0.0.7:9464", "gateway:9464", "A.internal"]
    {
        assert_eq!(status(&format!("Host: {host}\r\n")), 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "b.internal"] {
        assert_eq!(status(&format!("Host: {host}\r\n")), 421, "{host}");
    }
    assert_eq!(status("Host: localhost\r\nHost: evil.example\r\n"), 421);
    assert_eq!(status(""), 421);
    monitored.front.finish();
}

#[test]
fn a_client_gets_the_format_that_it_accepts() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &["--metrics-file=metrics"]);
    let text = monitored.get("/metrics");
    assert_eq!(
        text.field("content-type").as_deref(),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(sample(text.text(), "gc_token_requests_total"), 0.0);
    let accept = "Accept: application/openmetrics-text; version=1.0.0, text/plain;q=0.5\r\n";
    let open = get(&monitored.address, "/metrics", accept);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.field("content-type").as_deref(), Some(content_type));
    assert!(open.text().ends_with("\n# EOF\n"), "{}", open.text());
    let names = |text: &str| -> Vec<String> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(text.text()), names(open.text()));
    let (_, runner) = monitored.front.finish_and_keep();
    let file = std::fs::read_to_string(runner.home().join("metrics")).unwrap();
    assert_eq!(names(text.text()), names(&file));
}

/// A gateway is not ready while its token has expired, and as soon as it has another.
#[test]
fn readiness_follows_the_token() {
    let cloud =
        cloud(SandboxConfig { lifetime: Duration::from_secs(8), ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_SKEW", "1s").set("GC_TOKEN_TIMEOUT", "200ms");
    let monitored = Monitored::start(runner, &[]);
    assert_eq!(monitored.get("/readyz").status, 200);
    set_faults(&cloud, "1000*503");
    let mut reply = None;
    wait_until("the token has expired", || {
        std::thread::sleep(Duration::from_millis(50));
        let ready = monitored.get("/readyz");
        (ready.status != 200).then(|| reply = Some(ready)).is_some()
    });
    let reply = reply.unwrap();
    assert_eq!(reply.status, 503);
    assert!(reply.text().starts_with("not ready: the token has expired: "), "{}", reply.text());
    assert_eq!(reply.text().matches('\n').count(), 1, "{}", reply.text());
    wait_until("the reason is known", || {
        std::thread::sleep(Duration::from_millis(50));
        monitored.get("/readyz").text().contains("503")
    });
    assert_eq!(monitored.get("/healthz").status, 200);
    let metrics = monitored.get("/metrics").text().to_owned();
    assert_eq!(sample(&metrics, "gc_token_ready"), 0.0);
    assert!(sample(&metrics, "gc_token_token_remaining_seconds{slot=\"0\"}") <= 0.0, "{metrics}");
    assert!(sample(&metrics, "gc_token_token_refresh_failures_total") >= 1.0, "{metrics}");
    set_faults(&cloud, "");
    wait_until("it is ready again", || {
        std::thread::sleep(Duration::from_millis(50));
        monitored.front.get("/api/v2/tokens/me");
        monitored.get("/readyz").status == 200
    });
    let metrics = monitored.get("/metrics").text().to_owned();
    assert_eq!(sample(&metrics, "gc_token_ready"), 1.0);
    assert!(sample(&metrics, "gc_token_tokens_minted_total") >= 1.0, "{metrics}");
    monitored.front.finish();
}

/// The API takes three requests a minute with each token, of which its verification is one.
#[test]
fn the_pool_and_the_rate_limit_are_shown() {
    let quota = Some("3/60s".parse().unwrap());
    let cloud = cloud(SandboxConfig { rate: quota, ..SandboxConfig::default() });
    let run = |args: &[&str], calls: usize| {
        let monitored = Monitored::start(Runner::of(&cloud), args);
        let call = |_| monitored.front.get("/api/v2/tokens/me").status;
        let statuses: Vec<_> = (0..calls).map(call).collect();
        let [metrics, page] = ["/metrics", "/"].map(|path| monitored.get(path).text().to_owned());
        monitored.front.finish();
        (statuses, metrics, page)
    };
    let outcomes = |metrics: &str| {
        ["resent", "forwarded", "rejected"].map(|outcome| {
            sample(metrics, &format!("gc_token_rate_limited_total{{outcome=\"{outcome}\"}}"))
        })
    };
    let (statuses, metrics, page) = run(&["--tokens=2", "--rate=off", "--rate-wait=60s"], 4);
    assert_eq!(statuses, [200; 4]);
    assert!(!page.contains("got 429"), "{page}");
    assert_eq!(outcomes(&metrics), [1.0, 0.0, 0.0], "{metrics}");
    assert_eq!(sample(&metrics, "gc_token_tokens"), 2.0);
    assert!(sample(&metrics, "gc_token_token_remaining_seconds{slot=\"1\"}") > 0.0);
    assert!(sample(&metrics, "gc_token_rate_limit_closed_seconds{slot=\"0\"}") > 0.0, "{metrics}");

    let (statuses, metrics, page) = run(&["--tokens=1", "--rate=off", "--rate-wait=0s"], 6);
    assert_eq!(statuses[4..], [429; 2]);
    let [resent, forwarded, rejected] = outcomes(&metrics);
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((resent, forwarded + rejected), (0.0, refused as f64), "{metrics}");
    assert!(rejected >= 1.0, "{metrics}");
    assert!(page.contains("got 429, as no token was open in time"), "{page}");
}

#[test]
fn what_happens_to_requests_is_counted() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    cloud.revoke_all();
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    let wrong = "Authorization: Bearer other\r\n";
    let request = monitored.front.bare("GET", "/api/v2/tokens/me", wrong);
    assert_eq!(monitored.front.connect().send(request).status, 401);
    let metrics = monitored.get("/metrics").text().to_owned();
    for (series, value) in [
        ("gc_token_requests_total", 3.0),
        ("gc_token_responses_total{class=\"2xx\"}", 2.0),
        ("gc_token_responses_total{class=\"4xx\"}", 1.0),
        ("gc_token_retries_total{reason=\"unauthorized\"}", 1.0),
        ("gc_token_unauthorized_total", 1.0),
        ("gc_token_tokens_minted_total", 1.0),
        ("gc_token_tokens", 1.0),
        ("gc_token_skew_seconds", 5.0),
        ("gc_token_rate_window_limit{slot=\"0\"}", 300.0),
        ("gc_token_upstream_response_seconds_count", 3.0),
        (concat!("gc_token_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert_eq!(sample(&metrics, series), value, "{series}: {metrics}");
    }
    let remaining = sample(&metrics, "gc_token_token_remaining_seconds{slot=\"0\"}");
    assert!(sample(&metrics, "gc_token_rate_window_requests{slot=\"0\"}") >= 1.0, "{metrics}");
    let lifetime = sample(&metrics, "gc_token_token_lifetime_seconds{slot=\"0\"}");
    assert!(0.0 < remaining && remaining <= lifetime - 5.0, "{metrics}");
    for series in [
        "gc_token_clock_offset_seconds{bound=\"B\",clock=\"issuer\"}",
        "gc_token_clock_offset_seconds{bound=\"B\",clock=\"api\"}",
        "gc_token_clock_lead_seconds{bound=\"B\"}",
    ] {
        let bound = |name: &str| sample(&metrics, &series.replace('B', name));
        assert!(bound("min") <= 0.0 && 0.0 <= bound("max"), "{series}: {metrics}");
    }
    monitored.front.finish();
}
