//! The token endpoint that the gateway stands in for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gc_token::internals::sandbox::SandboxConfig;

use super::rig::Front;
use crate::common::cloud::{CLIENT, accepts, cloud};

#[test]
fn the_runs_client_gets_the_current_token_without_a_mint() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    // As many at once as the provider asks for at each Configure.
    std::thread::scope(|scope| {
        for number in 0..11 {
            let front = &front;
            scope.spawn(move || {
                let pair = BASE64_STANDARD.encode(format!("{CLIENT}:no secret {number}"));
                let fields = format!(
                    "Authorization: Basic {pair}\r\nContent-Length: 29\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n"
                );
                let head = front.bare("POST", "//oauth/token", &fields);
                let reply = front.connect().send(head + "grant_type=client_credentials");
                assert_eq!(reply.status, 200, "{reply:?}");
                assert_eq!(reply.field("cache-control").as_deref(), Some("no-store"));
                assert_eq!(reply.field("content-type").as_deref(), Some("application/json"));
                let json = reply.json();
                assert_eq!(json["access_token"], front.token.as_str());
                assert_eq!(json["token_type"], "bearer");
                let expires_in = json["expires_in"].as_u64().unwrap();
                assert!((80_000..=86_400).contains(&expires_in), "{expires_in}");
            });
        }
    });
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    assert_eq!(cloud.counters().mints, 1);
    front.finish();
}

#[test]
fn a_stand_in_is_printed_and_issued_in_place_of_the_token() {
    let cloud = cloud(SandboxConfig::default());
    let runner = super::rig::runner(&cloud, &cloud.api_url());
    let mut running = runner.start(&["gateway", "--shell=json", "--stand-in-token"]);
    let printed = running.wait_until_it_prints("}\n");
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let front = Front::of(runner, running);
    assert_eq!(printed["GENESYSCLOUD_ACCESS_TOKEN"], front.token.as_str());
    assert!(!cloud.tokens().contains(&front.token));
    assert!(!accepts(&cloud, &front.token));
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    assert_eq!(cloud.counters().refusals, 1, "of the call past the gateway");
    front.finish();
}

#[test]
fn other_token_requests_are_refused_as_by_an_issuer() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    let refused = |request: String, error: &str| {
        let reply = front.connect().send(request);
        assert_eq!(reply.status, 400, "{reply:?}");
        assert_eq!(reply.json()["error"], error, "{reply:?}");
        assert_eq!(reply.json()["description"], reply.json()["error_description"]);
    };
    let grant = "grant_type=client_credentials";
    refused(front.form(&format!("{grant}&client_id=other")), "invalid_client");
    refused(front.form(grant), "invalid_client");
    refused(
        front.form(&format!("grant_type=password&client_id={CLIENT}")),
        "unsupported_grant_type",
    );
    refused(front.form(""), "invalid_request");
    let json = r#"{"grant_type":"client_credentials"}"#;
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", json.len());
    let reply = front.connect().send(front.bare("POST", "/oauth/token", &fields) + json);
    assert_eq!((reply.status, &reply.json()["error"]), (400, &"invalid_request".into()));
    assert!(reply.text().contains("application/x-www-form-urlencoded"), "{reply:?}");
    let huge = format!("{grant}&client_id={CLIENT}&x={}", "x".repeat(1 << 20));
    refused(front.form(&huge), "invalid_request");
    // However its path is written, it is the token endpoint, and the issuer is not asked.
    let asked = cloud.counters().login_requests;
    for path in ["/oauth/token/", "//oauth//token", "/oauth//token//", "/%6Fauth/token"] {
        let form = format!("{grant}&client_id={CLIENT}&client_secret=dummy");
        let reply = front.connect().send(front.form(&form).replacen("/oauth/token", path, 1));
        assert_eq!(reply.json()["access_token"], front.token.as_str(), "{path}");
    }
    assert_eq!(cloud.counters().login_requests, asked);
    // The client's secret in the form is not looked at.
    let form = format!("{grant}&client_id={CLIENT}&client_secret=any");
    let reply = front.connect().send(front.form(&form));
    assert_eq!(reply.json()["access_token"], front.token.as_str());
    // Only a POST gets a token here, and the login host has its own opinion.
    let reply = front.get("/oauth/token");
    assert_ne!(reply.status, 200);
    assert!(!reply.text().contains(&front.token));
    assert_eq!(cloud.counters().mints, 1);
    assert_eq!(cloud.counters().token_requests, 1);
    front.finish();
}
