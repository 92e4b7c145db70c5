//! What the plan lets go wrong.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::sandbox::SandboxConfig;
use jiff::SignedDuration;
use serde_json::json;

use crate::sandbox::{faults, start};

#[test]
fn faults_come_one_per_request_and_then_no_more() {
    let plan = faults("500,503:3,429:2,429:date+5s,rate-limit,401,redirect,garbage,aged:7,no-date");
    let (sandbox, client, _) = start(plan);
    let mut seen = Vec::new();
    for _ in 0..11 {
        let answer = client.mint();
        let headers = ["retry-after", "location", "age", "date"];
        let headers = headers.map(|name| answer.header(name).unwrap_or("-").to_owned());
        seen.push(format!("{} {}", answer.status, headers.join(" | ")));
    }
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(
        seen,
        [
            format!("500 - | - | - | {date}"),
            format!("503 3 | - | - | {date}"),
            format!("429 2 | - | - | {date}"),
            format!("429 Sun, 06 Nov 1994 08:49:42 GMT | - | - | {date}"),
            format!("400 - | - | - | {date}"),
            format!("401 - | - | - | {date}"),
            format!("307 - | /oauth/token | - | {date}"),
            format!("200 - | - | - | {date}"),
            format!("200 - | - | 7 | {date}"),
            "200 - | - | - | -".to_owned(),
            format!("200 - | - | - | {date}"),
        ]
    );
    let counters = sandbox.counters();
    assert_eq!((counters.token_requests, counters.mints), (11, 3));
}

#[test]
fn the_rate_limit_reads_as_the_vendors() {
    let (_sandbox, client, _) = start(faults("rate-limit"));
    let body = client.mint().json();
    assert_eq!(body["error"], "invalid_request");
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with("rate limit exceeded;"));
}

#[test]
fn connections_are_dropped_cut_and_kept_waiting() {
    let (sandbox, client, _) = start(faults("drop,cut,hang,ok"));
    assert_eq!(client.raw_mint(), "");
    let cut = client.raw_mint();
    assert!(cut.starts_with("HTTP/1.1 200 OK\r\n"), "{cut}");
    assert!(cut.contains("\"access_token\""), "{cut}");
    assert!(!cut.contains("\r\n0\r\n"), "{cut}");

    let mut waiting = client.raw_request();
    let wait = Duration::from_millis(50);
    waiting.set_read_timeout(Some(wait)).unwrap();
    let kind = waiting.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    // Others are served meanwhile, and a client that hangs holds up no stop.
    assert_eq!(client.mint().status, 200);
    assert_eq!(sandbox.counters().mints, 2);
    drop(sandbox);
    waiting.set_read_timeout(None).unwrap();
    assert!(matches!(waiting.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_huge_reply_is_right_and_does_not_tell_its_length() {
    let (_sandbox, client, _) = start(faults("huge"));
    let answer = client.mint();
    assert_eq!(answer.header("content-length"), None);
    assert!(answer.body.len() > 1 << 20);
    assert_eq!(answer.token().len(), 86);
}

#[test]
fn an_api_call_is_dropped_before_and_cut_after_it_is_carried_out() {
    let plan =
        SandboxConfig { api_faults: faults("drop,cut,503").faults, ..SandboxConfig::default() };
    let (sandbox, client, _) = start(plan);
    let token = client.mint().token();
    let url = format!("{}/api/v2/routing/skills", sandbox.api_url());
    let post = |id: &str| {
        let request = client.http.post(&url).header("x-request-id", id);
        let request = client.as_json(request.body(json!({ "name": "x" }).to_string()));
        client.try_send(request.bearer_auth(&token))
    };
    assert!(post("dropped").is_err());
    assert!(post("cut").is_err());
    assert_eq!(post("unavailable").unwrap().status, 503);
    assert_eq!(post("good").unwrap().status, 200);
    let counters = sandbox.counters();
    assert_eq!(counters.executed, [("cut".into(), 1), ("good".into(), 1)].into());
    assert_eq!((counters.api_calls, counters.token_requests), (4, 1));
}

/// Asserts only minimum times, so that a busy machine does no harm.
#[test]
fn latency_and_slow_replies_take_their_time() {
    let plan = SandboxConfig { latency: Duration::from_millis(40), ..faults("ok,slow:60ms") };
    let (_sandbox, client, _) = start(plan);
    let clock = SystemClock::default();
    for least in [40, 100] {
        let before = clock.read();
        assert_eq!(client.mint().status, 200);
        let took = clock.read().boot_since(&before).unwrap();
        assert!(took >= SignedDuration::from_millis(least), "{took}");
    }
}
