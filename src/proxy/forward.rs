//! Forwards one request: replaces its token, and sends it again if the upstream did not
//! process the request.

mod retry;

use hyper::body::Body as _;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::timeout;

use super::access_log::LogEntry;
use super::body::{RequestBody, ResponseBody};
use super::error_response::error_response;
use super::hop_by_hop;
use super::replay_body::{ReplayBody, SharedBody};
use super::reverse_proxy::{RESPONSE_TIMEOUT, ReverseProxy};
use super::token_pool::{AcquiredToken, Acquisition};
use super::upstream::{CloudHost, Upstream};
use crate::net::{PooledBody, SendError};
use crate::oauth::tokens_me::TOKENS_ME;

/// The retries of a request that the upstream did not process. Each one met a connection
/// that was just being closed, which seldom happens twice in a row.
const MAX_RETRIES: u32 = 10;

// The functions below are not `async fn`: their futures would store the arguments twice,
// once as captured and once as used, for each open request.
impl ReverseProxy {
    /// Forwards a request to `host` and returns its response, or an error response of the
    /// proxy itself.
    pub(crate) fn forward(
        &self,
        host: CloudHost,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response<ResponseBody>> {
        let mut entry = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        async move {
            let response = match self.upstreams.get(host) {
                Some(upstream) => self.send_with_token(upstream, head, body, &mut entry).await,
                None => {
                    error_response(StatusCode::NOT_FOUND, "the issuer's login host is not known")
                }
            };
            let time = entry.elapsed(&*self.clock).saturating_sub(entry.waited);
            self.metrics.count_response(response.status(), time);
            self.log.write(&entry, response.status(), &*self.clock);
            response
        }
    }

    fn send_with_token(
        &self,
        upstream: &Upstream,
        mut head: Parts,
        body: RequestBody,
        entry: &mut LogEntry,
    ) -> impl Future<Output = Response<ResponseBody>> {
        let has_our_token = self.token_pool.recognizes(&head.headers, &entry.begun);
        let has_empty_body = body.is_end_stream() && head.headers.contains_key(CONTENT_LENGTH);
        hop_by_hop::strip_from_request(&mut head.headers);
        if has_empty_body {
            // hyper's client would leave it out (RFC 9110 section 8.6).
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let path_checked = upstream.prepend_base_path(&mut head);
        head.version = Version::HTTP_11;
        let body = ReplayBody::new(body, &self.budget);
        let shared = body.shared();
        async move {
            if let Err((status, reason)) = path_checked {
                return error_response(status, reason);
            }
            if !has_our_token {
                return self.send(upstream, &head, body, shared.as_ref()).await;
            }
            let mut token = match self.token_pool.acquire_now(&entry.begun) {
                Some(Acquisition::Acquired(token)) => token,
                // Boxed: this is rare, and every open request would hold room for it.
                not_yet => match Box::pin(self.wait_for_token(not_yet, entry)).await {
                    Ok(token) => token,
                    Err(opening) => return self.no_token_in_time(opening),
                },
            };
            let response =
                self.send_with(upstream, &mut head, &mut token, body, shared.as_ref(), entry).await;
            if !is_refusal(&response) {
                return response;
            }
            // Boxed, as above.
            Box::pin(self.retry_refused(upstream, head, shared, token, response, entry)).await
        }
    }

    /// Sends a request with a token of the pool.
    fn send_with<'a>(
        &'a self,
        upstream: &'a Upstream,
        head: &'a mut Parts,
        acquired: &'a mut AcquiredToken,
        body: ReplayBody<RequestBody>,
        shared: Option<&'a SharedBody<RequestBody>>,
        entry: &'a mut LogEntry,
    ) -> impl Future<Output = Response<ResponseBody>> {
        head.headers.insert(AUTHORIZATION, acquired.token.header.clone());
        entry.token_replaced = true;
        let head = &*head;
        let sending = self.send(upstream, head, body, shared);
        async move {
            let response = sending.await;
            if self.upstreams.is_api(upstream) && shows_accepted_token(&response) {
                acquired.source.note_use(&acquired.token, &entry.begun);
                self.token_pool.note_accepted(acquired);
            }
            if response.status().is_success() && is_revocation(head) {
                acquired.source.replace_revoked(acquired.token.clone());
            }
            response
        }
    }

    /// Sends a request with one token, again if the upstream did not process it.
    fn send<'a>(
        &'a self,
        upstream: &'a Upstream,
        head: &'a Parts,
        body: ReplayBody<RequestBody>,
        shared: Option<&'a SharedBody<RequestBody>>,
    ) -> impl Future<Output = Response<ResponseBody>> {
        let first = self.send_once(upstream, head, body, shared);
        async move {
            let result = match first.await {
                Err(ForwardError::Send(error)) if is_retryable(&error, shared) => {
                    // Boxed, as above.
                    Box::pin(self.retry_unprocessed(upstream, head, shared, error)).await
                }
                result => result,
            };
            result.unwrap_or_else(|error| self.upstream_error_response(upstream, error, shared))
        }
    }

    async fn retry_unprocessed(
        &self,
        upstream: &Upstream,
        head: &Parts,
        shared: Option<&SharedBody<RequestBody>>,
        mut error: SendError,
    ) -> Result<Response<ResponseBody>, ForwardError> {
        let mut attempts = 1;
        let reason = loop {
            if attempts > MAX_RETRIES {
                break format!(
                    "the upstream closed the connection before it responded ({attempts} attempts)"
                );
            }
            let Some(body) = ReplayBody::replay(shared) else {
                break "the upstream closed the connection, and the request body is no longer \
                       buffered"
                    .to_owned();
            };
            attempts += 1;
            self.metrics.count_retry_unprocessed();
            match self.send_once(upstream, head, body, shared).await {
                Err(ForwardError::Send(again)) if is_retryable(&again, shared) => error = again,
                result => return result,
            }
        };
        Err(ForwardError::Send(SendError { not_retried: Some(reason), ..error }))
    }

    fn send_once(
        &self,
        upstream: &Upstream,
        head: &Parts,
        body: ReplayBody<RequestBody>,
        shared: Option<&SharedBody<RequestBody>>,
    ) -> impl Future<Output = Result<Response<ResponseBody>, ForwardError>> {
        let request = Request::from_parts(head.clone(), body);
        let mut sending = Box::pin(upstream.pool.send(request));
        let progress = move || shared.map_or(0, SharedBody::progress);
        async move {
            loop {
                let before = progress();
                match timeout(RESPONSE_TIMEOUT, &mut sending).await {
                    Ok(Ok(response)) => return Ok(to_client(response)),
                    Ok(Err(error)) => return Err(ForwardError::Send(error)),
                    // A large upload may take longer.
                    Err(_) if progress() != before => {}
                    Err(_) => return Err(ForwardError::Timeout),
                }
            }
        }
    }

    fn upstream_error_response(
        &self,
        upstream: &Upstream,
        error: ForwardError,
        shared: Option<&SharedBody<RequestBody>>,
    ) -> Response<ResponseBody> {
        let name = upstream.name();
        let error = match error {
            ForwardError::Send(error) => error,
            ForwardError::Timeout => {
                self.metrics.count_upstream_failure();
                let message = format!("no response from {name} within {RESPONSE_TIMEOUT:?}");
                return error_response(StatusCode::GATEWAY_TIMEOUT, &message);
            }
        };
        if let Some(reason) = shared.and_then(SharedBody::client_error) {
            let message = format!("the request body is incomplete: {reason}");
            return error_response(StatusCode::BAD_REQUEST, &message);
        }
        self.metrics.count_upstream_failure();
        let error = upstream.pool.explain(&error, self.clock.read().wall);
        let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        error_response(StatusCode::BAD_GATEWAY, &format!("{}{hint}", error.one_line()))
    }
}

enum ForwardError {
    Send(SendError),
    Timeout,
}

/// Returns whether to send a request again. An upstream does not process a request whose
/// body has not begun to arrive.
fn is_retryable(error: &SendError, shared: Option<&SharedBody<RequestBody>>) -> bool {
    let is_started = shared.is_none_or(SharedBody::is_started);
    error.is_retryable || error.is_dropped && !is_started
}

fn to_client(response: Response<PooledBody<ReplayBody<RequestBody>>>) -> Response<ResponseBody> {
    let (mut head, body) = response.into_parts();
    hop_by_hop::strip_from_response(&mut head.headers);
    head.version = Version::HTTP_11;
    head.extensions.clear();
    Response::from_parts(head, ResponseBody::streaming(body))
}

/// Returns whether the API accepted the token. With 429 and 5xx it may not have looked at
/// the token.
fn shows_accepted_token(response: &Response<ResponseBody>) -> bool {
    is_from_upstream(response) && !matches!(response.status().as_u16(), 401 | 407 | 429 | 500..)
}

fn is_from_upstream(response: &Response<ResponseBody>) -> bool {
    !matches!(response.body(), ResponseBody::Full(_))
}

/// Returns whether the upstream refused the token, before it carried anything out.
fn is_refusal(response: &Response<ResponseBody>) -> bool {
    let is_refused =
        matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    is_refused && is_from_upstream(response)
}

fn is_revocation(head: &Parts) -> bool {
    head.method == Method::DELETE && head.uri.path().ends_with(TOKENS_ME)
}
