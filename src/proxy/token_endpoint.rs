//! Stands in for the issuer's token endpoint (RFC 6749 section 4.4): a client that requests
//! a token of its own gets the current one.

use std::future::poll_fn;
use std::pin::Pin;

use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use zeroize::Zeroizing;

use super::access_log::LogEntry;
use super::body::{RequestBody, ResponseBody};
use super::error_response::{json_response, with_retry_after};
use super::reverse_proxy::ReverseProxy;
use super::token_source::TokenForRequest;
use super::upstream::CloudHost;
use crate::http_auth::basic_credentials;

/// A form with client credentials takes a few hundred bytes.
const MAX_FORM: usize = 16 << 10;

impl ReverseProxy {
    /// Answers a token request. The client secret is ignored: the gateway or the proxy has
    /// authenticated the client, which need not know the secret.
    pub(crate) async fn token_response(
        &self,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let entry = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        let form = read_form(body).await;
        self.respond(&head.headers, form, &entry).await
    }

    /// Answers a token request for the client of this run, and forwards any other to the
    /// issuer unchanged. gc-token itself is forwarded, too: it would cache a stand-in token
    /// that is worthless outside of this run, and it only asks when it needs another token.
    pub(crate) async fn token_response_or_forward(
        &self,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let headers = request.headers();
        let is_another_client = |id| id != self.client_id;
        if is_gc_token(headers) || basic_user(headers).is_some_and(is_another_client) {
            return self.forward(CloudHost::Login, request.map(RequestBody::from)).await;
        }
        let entry = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        let form = read_form(body).await;
        if let Some(form) = &form
            && self.check(&TokenGrantRequest::parse(&head.headers, form)).is_err()
        {
            let body = (!form.is_empty()).then(|| Bytes::copy_from_slice(form));
            let request = Request::from_parts(head, RequestBody::Full(body));
            return self.forward(CloudHost::Login, request).await;
        }
        self.respond(&head.headers, form, &entry).await
    }

    async fn respond(
        &self,
        headers: &HeaderMap,
        form: Option<Form>,
        entry: &LogEntry,
    ) -> Response<ResponseBody> {
        let response = self.respond_to_form(headers, form).await;
        self.metrics.count_token_issued();
        self.log.write(entry, response.status(), &*self.clock);
        response
    }

    async fn respond_to_form(
        &self,
        headers: &HeaderMap,
        form: Option<Form>,
    ) -> Response<ResponseBody> {
        let Some(form) = form else {
            let message = "the form is too large or incomplete";
            return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", message);
        };
        if let Err((code, message)) = self.check(&TokenGrantRequest::parse(headers, &form)) {
            return oauth_error(StatusCode::BAD_REQUEST, code, message);
        }
        let source = self.token_pool.shared_source();
        let current = match source.current().await {
            TokenForRequest::Usable(current) => current,
            TokenForRequest::Expired(_) => return self.no_token_response(),
        };
        let expires_in = source.remaining_lifetime(&current).as_secs();
        let json = json!({
            "access_token": self.token_pool.token_for_clients(&current).expose(),
            "token_type": "bearer",
            "expires_in": expires_in,
        });
        json_response(StatusCode::OK, &json)
    }

    fn no_token_response(&self) -> Response<ResponseBody> {
        let outage = self.token_pool.shared_source().outage();
        let reason = outage.as_ref().map(|outage| format!(": {}", outage.reason));
        let message = format!(
            "the issuer provides no usable token at the moment{}",
            reason.unwrap_or_default()
        );
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let response = oauth_error(status, "temporarily_unavailable", &message);
        match &outage {
            Some(outage) => with_retry_after(response, outage),
            None => response,
        }
    }

    /// Checks that the request is for a token of this run's client.
    ///
    /// # Errors
    /// An error code of RFC 6749 section 5.2 and a message.
    fn check(&self, request: &TokenGrantRequest) -> Result<(), (&'static str, &'static str)> {
        match request.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => {
                return Err(("unsupported_grant_type", "only client_credentials is supported"));
            }
            None if request.is_form => {
                return Err(("invalid_request", "grant_type is missing"));
            }
            None => {
                let message = "the body has to be application/x-www-form-urlencoded (RFC 6749 \
                               section 4.4.2)";
                return Err(("invalid_request", message));
            }
        }
        if request.client_id.as_deref() != Some(&self.client_id) {
            return Err(("invalid_client", "client not found: not the client of this gc-token"));
        }
        Ok(())
    }
}

type Form = Zeroizing<Vec<u8>>;

#[derive(Debug, Default, PartialEq, Eq)]
struct TokenGrantRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    /// The body is declared as a form, or could be one.
    is_form: bool,
}

impl TokenGrantRequest {
    fn parse(headers: &HeaderMap, form: &[u8]) -> TokenGrantRequest {
        let is_form = is_form(headers, form);
        let mut request = TokenGrantRequest { is_form, ..TokenGrantRequest::default() };
        for (name, value) in url::form_urlencoded::parse(form) {
            match &*name {
                "grant_type" => request.grant_type = Some(value.into_owned()),
                "client_id" => request.client_id = Some(value.into_owned()),
                _ => {}
            }
        }
        // RFC 6749 section 2.3 allows one way to authenticate; the header is preferred.
        request.client_id = basic_user(headers).or(request.client_id);
        request
    }
}

fn is_gc_token(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("gc-token/"))
}

fn is_form(headers: &HeaderMap, body: &[u8]) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match media_type.and_then(|value| value.split(';').next()).map(str::trim) {
        Some(media_type) => media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded"),
        None => !body.starts_with(b"{"),
    }
}

/// Returns the user of Basic authentication, which is the client ID, form-encoded (RFC 6749
/// section 2.3.1).
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let credentials = basic_credentials(headers.get(AUTHORIZATION)?)?;
    let encoded = credentials.split(|byte| *byte == b':').next()?;
    let (user, _) = url::form_urlencoded::parse(encoded).next()?;
    Some(user.into_owned())
}

/// Returns `None` for a form that is too large, too slow or incomplete.
async fn read_form(mut body: Incoming) -> Option<Form> {
    let mut form = Zeroizing::new(Vec::new());
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = tokio::time::timeout(super::server::HEADER_TIMEOUT, frame).await.ok()?;
        let Some(frame) = frame else {
            return Some(form);
        };
        let data: Bytes = frame.ok()?.into_data().unwrap_or_default();
        if form.len() + data.len() > MAX_FORM {
            return None;
        }
        form.extend_from_slice(&data);
    }
}

/// Returns an error of RFC 6749 section 5.2, which Genesys Cloud repeats as `description`.
fn oauth_error(status: StatusCode, code: &str, message: &str) -> Response<ResponseBody> {
    let json = json!({
        "error": code,
        "description": message,
        "error_description": message,
    });
    json_response(status, &json)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hyper::header::HeaderValue;

    use super::*;

    fn parse(authorization: Option<&str>, form: &str) -> TokenGrantRequest {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        TokenGrantRequest::parse(&headers, form.as_bytes())
    }

    fn request_of(client_id: &str) -> TokenGrantRequest {
        let grant_type = Some("client_credentials".into());
        TokenGrantRequest { grant_type, client_id: Some(client_id.into()), is_form: true }
    }

    #[test]
    fn the_client_id_is_in_the_header_or_in_the_form() {
        let form = "grant_type=client_credentials";
        let basic = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
        assert_eq!(parse(Some(&basic("me:secret")), form), request_of("me"));
        assert_eq!(parse(Some(&basic("a%2Bb+c:")), form), request_of("a+b c"));
        assert_eq!(parse(None, "client_id=a%20b&grant_type=client_credentials"), request_of("a b"));
        let both = "grant_type=client_credentials&client_id=other";
        assert_eq!(parse(Some(&basic("me:secret")), both), request_of("me"));
        assert_eq!(parse(Some("Bearer x"), "").client_id, None);
        assert_eq!(parse(Some("Basic %%%"), "").client_id, None);
    }
}
