//! Sends a request again that the upstream refused because of its token: with 401 because the
//! token is not valid, with 429 because of a rate limit. Neither carries anything out.

use std::time::Duration;

use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::is_refusal;
use crate::proxy::access_log::LogEntry;
use crate::proxy::body::{RequestBody, ResponseBody};
use crate::proxy::error_response::token_unavailable;
use crate::proxy::event_log::ProxyEventKind;
use crate::proxy::metrics::RateLimitOutcome;
use crate::proxy::rate_limit_response::{rate_limited, read_cause, reset_time, with_reset};
use crate::proxy::replay_body::{ReplayBody, SharedBody};
use crate::proxy::reverse_proxy::ReverseProxy;
use crate::proxy::token_pool::{
    AcquiredToken, Acquisition, RateLimitCause, Rejection, RequestScope,
};
use crate::proxy::upstream::Upstream;

struct RefusedRequest<'a> {
    upstream: &'a Upstream,
    head: Parts,
    body: Option<SharedBody<RequestBody>>,
    token: AcquiredToken,
    /// The token before, if the request was refused with that, too.
    before: Option<AcquiredToken>,
    /// A rejected token was replaced, which is tried once.
    is_replaced: bool,
}

/// Shorter waits than a round trip are not told.
const NOTICEABLE: Duration = Duration::from_millis(10);

enum Retry {
    /// If the body is no longer buffered, the client gets the response.
    With(AcquiredToken, Response<ResponseBody>),
    Not(Response<ResponseBody>),
}

impl ReverseProxy {
    /// Waits for the rate limit, or for an expired token to be refreshed.
    ///
    /// # Errors
    /// The time until the next token opens, if that is too long.
    pub(super) async fn wait_for_token(
        &self,
        acquisition: Option<Acquisition>,
        entry: &mut LogEntry,
    ) -> Result<AcquiredToken, Duration> {
        match acquisition {
            Some(Acquisition::Acquired(token)) => return Ok(token),
            Some(Acquisition::Expired(member)) => {
                return Ok(self.token_pool.refreshed(member).await);
            }
            Some(Acquisition::Busy(_)) | None => {}
        }
        let limit = self.token_pool.rate_wait().saturating_sub(entry.waited);
        let begun = self.clock.read();
        let acquired = self.token_pool.acquire_within(limit).await;
        let waited = self.clock.read().boot.saturating_sub(begun.boot).unsigned_abs();
        if waited >= NOTICEABLE {
            entry.waited += waited;
            self.metrics.count_rate_limit_wait(waited);
            self.events.record(ProxyEventKind::Delayed(waited), begun);
        }
        acquired
    }

    pub(super) fn no_token_in_time(&self, opening: Duration) -> Response<ResponseBody> {
        self.metrics.count_rate_limit_timeout();
        self.events.record(ProxyEventKind::NoTokenInTime, self.clock.read());
        rate_limited(opening)
    }

    /// Sends a request again with other tokens, until one of them is not refused.
    pub(super) async fn retry_refused(
        &self,
        upstream: &Upstream,
        head: Parts,
        body: Option<SharedBody<RequestBody>>,
        token: AcquiredToken,
        mut response: Response<ResponseBody>,
        entry: &mut LogEntry,
    ) -> Response<ResponseBody> {
        let mut request =
            RefusedRequest { upstream, head, body, token, before: None, is_replaced: false };
        loop {
            let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
            let retry = if is_unauthorized {
                self.after_401(&mut request, response, entry).await
            } else {
                self.after_429(&request, response, entry).await
            };
            let (next, refused) = match retry {
                Retry::With(next, refused) => (next, refused),
                Retry::Not(response) => return response,
            };
            let Some(body) = ReplayBody::replay(request.body.as_ref()) else {
                self.count_forwarded(&refused);
                return refused;
            };
            if is_unauthorized {
                entry.replayed = true;
                self.metrics.count_retry_after_401();
            } else {
                entry.resent = true;
                self.metrics.count_rate_limited(RateLimitOutcome::Resent);
            }
            request.before = Some(std::mem::replace(&mut request.token, next));
            let RefusedRequest { upstream, head, body: shared, token, .. } = &mut request;
            response = self.send_with(upstream, head, token, body, shared.as_ref(), entry).await;
            if !is_refusal(&response) {
                return response;
            }
        }
    }

    async fn after_401(
        &self,
        request: &mut RefusedRequest<'_>,
        response: Response<ResponseBody>,
        entry: &mut LogEntry,
    ) -> Retry {
        let RefusedRequest { token, is_replaced, .. } = request;
        if !entry.replayed {
            self.metrics.count_unauthorized();
            self.events.record(ProxyEventKind::Unauthorized, self.clock.read());
        }
        if !self.token_pool.is_worth_replacing(token).await {
            return match self.acquire(entry).await {
                Ok(next) => Retry::With(next, response),
                Err(opening) => Retry::Not(self.no_token_in_time(opening)),
            };
        }
        if std::mem::replace(is_replaced, true) {
            self.count_forwarded(&response);
            return Retry::Not(response);
        }
        let replacement = if token.is_expired {
            // A refresh has just failed.
            None
        } else {
            self.token_pool.replace_rejected(token).await
        };
        match replacement.or_else(|| self.token_pool.other_than(&token.source)) {
            Some(next) => Retry::With(next, response),
            None => match token.source.outage() {
                // Clients treat a 401 as final.
                Some(outage) => Retry::Not(token_unavailable(&outage)),
                None => {
                    self.count_forwarded(&response);
                    Retry::Not(response)
                }
            },
        }
    }

    async fn after_429(
        &self,
        request: &RefusedRequest<'_>,
        response: Response<ResponseBody>,
        entry: &mut LogEntry,
    ) -> Retry {
        let RefusedRequest { upstream, head, body, token, before, .. } = request;
        if !self.upstreams.is_api(upstream) {
            return Retry::Not(response);
        }
        let reset = reset_time(response.headers(), self.clock.read().wall);
        let (named_cause, response) = read_cause(response).await;
        let scope = RequestScope::of_service(&head.method, upstream.relative_path(head));
        let rejection =
            Rejection { token, scope: &scope, named_cause, reset, before: before.as_ref() };
        let cause = self.token_pool.judge(&rejection).await;
        if cause == RateLimitCause::Shared {
            self.count_forwarded(&response);
            return Retry::Not(response);
        }
        let is_replayable = body.as_ref().is_none_or(SharedBody::is_replayable);
        let next = if is_replayable {
            self.acquire(entry).await
        } else {
            Err(self.token_pool.next_opening())
        };
        match next {
            Ok(next) => Retry::With(next, response),
            Err(opening) => {
                self.count_forwarded(&response);
                Retry::Not(with_reset(response, opening))
            }
        }
    }

    async fn acquire(&self, entry: &mut LogEntry) -> Result<AcquiredToken, Duration> {
        let acquisition = self.token_pool.acquire_now(&self.clock.read());
        self.wait_for_token(acquisition, entry).await
    }

    fn count_forwarded(&self, refused: &Response<ResponseBody>) {
        match refused.status() {
            StatusCode::UNAUTHORIZED => self.metrics.count_unauthorized_forwarded(),
            _ => self.metrics.count_rate_limited(RateLimitOutcome::Forwarded),
        }
    }
}
