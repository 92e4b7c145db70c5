//! Where requests lead, and what answers point to.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Front, runner};
use super::upstream::{Upstream, ok, reply};
use crate::common::cloud::cloud;

/// An API below a path, which no path of a client leads out of.
#[test]
fn no_path_leaves_the_base_path_of_the_api() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let url = format!("{}/base", upstream.url());
    let front = Front::start(runner(&cloud, &url), &["--log-format=text"]);
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/%2E%2E/secret",
        "/.%2e/secret",
        "/api/%2e./../../secret",
        "/api/..%2f..%2fsecret",
        "/api/..%5C..%5csecret",
        "/api\\..\\..\\secret",
        "/api/..;/..;/secret",
        "/oauth/../../secret",
        "/api/..",
        "/./secret",
    ] {
        let reply = front.get(path);
        reply.is_ours(400);
        assert!(reply.text().contains(". or .. as a segment"), "{reply:?}");
    }
    assert_eq!(upstream.seen().len(), 0);
    let long = "x".repeat(65_500 - front.prefix.len());
    assert!(matches!(front.get(&format!("/{long}")).status, 414 | 431));
    assert_eq!(upstream.seen().len(), 0);
    for path in ["/api/v2/a..b/.x?y=../z", "/%252e%252e/x"] {
        assert_eq!(front.get(path).status, 200);
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.line, format!("GET /base{path} HTTP/1.1"));
    }
    assert!(front.finish().stderr.contains("GET /../secret 400 in "));
}

/// The API points to itself: absolutely, by a path, and below its base path.
#[test]
fn redirects_stay_below_the_prefix() {
    for base in ["", "/base"] {
        let cloud = cloud(SandboxConfig::default());
        let upstream = Upstream::start(move |call| {
            call.read();
            let own = format!("http://{}", call.seen.field("host").unwrap());
            let to = match call.seen.line.split(' ').nth(1).unwrap().trim_start_matches(base) {
                "/absolute" => format!("{own}{base}/api/v2/jobs/1?a=b"),
                "/path" => format!("{base}/api/v2/jobs/1?a=b"),
                "/relative" => "jobs/1".to_owned(),
                "/other" => "https://other.example/api/v2/jobs/1".to_owned(),
                "/port" => "http://127.0.0.1:1/api/v2/jobs/1".to_owned(),
                _ => return call.reply(ok("ok")),
            };
            let fields = format!("Location: {to}\r\nContent-Location: {to}\r\n");
            call.reply(reply("201 Created", &fields, "{}"));
        });
        let front = Front::start(runner(&cloud, &(upstream.url() + base)), &[]);
        let below = format!("/{}/api/v2/jobs/1?a=b", front.prefix);
        for (path, expected) in [
            ("/absolute", below.as_str()),
            ("/path", &below),
            ("/relative", "jobs/1"),
            ("/other", "https://other.example/api/v2/jobs/1"),
            ("/port", "http://127.0.0.1:1/api/v2/jobs/1"),
        ] {
            let reply = front.get(path);
            assert_eq!(reply.status, 201);
            assert_eq!(reply.field("location").as_deref(), Some(expected));
            assert_eq!(reply.field("content-location").as_deref(), Some(expected));
        }
        // Followed, it leads to where the API meant.
        let followed =
            front.head("GET", "/", "").replace(&format!("/{}/ ", front.prefix), &(below + " "));
        assert_eq!(front.connect().send(followed).status, 200);
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.line, format!("GET {base}/api/v2/jobs/1?a=b HTTP/1.1"));
        front.finish();
    }
}

/// `nextUri` of a page is a path at the API's host, which clients put behind the
/// gateway's.
#[test]
fn a_token_of_this_run_needs_no_prefix() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        call.reply(reply("200 OK", "Location: /api/v2/next\r\n", "{}"));
    });
    let front = Front::between(&cloud, &upstream);
    let (address, token) = (&front.address, &front.token);
    let ask = |host: &str, token: &str| {
        let fields = format!("Host: {host}\r\nAuthorization: {token}\r\n");
        front.connect().send(format!("GET /api/v2/x?pageNumber=2 HTTP/1.1\r\n{fields}\r\n"))
    };
    let reply = ask(address, &format!("Bearer {token}"));
    assert_eq!(reply.status, 200);
    // Who does not know the prefix is not told it.
    assert_eq!(reply.field("location").as_deref(), Some("/api/v2/next"));
    assert_eq!(upstream.one().line, "GET /api/v2/x?pageNumber=2 HTTP/1.1");
    assert_eq!(ask("evil.example", &format!("Bearer {token}")).status, 421);
    for other in ["Bearer x", "Bearer", "", &token[1..], &format!("Basic {token}")] {
        assert_eq!(ask(address, other).status, 403, "{other}");
    }
    assert_eq!(ask(address, &format!("Bearer {}x", token)).status, 403);
    assert_eq!(upstream.seen().len(), 1);
    front.finish();
}

/// A resolver may send the names below `localhost` anywhere.
#[test]
fn names_below_localhost_are_this_machine() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let named = |url: String, name: &str| url.replacen("127.0.0.1", name, 1);
    let runner = runner(&cloud, &named(upstream.url(), "api.localhost"))
        .at(&named(cloud.login_url(), "login.of.localhost"));
    let front = Front::start(runner, &[]);
    assert_eq!(front.get("/x").status, 200);
    assert!(upstream.one().field("host").unwrap().starts_with("api.localhost:"));
    front.finish();
}

/// The read-ahead of a response is bounded, its head included.
#[test]
fn a_response_head_that_is_too_large_is_reported() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        let size = if call.seen.line.contains("/much") { 40_000 } else { 24_000 };
        let fields = format!("X-A: {}\r\n", "a".repeat(size));
        call.reply(reply("200 OK", &fields, "{}"));
    });
    let front = Front::between(&cloud, &upstream);
    assert_eq!(front.get("/some").status, 200);
    let reply = front.get("/much");
    reply.is_ours(502);
    assert!(reply.text().contains("too large"), "{reply:?}");
    front.finish();
}
