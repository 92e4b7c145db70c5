//! Whom the gateway lets in, and where it listens.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Front, runner};
use super::upstream::Upstream;
use crate::common::cloud::cloud;

#[test]
fn without_the_prefix_no_request_is_forwarded() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let args = ["-vv", "--log-format=text", "--allow-host=gateway.internal,other.internal"];
    let front = Front::start(runner(&cloud, &upstream.url()), &args);
    let asked = cloud.counters().login_requests;
    let Front { address, prefix, token, .. } = &front;
    let send = |path: &str, hosts: &str| {
        // A token of this run opens the paths of the API.
        let token = if path.starts_with("/api/") { "other" } else { token };
        let fields = format!("Authorization: Bearer {token}\r\n{hosts}");
        front.connect().send(format!("GET {path} HTTP/1.1\r\n{fields}\r\n"))
    };
    let host = format!("Host: {address}\r\n");
    let other = format!("/{}x/x", &prefix[..prefix.len() - 1]);
    let long = format!("/{prefix}x/x");
    let upper = format!("/{}/x", prefix.to_ascii_uppercase());
    let encoded = format!("/%{:02X}{}/x", prefix.as_bytes()[0], &prefix[1..]);
    for path in ["/", "/x", "/api/v2/x", "/oauth/token", &other, &long, &upper, &encoded] {
        let reply = send(path, &host);
        reply.is_ours(403);
        assert!(!reply.text().contains(prefix), "{reply:?}");
    }
    let form = format!("/{prefix}/oauth/token").replace(prefix, "wrong-prefix-of-22-char");
    send(&form, &host).is_ours(403);
    let path = format!("/{prefix}/x");
    for hosts in [
        "",
        "Host: evil.example\r\n",
        "Host: localhost.evil.example\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: \r\n",
    ] {
        let reply = send(&path, hosts);
        assert!(matches!(reply.status, 400 | 421), "{hosts:?}: {reply:?}");
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(cloud.counters().login_requests, asked);
    for hosts in ["Host: localhost\r\n", "Host: [::1]:1\r\n", "Host: OTHER.internal:80\r\n"] {
        assert_eq!(send(&path, hosts).status, 200, "{hosts:?}");
    }
    // The prefix is looked for there.
    assert!(!front.finish().stderr.is_empty());
}

#[test]
fn a_prefix_file_keeps_the_address() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let args = ["--prefix-file=prefix", "--log-format=json", "-vv"];
    let front = Front::start(runner(&cloud, &upstream.url()), &args);
    let first = front.prefix.clone();
    let file = front.runner.home().join("prefix");
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), first);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // The guard of `finish` looks for it in what was said.
    assert_eq!(front.get("/x?y").status, 200);
    front.running.signal(rustix::process::Signal::TERM);
    assert!(!front.running.finish().stderr.contains(&first));
    let again = Front::start(front.runner, &args);
    assert_eq!(again.prefix, first);
    again.finish();
}

#[test]
fn the_gateway_listens_on_the_given_address() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::start(runner(&cloud, &upstream.url()), &["--listen=[::1]:0"]);
    assert!(front.address.starts_with("[::1]:"), "{}", front.address);
    assert_eq!(front.get("/x").status, 200);
    front.finish();

    let args = ["--listen=0.0.0.0:0", "--allow-remote"];
    let front = Front::start(runner(&cloud, &upstream.url()), &args);
    assert!(front.address.starts_with("127.0.0.1:"), "{}", front.address);
    assert_eq!(front.get("/x").status, 200);

    // One that is taken is not shared.
    let taken = format!("--listen={}", front.address);
    let refused = front.runner.run(&["gateway", &taken]);
    assert_eq!(refused.status.code(), Some(3), "{refused:#?}");
    assert_eq!(refused.stdout, "");
    let what = format!("error: the gateway cannot listen on {}\n  cause: ", front.address);
    assert!(refused.stderr.contains(&what), "{refused:#?}");
    front.finish();
}
