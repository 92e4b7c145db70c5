//! The API host: who is let in, and what is there.

use std::time::Duration;

use gc_token::internals::sandbox::{SandboxConfig, TokenFormat};
use gc_token::internals::token::Claims;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::sandbox::{START, start};

#[test]
fn the_api_tolerates_nothing() {
    let plan = SandboxConfig {
        lifetime: Duration::from_secs(10),
        api_offset: SignedDuration::from_secs(2),
        ..SandboxConfig::default()
    };
    let (sandbox, client, clock) = start(plan);
    let token = client.mint().token();
    clock.advance(7);
    assert_eq!(client.me(Some(&token)).status, 200);
    // By the issuer's clock it would live for two more seconds.
    clock.advance(1);
    let refused = client.me(Some(&token));
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["code"], "credentials.expired");
    assert_eq!(client.mint().status, 200);
    assert_eq!(sandbox.counters().refusals, 1);
}

#[test]
fn a_jwt_is_refused_before_its_start() {
    let plan = SandboxConfig {
        format: TokenFormat::Jwt,
        lifetime: Duration::from_secs(300),
        issuer_offset: SignedDuration::from_secs(3),
        ..SandboxConfig::default()
    };
    let (_sandbox, client, clock) = start(plan);
    let token = client.mint().token();
    let claims = Claims::parse(&token).unwrap();
    assert_eq!(claims.expires_at, Timestamp::from_second(START + 3 + 300).ok());
    let refused = client.me(Some(&token));
    assert_eq!((refused.status, &*refused.code()), (401, "bad.credentials"));
    clock.advance(3);
    assert_eq!(client.me(Some(&token)).status, 200);
}

#[test]
fn a_token_can_be_missing_unknown_or_revoked() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    assert_eq!(client.me(None).code(), "authentication.required");
    assert_eq!(client.me(Some("made-up")).code(), "bad.credentials");
    let (one, other) = (client.mint().token(), client.mint().token());
    let me = format!("{}/api/v2/tokens/me", sandbox.api_url());
    assert_eq!(client.send(client.http.delete(&me), Some(&one)).status, 204);
    assert_eq!(client.me(Some(&one)).code(), "bad.credentials");
    assert_eq!(client.me(Some(&other)).status, 200);
    let head = client.send(client.http.head(&me), Some(&other));
    assert_eq!((head.status, &*head.body), (200, ""));
    sandbox.revoke_all();
    assert_eq!(client.me(Some(&other)).code(), "bad.credentials");
    let counters = sandbox.counters();
    assert_eq!((counters.revocations, counters.refusals), (1, 4));
    assert_eq!(counters.api_calls, 7);
}

#[test]
fn the_providers_startup_requests_are_served() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let token = client.mint().token();
    let get = |path: &str| client.get(&format!("{}{path}", sandbox.api_url()), Some(&token));
    let organization = get("/api/v2/organizations/me").json();
    assert_eq!(organization["defaultCountryCode"], "US");
    let products = get("/api/v2/authorization/products").json();
    assert_eq!(products["total"], 1);
    assert!(products["entities"].is_array());
    assert_eq!(get("/api/v2/authorization/divisions/home").json()["name"], "Home");
    let me = get("/api/v2/tokens/me").json();
    assert_eq!(me["OAuthClient"]["id"], "sandbox-client");
    let unknown = get("/api/v2/users");
    assert_eq!((unknown.status, &*unknown.code()), (501, "not.implemented"));
}

#[test]
fn resources_are_created_changed_listed_and_deleted() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let token = client.mint().token();
    for (kind, changeable) in [("skills", false), ("wrapupcodes", true)] {
        let all = format!("{}/api/v2/routing/{kind}", sandbox.api_url());
        let post = |name: &str| {
            let request = client.http.post(&all).body(json!({ "name": name }).to_string());
            client.send(client.as_json(request), Some(&token)).json()
        };
        let created = post("first");
        post("second");
        let one = format!("{all}/{}", created["id"].as_str().unwrap());
        let get = |url: &str| client.get(url, Some(&token));
        assert_eq!(get(&one).json(), created);

        let change = client.http.put(&one).body(json!({ "name": "changed" }).to_string());
        let changed = client.send(client.as_json(change), Some(&token));
        let name = if changeable { "changed" } else { "first" };
        assert_eq!(changed.status, if changeable { 200 } else { 501 });
        assert_eq!(get(&one).json()["name"], name);

        let page = get(&format!("{all}?pageSize=1&pageNumber=2")).json();
        assert_eq!(page["entities"][0]["name"], "second");
        assert_eq!((&page["total"], &page["pageCount"]), (&json!(2), &json!(2)));
        let named = get(&format!("{all}?name={name}")).json();
        assert_eq!(named["entities"][0]["id"], created["id"]);

        let delete = || client.send(client.http.delete(&one), Some(&token)).status;
        assert_eq!((delete(), delete()), (204, 404));
        assert_eq!((get(&one).status, &*get(&one).code()), (404, "not.found"));
    }
}

#[test]
fn counts_how_often_each_request_id_is_carried_out() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let token = client.mint().token();
    let all = format!("{}/api/v2/routing/skills", sandbox.api_url());
    let post = |id: &str, token: &str, body: &str| {
        let request = client.http.post(&all).header("x-request-id", id);
        let request = client.as_json(request.body(body.to_owned()));
        client.send(request, Some(token)).status
    };
    let skill = r#"{"name":"x"}"#;
    assert_eq!(post("a", "made-up", skill), 401);
    assert_eq!(post("a", &token, skill), 200);
    assert_eq!(post("b", &token, "{}"), 400);
    assert_eq!(post("c", &token, skill), 200);
    assert_eq!(post("c", &token, skill), 200);
    let executed = sandbox.counters().executed;
    assert_eq!(executed, [("a".into(), 1), ("c".into(), 2)].into());
}
