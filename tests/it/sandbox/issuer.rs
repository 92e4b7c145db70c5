//! The login host: tokens and refusals.

use gc_token::internals::sandbox::{ConfigChange, DEFAULT_SECRET, ExpiresInField, SandboxConfig};
use serde_json::json;

use crate::sandbox::start;

#[test]
fn mints_for_basic_and_post_in_the_vendors_words() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let answer = client.mint();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["token_type"], "bearer");
    assert_eq!(answer.json()["expires_in"], 86_400);
    assert_eq!(answer.token().len(), 86);
    assert_eq!(answer.json().as_object().unwrap().len(), 3);

    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "sandbox-client"),
        ("client_secret", DEFAULT_SECRET),
        ("scope", "a b"),
    ];
    assert_eq!(client.mint_with(None, &form).status, 200);
    let counters = sandbox.counters();
    assert_eq!((counters.mints, counters.token_requests), (2, 2));
    let seen = counters.last_token_request.unwrap();
    assert_eq!(seen.client_auth.as_deref(), Some("post"));
    assert_eq!(seen.form.get("scope").map(String::as_str), Some("a b"));
    assert!(!seen.form.contains_key("client_secret"));
}

#[test]
fn refuses_in_the_vendors_words() {
    let (sandbox, client, _) = start(SandboxConfig::default());
    let grant = [("grant_type", "client_credentials")];
    let good = Some(("sandbox-client", DEFAULT_SECRET));
    for (client_auth, form, error, description) in [
        (Some(("stranger", "x")), &grant[..], "invalid_client", "client not found"),
        (Some(("sandbox-client", "x")), &grant[..], "invalid_client", "authentication failed"),
        (None, &grant[..], "invalid_client", "no client credentials"),
        (
            good,
            &[("grant_type", "password")][..],
            "unsupported_grant_type",
            "unsupported grant type",
        ),
        (good, &[][..], "invalid_request", "grant_type is missing"),
    ] {
        let answer = client.mint_with(client_auth, form);
        assert_eq!(answer.status, 400, "{description}");
        assert_eq!(
            answer.json(),
            json!({
                "error": error,
                "description": description,
                "error_description": description,
            })
        );
        assert!(answer.header("inin-correlation-id").is_some());
    }
    assert_eq!(sandbox.counters().mints, 0);
}

#[test]
fn credentials_may_be_form_encoded_in_the_header() {
    let plan = SandboxConfig { client_secret: "a b+c%/:ü".into(), ..SandboxConfig::default() };
    let (_sandbox, client, _) = start(plan);
    let grant = [("grant_type", "client_credentials")];
    for secret in ["a b+c%/:ü", "a+b%2Bc%25%2F%3A%C3%BC"] {
        let answer = client.mint_with(Some(("sandbox-client", secret)), &grant);
        assert_eq!(answer.status, 200, "{secret}");
    }
}

#[test]
fn replies_can_be_odd() {
    let plan = SandboxConfig {
        expires_in: ExpiresInField::Missing,
        token: Some("a'b\"c $(d)\n\u{1F511}".into()),
        ..SandboxConfig::default()
    };
    let (sandbox, client, _) = start(plan);
    let answer = client.mint();
    assert_eq!(answer.json().get("expires_in"), None);
    assert_eq!(answer.token(), "a'b\"c $(d)\n\u{1F511}");
    for odd in [json!("300"), json!(null), json!(-1), json!([1]), json!(1e300)] {
        sandbox.change(ConfigChange {
            expires_in: Some(ExpiresInField::Json(odd.clone())),
            ..ConfigChange::default()
        });
        assert_eq!(client.mint().json()["expires_in"], odd);
    }
}
