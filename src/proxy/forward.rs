//! One request on its way: swapped, passed on, and sent again if its token was
//! refused.

use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};

use super::ReverseProxy;
use super::access_log::RequestLog;
use super::body::{Body, RequestBody, TimeoutBody};
use super::error_response::{refuse, unavailable};
use super::hop_by_hop;
use super::replay_body::{ReplayBody, Source};
use super::token_source::Found;
use super::upstream::{CloudHost, Upstream};
use crate::net::{PooledBody, SendError};
use crate::oauth::tokens_me::TOKENS_ME;

/// How long a host may take to begin its answer once it has the request, and
/// how long either side may pause within a body.
pub(super) const ANSWER: Duration = Duration::from_secs(120);

/// How often a request that a host did not begin with is sent once more. Each
/// time it meets a connection that has just come to its end, which two in a row
/// seldom are.
const REPEATS: u32 = 10;

impl ReverseProxy {
    /// Passes a request on to `host`, and its answer back. Never fails: where
    /// there is no answer to pass on, it is one of our own, of 4xx or 5xx.
    pub(crate) fn forward(
        &self,
        host: CloudHost,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> {
        self.carry(host, request.map(|body| RequestBody::Streaming(TimeoutBody::new(body, ANSWER))))
    }

    /// The same, where the body may be in our hands already. What it and those
    /// below hold is held by each request under way; an `async fn` holds what it
    /// is given twice.
    pub(super) fn carry(
        &self,
        host: CloudHost,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response<Body>> {
        let mut line = self.log.begin(&request, &*self.clock);
        let (head, body) = request.into_parts();
        async move {
            let reply = match self.upstreams.of(host) {
                Some(upstream) => self.pass(upstream, head, body, &mut line).await,
                None => refuse(StatusCode::NOT_FOUND, "the issuer's login host is not known"),
            };
            self.metrics.count_response(line.upstream_time(&*self.clock));
            self.log.write(&line, reply.status(), &*self.clock);
            reply
        }
    }

    fn pass(
        &self,
        upstream: &Upstream,
        mut head: Parts,
        body: RequestBody,
        line: &mut RequestLog,
    ) -> impl Future<Output = Response<Body>> {
        let ours = self.token_source.knows(&head.headers);
        let is_empty = body.is_end_stream() && head.headers.contains_key(CONTENT_LENGTH);
        hop_by_hop::pass_request(&mut head.headers);
        if is_empty {
            // The client that sends it would say nothing (RFC 9110 section 8.6).
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let addressed = upstream.address(&mut head);
        head.version = Version::HTTP_11;
        let body = ReplayBody::new(body, &self.budget);
        let source = body.source();
        async move {
            if let Err((status, why)) = addressed {
                return refuse(status, why);
            }
            if !ours {
                return self.attempt(upstream, &head, body, source.as_ref()).await;
            }
            let found = self.token_source.current().await;
            let (Found::Alive(used) | Found::Dead(used)) = &found;
            head.headers.insert(AUTHORIZATION, used.header.clone());
            line.swapped = true;
            let first = self.attempt(upstream, &head, body, source.as_ref()).await;
            if self.upstreams.is_api(upstream) && takes_the_token(&first) {
                self.token_source.was_used(used, &line.begun);
            }
            if first.status().is_success() && revokes(&head) {
                // It would be good for a 401 at most, here and from the cache.
                self.token_source.forget(used.clone());
            }
            let refused = first.status() == StatusCode::UNAUTHORIZED;
            if !refused || !matches!(first.body(), Body::Streaming(_)) {
                return first;
            }
            // Seldom, and so it takes no room in what every request takes.
            Box::pin(self.again(upstream, head, source, found, first, line)).await
        }
    }

    /// Sends a request again that was answered with a 401, if that can be done.
    async fn again(
        &self,
        upstream: &Upstream,
        mut head: Parts,
        source: Option<Source<RequestBody>>,
        found: Found,
        first: Response<Body>,
        line: &mut RequestLog,
    ) -> Response<Body> {
        self.metrics.count_unauthorized();
        let other = match found {
            Found::Alive(used) => self.token_source.replace(used).await,
            // That was tried before.
            Found::Dead(_) => None,
        };
        if other.is_none()
            && let Some(outage) = self.token_source.outage()
        {
            // To clients a 401 is final, and this is not.
            return unavailable(&outage);
        }
        let Some((current, body)) = other.zip(ReplayBody::again(source.as_ref())) else {
            self.metrics.count_unauthorized_forwarded();
            return first;
        };
        line.replayed = true;
        self.metrics.count_retry_after_401();
        head.headers.insert(AUTHORIZATION, current.header.clone());
        let second = self.attempt(upstream, &head, body, source.as_ref()).await;
        if second.status() == StatusCode::UNAUTHORIZED {
            self.metrics.count_unauthorized_forwarded();
        }
        second
    }

    /// Sends a request with one token, and gives what comes of it: an answer of
    /// the host, or one of our own.
    fn attempt<'a>(
        &'a self,
        upstream: &'a Upstream,
        head: &'a Parts,
        body: ReplayBody<RequestBody>,
        source: Option<&'a Source<RequestBody>>,
    ) -> impl Future<Output = Response<Body>> {
        let first = self.send(upstream, head, body, source);
        async move {
            let sent = match first.await {
                Err(Failed::Unanswered(unanswered)) if may_repeat(&unanswered, source) => {
                    // Seldom, as above.
                    Box::pin(self.repeat(upstream, head, source, unanswered)).await
                }
                sent => sent,
            };
            sent.unwrap_or_else(|failed| self.told(upstream, failed, source))
        }
    }

    /// Sends a request again that the host has not carried out, or of which it
    /// makes no difference, until there is an answer.
    async fn repeat(
        &self,
        upstream: &Upstream,
        head: &Parts,
        source: Option<&Source<RequestBody>>,
        mut unanswered: SendError,
    ) -> Result<Response<Body>, Failed> {
        let mut given_up = "the upstream closed each connection before it answered";
        for _ in 0..REPEATS {
            let Some(body) = ReplayBody::again(source) else {
                given_up = "the upstream closed the connection, and the body is no longer held";
                break;
            };
            self.metrics.count_retry_unprocessed();
            match self.send(upstream, head, body, source).await {
                Err(Failed::Unanswered(again)) if may_repeat(&again, source) => unanswered = again,
                sent => return sent,
            }
        }
        let why = anyhow::Error::from_boxed(unanswered.why).context(given_up);
        Err(Failed::Unanswered(SendError { why: why.into(), ..unanswered }))
    }

    /// Sends a request, once.
    fn send(
        &self,
        upstream: &Upstream,
        head: &Parts,
        body: ReplayBody<RequestBody>,
        source: Option<&Source<RequestBody>>,
    ) -> impl Future<Output = Result<Response<Body>, Failed>> {
        let request = Request::from_parts(head.clone(), body);
        let mut sending = Box::pin(upstream.pool.send(request));
        let moved = move || source.map_or(0, Source::moved);
        async move {
            loop {
                let before = moved();
                match self.answers.timeout(&mut sending).await {
                    Some(Ok(reply)) => return Ok(answered(reply)),
                    Some(Err(unanswered)) => return Err(Failed::Unanswered(unanswered)),
                    // A large upload takes its time.
                    None if moved() != before => {}
                    None => return Err(Failed::Late),
                }
            }
        }
    }

    /// What the client is told in place of an answer.
    fn told(
        &self,
        upstream: &Upstream,
        failed: Failed,
        source: Option<&Source<RequestBody>>,
    ) -> Response<Body> {
        let unanswered = match failed {
            Failed::Unanswered(unanswered) => unanswered,
            Failed::Late => {
                self.metrics.count_upstream_failure();
                let message = format!("no answer within {ANSWER:?}");
                return refuse(StatusCode::GATEWAY_TIMEOUT, &message);
            }
        };
        if let Some(why) = source.and_then(Source::broken) {
            let message = format!("the request's body is not complete: {why}");
            return refuse(StatusCode::BAD_REQUEST, &message);
        }
        self.metrics.count_upstream_failure();
        let why = chain(&*unanswered.why);
        refuse(StatusCode::BAD_GATEWAY, &format!("no answer from {}: {why}", upstream.name()))
    }
}

/// Why there is no answer.
enum Failed {
    Unanswered(SendError),
    /// The time is over.
    Late,
}

/// A host carries out no request of which the body has not begun to come.
fn may_repeat(unanswered: &SendError, source: Option<&Source<RequestBody>>) -> bool {
    let is_begun = source.is_none_or(Source::is_begun);
    unanswered.is_retryable || unanswered.is_dropped && !is_begun
}

/// The host's answer, ready for the client.
fn answered(reply: Response<PooledBody<ReplayBody<RequestBody>>>) -> Response<Body> {
    let (mut head, body) = reply.into_parts();
    hop_by_hop::pass_reply(&mut head.headers);
    head.version = Version::HTTP_11;
    head.extensions.clear();
    Response::from_parts(head, Body::Streaming(TimeoutBody::new(body, ANSWER)))
}

/// Returns whether an answer shows that the API took the request's token. One that limits
/// the rate or is in trouble may not have looked at it.
fn takes_the_token(reply: &Response<Body>) -> bool {
    let is_the_hosts = matches!(reply.body(), Body::Streaming(_));
    is_the_hosts && !matches!(reply.status().as_u16(), 401 | 407 | 429 | 500..)
}

/// Whether a request revokes the token that it presents.
fn revokes(head: &Parts) -> bool {
    head.method == Method::DELETE && head.uri.path().ends_with(TOKENS_ME)
}

/// What an error says, and what is behind it. The library's words hold neither
/// headers nor paths.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words: Vec<_> = anyhow::Chain::new(error).map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}
