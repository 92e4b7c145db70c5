//! The platform's limits: calls, mints and active tokens.

use gc_token::internals::sandbox::{ConfigChange, SandboxConfig};
use serde_json::json;

use crate::sandbox::start;

#[test]
fn a_token_makes_so_many_calls_in_its_window() {
    let plan = SandboxConfig { rate: "2/60s".parse().ok(), ..SandboxConfig::default() };
    let (sandbox, client, clock) = start(plan);
    let (one, other) = (client.mint().token(), client.mint().token());
    clock.advance(1_000);
    assert_eq!(client.me(Some(&one)).status, 200);
    clock.advance(18);
    assert_eq!(client.me(Some(&one)).status, 200);
    let limited = client.me(Some(&one));
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("42"));
    let body = limited.json();
    assert_eq!(body["code"], "too.many.requests.retry.after");
    assert_eq!(
        body["message"],
        "Rate limit exceeded the maximum. Retry the request in [42] seconds"
    );
    assert_eq!(body["status"], 429);
    assert_eq!(body["contextId"].as_str().unwrap().len(), 36);
    assert_eq!(body.get("limit"), None);
    assert_eq!(client.me(Some(&other)).status, 200, "each token has a limit of its own");
    clock.advance(41);
    assert_eq!(client.me(Some(&one)).header("retry-after"), Some("1"));
    clock.advance(1);
    assert_eq!(client.me(Some(&one)).status, 200);
    let counters = sandbox.counters();
    assert_eq!((counters.calls_over_token_limit, counters.calls_over_path_limit), (2, 0));
    assert_eq!(counters.statuses, [(200, 4), (429, 2)].into());
    assert_eq!(counters.max_concurrent_calls, 1);
}

#[test]
fn a_limited_post_is_not_carried_out() {
    let path_rates = vec!["POST /api/v2/routing/skills=1/60s".parse().unwrap()];
    let plan = SandboxConfig { path_rates, ..SandboxConfig::default() };
    let (sandbox, client, _) = start(plan);
    let (one, other) = (client.mint().token(), client.mint().token());
    let all = format!("{}/api/v2/routing/skills", sandbox.api_url());
    let post = |id: &str, token: &str| {
        let request = client.http.post(&all).header("x-request-id", id);
        let request = client.as_json(request.body(json!({ "name": id }).to_string()));
        client.send(request, Some(token))
    };
    assert_eq!(post("a", &one).status, 200);
    assert_eq!(post("b", &one).status, 429);
    sandbox.change(ConfigChange { limit_in_body: Some(true), ..ConfigChange::default() });
    let limited = post("c", &other);
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("60")));
    let namespace = &limited.json()["limit"]["namespace"];
    assert_eq!((namespace, &limited.json()["limit"]["value"]), (&json!("routing"), &json!(1)));
    assert_eq!(client.get(&all, Some(&one)).json()["total"], 1);
    let counters = sandbox.counters();
    assert_eq!(counters.executed, [("a".into(), 1)].into());
    assert_eq!((counters.calls_over_token_limit, counters.calls_over_path_limit), (0, 2));
}

#[test]
fn the_oldest_of_too_many_tokens_becomes_invalid() {
    let plan = SandboxConfig { max_tokens: Some(2), ..SandboxConfig::default() };
    let (sandbox, client, _) = start(plan);
    let tokens = [(); 3].map(|()| client.mint().token());
    assert_eq!(client.me(Some(&tokens[0])).code(), "bad.credentials");
    assert_eq!(client.me(Some(&tokens[1])).status, 200);
    assert_eq!(client.me(Some(&tokens[2])).status, 200);
    assert_eq!(sandbox.counters().evicted_tokens, 1);
    assert!(sandbox.tokens().contains(&tokens[0]), "outputs are searched for it, too");
}

#[test]
fn mints_above_their_rate_get_the_vendors_400() {
    let plan = SandboxConfig { mint_rate: "2/60s".parse().ok(), ..SandboxConfig::default() };
    let (sandbox, client, clock) = start(plan);
    assert_eq!([(); 3].map(|()| client.mint().status), [200, 200, 400]);
    let body = client.mint().json();
    assert_eq!(body["error"], "invalid_request");
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with("rate limit exceeded;"), "{description}");
    clock.advance(60);
    assert_eq!(client.mint().status, 200);
    let counters = sandbox.counters();
    assert_eq!((counters.mints, counters.refused_mints), (3, 2));
}

#[test]
fn the_organizations_limits_follow_the_rate() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let token = client.mint().token();
    let get = |namespace: &str| {
        let path = "/api/v2/organizations/limits/namespaces";
        client.get(&format!("{}{path}/{namespace}", sandbox.api_url()), Some(&token))
    };
    let token_rate = || {
        let key = "client.credentials.token.rate.per.minute";
        let entities = get("platform.api").json()["entities"].as_array().unwrap().clone();
        let limit = entities.into_iter().find(|limit| limit["key"] == key).unwrap();
        assert_eq!(limit["namespace"], "platform.api");
        limit["value"].as_u64().unwrap()
    };
    assert_eq!(token_rate(), 300);
    let rate = Some("20/1s".parse().ok());
    sandbox.change(ConfigChange { rate, ..ConfigChange::default() });
    assert_eq!(token_rate(), 20);
    assert_eq!(get("unknown").status, 404);
}
