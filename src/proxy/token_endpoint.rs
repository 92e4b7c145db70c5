//! The token endpoint that a front stands in for (RFC 6749 section 4.4): a
//! client that asks for a token of its own gets the current one.

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use zeroize::Zeroizing;

use super::ReverseProxy;
use super::access_log::RequestLog;
use super::body::{Body, RequestBody};
use super::error_response::{answer, retry_later};
use super::token_source::Found;
use super::upstream::CloudHost;
use crate::net::basic_credentials;

/// A form with the credentials of a client takes a few hundred bytes.
const LARGEST: usize = 16 << 10;

impl ReverseProxy {
    /// Answers a request for a token. The secret is not looked at: who may ask
    /// is settled by the front, and the client need not know it.
    pub(crate) async fn issue(&self, request: Request<Incoming>) -> Response<Body> {
        let line = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        let form = collect(body).await;
        self.give(&head.headers, form, &line).await
    }

    /// Answers a request for the token of this run's client, and passes any
    /// other on to the issuer, as it came. So it does with one of gc-token itself,
    /// which would put a token that is good for this run alone into the cache, and
    /// which asks only where it wants another token than there is.
    pub(crate) async fn issue_or_forward(&self, request: Request<Incoming>) -> Response<Body> {
        let headers = request.headers();
        let is_another = |id| id != self.client_id;
        if is_gc_token(headers) || basic_user(headers).is_some_and(is_another) {
            return self.forward(CloudHost::Login, request).await;
        }
        let line = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        let form = collect(body).await;
        if let Some(form) = &form
            && self.refusal(&TokenEndpointRequest::read(&head.headers, form)).is_some()
        {
            let form = (!form.is_empty()).then(|| Bytes::copy_from_slice(form));
            let request = Request::from_parts(head, RequestBody::Full(form));
            return self.carry(CloudHost::Login, request).await;
        }
        self.give(&head.headers, form, &line).await
    }

    async fn give(
        &self,
        headers: &HeaderMap,
        form: Option<Form>,
        line: &RequestLog,
    ) -> Response<Body> {
        let reply = self.answer_form(headers, form).await;
        self.metrics.count_token_issued();
        self.log.write(line, reply.status(), &*self.clock);
        reply
    }

    async fn answer_form(&self, headers: &HeaderMap, form: Option<Form>) -> Response<Body> {
        let Some(form) = form else {
            return error(StatusCode::BAD_REQUEST, "invalid_request", "the form cannot be read");
        };
        if let Some((code, why)) = self.refusal(&TokenEndpointRequest::read(headers, &form)) {
            return error(StatusCode::BAD_REQUEST, code, why);
        }
        let Found::Alive(current) = self.token_source.current().await else {
            let why = "no token that is alive can be had from the issuer at the moment";
            let outage = self.token_source.outage();
            let reason = outage.as_ref().map(|outage| format!(": {}", outage.reason));
            let why = format!("{why}{}", reason.unwrap_or_default());
            let reply = error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", &why);
            return match &outage {
                Some(outage) => retry_later(reply, outage),
                None => reply,
            };
        };
        let expires_in = self.token_source.remaining(&current).as_secs();
        let json = json!({
            "access_token": self.token_source.for_clients(&current).expose(),
            "token_type": "bearer",
            "expires_in": expires_in,
        });
        answer(StatusCode::OK, &json)
    }

    /// Why this run's token is not what is asked for: a code of RFC 6749
    /// section 5.2, and words.
    fn refusal(&self, asked: &TokenEndpointRequest) -> Option<(&'static str, &'static str)> {
        if asked.grant_type.is_none() {
            let why = match asked.is_form {
                true => "grant_type is missing",
                false => {
                    "the body is no form: it has to be application/x-www-form-urlencoded (RFC 6749 section 4.4.2)"
                }
            };
            return Some(("invalid_request", why));
        }
        if asked.grant_type.as_deref() != Some("client_credentials") {
            return Some(("unsupported_grant_type", "only client_credentials can be had here"));
        }
        let ours = asked.client_id.as_deref() == Some(&self.client_id);
        (!ours).then_some(("invalid_client", "client not found: not the client of this gc-token"))
    }
}

type Form = Zeroizing<Vec<u8>>;

/// What a request for a token says.
#[derive(Debug, Default, PartialEq, Eq)]
struct TokenEndpointRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    /// Whether the body says of itself that it is a form, or looks like one.
    is_form: bool,
}

impl TokenEndpointRequest {
    fn read(headers: &HeaderMap, form: &[u8]) -> TokenEndpointRequest {
        let mut asked = TokenEndpointRequest {
            is_form: is_form(headers, form),
            ..TokenEndpointRequest::default()
        };
        for (name, value) in url::form_urlencoded::parse(form) {
            match &*name {
                "grant_type" => asked.grant_type = Some(value.into_owned()),
                "client_id" => asked.client_id = Some(value.into_owned()),
                _ => {}
            }
        }
        // Section 2.3: one way to authenticate only; the header is the usual.
        asked.client_id = basic_user(headers).or(asked.client_id);
        asked
    }
}

fn is_gc_token(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("gc-token/"))
}

fn is_form(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match kind.and_then(|kind| kind.split(';').next()).map(str::trim) {
        Some(kind) => kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"),
        None => !body.starts_with(b"{"),
    }
}

/// The user of Basic authentication, which is the client's id.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let pair = basic_credentials(headers.get(AUTHORIZATION)?)?;
    let user = pair.split(|byte| *byte == b':').next()?;
    // Section 2.3.1 has both parts encoded as in a form.
    let (user, _) = url::form_urlencoded::parse(user).next()?;
    Some(user.into_owned())
}

async fn collect(mut body: Incoming) -> Option<Form> {
    let mut form = Zeroizing::new(Vec::new());
    loop {
        let frame =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context));
        let frame = tokio::time::timeout(super::server::HEAD, frame).await.ok()?;
        let Some(frame) = frame else {
            return Some(form);
        };
        let data: Bytes = frame.ok()?.into_data().unwrap_or_default();
        if form.len() + data.len() > LARGEST {
            return None;
        }
        form.extend_from_slice(&data);
    }
}

/// Section 5.2, with the vendor's field besides.
fn error(status: StatusCode, error: &str, description: &str) -> Response<Body> {
    let json = json!({
        "error": error,
        "description": description,
        "error_description": description,
    });
    answer(status, &json)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(authorization: Option<&str>, form: &str) -> TokenEndpointRequest {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        TokenEndpointRequest::read(&headers, form.as_bytes())
    }

    fn of(client_id: &str) -> TokenEndpointRequest {
        let grant_type = Some("client_credentials".into());
        TokenEndpointRequest { grant_type, client_id: Some(client_id.into()), is_form: true }
    }

    #[test]
    fn the_client_is_named_in_the_header_or_in_the_form() {
        let form = "grant_type=client_credentials";
        let basic = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
        assert_eq!(asked(Some(&basic("me:secret")), form), of("me"));
        assert_eq!(asked(Some(&basic("a%2Bb+c:")), form), of("a+b c"));
        assert_eq!(asked(None, "client_id=a%20b&grant_type=client_credentials"), of("a b"));
        let both = "grant_type=client_credentials&client_id=other";
        assert_eq!(asked(Some(&basic("me:secret")), both), of("me"));
        assert_eq!(asked(Some("Bearer x"), "").client_id, None);
        assert_eq!(asked(Some("Basic %%%"), "").client_id, None);
    }
}
