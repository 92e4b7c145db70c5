//! The proxy's own entry: who is let in, to what, and what is left afterwards.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use gc_token::internals::config::{self, Layers, Query};
use gc_token::internals::context::Environment;
use gc_token::internals::error::Kind;
use gc_token::internals::proxy::intercept::InterceptionConfig;

use crate::common::cloud::CLIENT;
use crate::intercept::rig::{Rig, head_of};

#[test]
fn without_the_password_no_request_is_forwarded() {
    let rig = Rig::new([]);
    let right = rig.credentials();
    for credentials in
        ["", "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n", &right.replace("Basic", "Bearer")]
    {
        for request in [
            "CONNECT api.mypurecloud.ie:443 HTTP/1.1\r\nHost: api.mypurecloud.ie:443",
            "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1",
        ] {
            let mut stream = rig.connect();
            stream.write_all(format!("{request}\r\n{credentials}\r\n").as_bytes()).unwrap();
            let reply = head_of(&mut stream);
            assert!(reply.starts_with("HTTP/1.1 407 "), "{request}: {reply}");
            assert!(reply.contains("proxy-authenticate: Basic realm=\"gc-token\""), "{reply}");
        }
    }
    assert!(rig.tunnel("api.mypurecloud.ie:443").is_ok());
}

#[test]
fn unsupported_requests_get_an_explanation() {
    let rig = Rig::new([]);
    let refused = rig.tunnel("api.mypurecloud.ie").unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    for (target, says) in [
        ("http://api.mypurecloud.ie/", "set HTTPS_PROXY to it"),
        ("/api/v2", "set HTTPS_PROXY to it"),
        ("https://pypi.example/simple", "List pypi.example in NO_PROXY"),
    ] {
        let reply = rig.in_clear("GET", target, "");
        assert!(reply.starts_with("HTTP/1.1 501 "), "{reply}");
        assert!(reply.contains(says), "{reply}");
    }
}

/// axios up to 1.16 and needle send such requests.
#[test]
fn an_unencrypted_request_for_an_intercepted_host_is_served() {
    let rig = Rig::new([]);
    let bearer = format!("Authorization: Bearer {}\r\n", rig.token);
    rig.cloud.revoke_all();
    for host in ["api", "API", "apps", "api-downloads"] {
        let target = format!("https://{host}.mypurecloud.ie/api/v2/organizations/me");
        let reply = rig.in_clear("GET", &target, &bearer);
        assert!(reply.starts_with("HTTP/1.1 200 "), "{target}: {reply}");
    }
    let reply = rig.in_clear("GET", "https://api.mypurecloud.ie/api/v2/organizations/me", "");
    assert!(reply.starts_with("HTTP/1.1 401 "), "{reply}");
    let form = format!("grant_type=client_credentials&client_id={CLIENT}");
    let head = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        form.len()
    );
    let post = format!("{head}\r\n{form}");
    let reply = rig.in_clear("POST", "https://login.mypurecloud.ie/oauth/token", &post);
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.contains(&rig.token), "{reply}");
    // Not without the password, and not for what the Host header says.
    let mut stream = rig.connect();
    let request = "GET https://api.mypurecloud.ie/ HTTP/1.1\r\nHost: api.mypurecloud.ie\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    assert!(head_of(&mut stream).starts_with("HTTP/1.1 407 "));
    let named = format!("{bearer}Host: api.mypurecloud.ie\r\n");
    let reply = rig.in_clear("GET", "https://evil.example/", &named);
    assert!(reply.starts_with("HTTP/1.1 501 "), "{reply}");
}

#[test]
fn a_client_that_does_not_start_tls_is_dropped() {
    let rig = Rig::new([]);
    let mut silent = rig.tunnel("api.mypurecloud.ie:443").unwrap();
    let mut plain = rig.tunnel("api.mypurecloud.ie:443").unwrap();
    plain
        .write_all(b"GET /api/v2/organizations/me HTTP/1.1\r\nHost: api.mypurecloud.ie\r\n\r\n")
        .unwrap();
    let mut heard = Vec::new();
    // An alert, or nothing; but an end.
    let _ = plain.read_to_end(&mut heard);
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP/1.1"), "{heard:?}");
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}

#[test]
fn ca_bundles_are_private_and_removed_at_the_end() {
    let mut rig = Rig::new([]);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&rig.directory), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(&rig.directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(mode(&file), 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("-----BEGIN CERTIFICATE-----"), "{text}");
        assert!(!text.contains("PRIVATE KEY"), "{} holds a key", file.display());
    }
    let proxy = rig.proxy();
    rig.close();
    assert!(!rig.directory.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", proxy.port().unwrap())).is_err());
}

#[test]
fn open_responses_finish_before_the_end() {
    let mut rig = Rig::new([]);
    let mut idle = rig.secured("api.mypurecloud.ie");
    let head = format!(
        "GET /api/v2/organizations/me HTTP/1.1\r\nHost: api.mypurecloud.ie\r\n\
         Authorization: Bearer {}\r\n\r\n",
        rig.token
    );
    idle.write_all(head.as_bytes()).unwrap();
    assert!(head_of(&mut idle).starts_with("HTTP/1.1 200 "));
    // Kept alive, it must not hold the end up for longer than it takes.
    rig.close();
    assert!(!rig.directory.exists());
}

#[test]
fn without_a_region_there_is_nothing_to_intercept() {
    let env = Environment::from([("GC_TOKEN_TOKEN_URL", "https://issuer.example/token")]);
    let layers = Layers::new(Vec::new(), Query::default(), &env);
    let issuer = config::resolve_issuer(&layers).unwrap();
    let error =
        InterceptionConfig::new(&issuer, config::resolve_network(&layers).unwrap()).unwrap_err();
    assert_eq!(error.kind, Kind::Configuration);
    assert_eq!(error.message, "the cloud's hosts cannot be intercepted");
    assert!(error.cause.unwrap().contains("no region is set"));
}
