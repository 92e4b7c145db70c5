//! Error responses of several issuers, and of the proxies in front of them.

use super::*;

/// Error responses of several issuers, and of the proxies in front of them.
#[test]
fn each_issuers_error_is_understood() {
    use Kind::*;
    for (status, body, kind, cause, again) in [
        // Okta.
        (
            401,
            r#"{"errorCode":"invalid_client","errorSummary":"Invalid value for 'client_id' parameter.","errorLink":"invalid_client","errorId":"oae1","errorCauses":[]}"#,
            CredentialsRefused,
            "HTTP 401: invalid_client: Invalid value for 'client_id' parameter.; correlation id oae1",
            false,
        ),
        (
            429,
            r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests."}"#,
            RateLimited,
            "HTTP 429: E0000047: API call exceeded rate limit due to too many requests.",
            true,
        ),
        // Entra ID.
        (
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215],"trace_id":"0e","correlation_id":"6b-9"}"#,
            CredentialsRefused,
            "HTTP 401: invalid_client: AADSTS7000215: Invalid client secret provided.; correlation id 6b-9",
            false,
        ),
        // Keycloak, Auth0.
        (
            401,
            r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
            CredentialsRefused,
            "HTTP 401: unauthorized_client: Invalid client or Invalid client credentials",
            false,
        ),
        (
            401,
            r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
            CredentialsRefused,
            "HTTP 401: access_denied: Unauthorized",
            false,
        ),
        (
            400,
            r#"{"errorMessage":"realm disabled"}"#,
            Unavailable,
            "HTTP 400: realm disabled",
            false,
        ),
        // PingOne.
        (
            400,
            r#"{"id":"1","code":"INVALID_REQUEST","message":"The request was invalid","details":[]}"#,
            Configuration,
            "HTTP 400: INVALID_REQUEST: The request was invalid",
            false,
        ),
        // Apigee.
        (
            401,
            r#"{"fault":{"faultstring":"Invalid client identifier {0}","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}"#,
            CredentialsRefused,
            "HTTP 401: oauth.v2.InvalidClientIdentifier: Invalid client identifier {0}",
            false,
        ),
        (
            200,
            r#"{"fault":{"faultstring":"no","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}"#,
            CredentialsRefused,
            "HTTP 200: oauth.v2.InvalidClientIdentifier: no",
            false,
        ),
        (
            400,
            r#"{"ErrorCode":"invalid_client","Error":"ClientId is Invalid"}"#,
            Unavailable,
            "HTTP 400: ClientId is Invalid",
            false,
        ),
        // AWS: Cognito, and the API Gateway before it.
        (
            400,
            r#"{"error":"invalid_client"}"#,
            CredentialsRefused,
            "HTTP 400: invalid_client",
            false,
        ),
        (
            400,
            r#"{"__type":"NotAuthorizedException","message":"Unable to verify secret hash"}"#,
            CredentialsRefused,
            "HTTP 400: NotAuthorizedException: Unable to verify secret hash",
            false,
        ),
        (403, r#"{"message":"Forbidden"}"#, Unavailable, "HTTP 403: Forbidden", false),
        // Google, Spring, problem details, Salesforce, JSON:API.
        (
            400,
            r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}"#,
            Unavailable,
            "HTTP 400: INVALID_ARGUMENT: API key not valid.",
            false,
        ),
        (
            404,
            r#"{"timestamp":"2026","status":404,"error":"Not Found","path":"/x"}"#,
            Configuration,
            "HTTP 404: Not Found",
            false,
        ),
        (
            400,
            r#"{"type":"about:blank","title":"Bad Request","detail":"no grant"}"#,
            Unavailable,
            "HTTP 400: about:blank: no grant",
            false,
        ),
        (
            400,
            r#"[{"message":"expired","errorCode":"INVALID_CLIENT"}]"#,
            CredentialsRefused,
            "HTTP 400: INVALID_CLIENT: expired",
            false,
        ),
        (
            400,
            r#"{"errors":[{"code":"x","detail":"the detail"}]}"#,
            Unavailable,
            "HTTP 400: x: the detail",
            false,
        ),
        // Says itself that it may pass.
        (
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            Unavailable,
            "HTTP 400: temporarily_unavailable",
            true,
        ),
        (
            400,
            r#"{"error":"server_error","error_description":"oops"}"#,
            Unavailable,
            "HTTP 400: server_error: oops",
            true,
        ),
        (400, r#"{"error":"slow_down"}"#, RateLimited, "HTTP 400: slow_down", true),
        (
            401,
            r#"{"error":"temporarily_unavailable"}"#,
            Unavailable,
            "HTTP 401: temporarily_unavailable",
            true,
        ),
        (200, r#"{"error":"server_error"}"#, Unavailable, "HTTP 200: server_error", true),
        (
            403,
            r#"{"error":"too_many_requests","error_description":"wait"}"#,
            RateLimited,
            "HTTP 403: too_many_requests: wait",
            true,
        ),
        (
            400,
            r#"{"__type":"com.amazon#TooManyRequestsException","message":"Rate exceeded"}"#,
            RateLimited,
            "HTTP 400: com.amazon#TooManyRequestsException: Rate exceeded",
            true,
        ),
        (
            400,
            r#"{"error":"service_unavailable"}"#,
            Unavailable,
            "HTTP 400: service_unavailable",
            true,
        ),
        // A captive portal says so itself (RFC 6585 section 6).
        (
            511,
            "<html>",
            Unavailable,
            "HTTP 511: the network requires a login first (a captive portal)",
            false,
        ),
        (408, "", Unavailable, "HTTP 408 with an empty body", true),
        (425, "", Unavailable, "HTTP 425 with an empty body", true),
    ] {
        let failure = read(&reply(status, &[], body.as_bytes())).unwrap_err();
        assert_eq!(failure.error.cause.as_deref(), Some(cause), "{body}");
        assert_eq!(failure.error.kind, kind, "{body}");
        assert_eq!(failure.retry != Retryable::Never, again, "{body}");
    }
}

#[test]
fn the_three_lines_of_refused_credentials() {
    let mut reply = reply(400, &[], br#"{"error":"invalid_client"}"#);
    let value = HeaderValue::from_bytes(b"5b2f-11\t\xffx").unwrap();
    reply.headers.insert("inin-correlation-id", value);
    assert_eq!(
        error(&reply).to_string(),
        "error: login.example refused the client's credentials\n  \
         cause: HTTP 400: invalid_client; correlation id 5b2f-11 \u{fffd}x\n  \
         hint: check the client id and secret, that the OAuth client is registered with this \
         issuer (Genesys Cloud: in this region), and that its grant type is Client Credentials"
    );
}

#[test]
fn a_refusal_without_words_shows_what_the_header_says() {
    let challenge = ("www-authenticate", r#"Bearer error="invalid_client", x="s3cret #[""#);
    assert_eq!(
        error(&reply(401, &[challenge], b"")).cause.unwrap(),
        r#"HTTP 401 with an empty body, WWW-Authenticate: Bearer error="invalid_client", x="[redacted] #[""#
    );
}
