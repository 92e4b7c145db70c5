//! The token request: sent, retried, and its response turned into a token.

mod body;
mod error;
mod excerpt;
mod minted_token;
mod request;
mod response;
mod retry;

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::time::Duration;

use hyper::Method;
use jiff::SignedDuration;

use crate::clock::{OffsetEstimate, Reading};
use crate::config::Issuer;
use crate::context::{Clock, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::{HttpClient, HttpRequest, Session};
use crate::token::{Token, implausible_at_genesys_cloud};

use request::PreparedRequest;
pub use request::TokenRequest;
use response::ResponseReader;
#[cfg(fuzzing)]
pub(crate) use response::fuzz as fuzz_response;
use retry::{AttemptError, GiveUpReason, RetryDecision, Retryable};

/// Requests a new token, with retries within the network's time limit. `issuer_clock` is what
/// earlier responses proved of the issuer's clock.
///
/// Blocks: must not be called from a thread that runs an asynchronous runtime.
///
/// # Errors
/// `CredentialsRefused`, `Unavailable`, `RateLimited`, `Lifetime` or `Configuration`, each
/// with the issuer's error code and description if it sent any.
pub fn mint(
    session: &Session<'_>,
    request: &TokenRequest<'_>,
    issuer_clock: Option<&OffsetEstimate>,
) -> Result<Token> {
    let region = request.issuer.region;
    let request = PreparedRequest::new(request)?;
    let Session { network, context, .. } = *session;
    let budget = network.timeout;
    let client = HttpClient::new(&request.url, "no token from", budget, session)?;
    let mint = Mint {
        request: &request,
        client: &client.knowing(issuer_clock),
        budget,
        clock: &*context.clock,
        reporter: &context.reporter,
        progress: RefCell::default(),
        issuer_clock: RefCell::new(issuer_clock.cloned()),
    };
    let token = session.block_on(budget, mint.run())?;
    let token = token.unwrap_or_else(|| Err(mint.timed_out()))?;
    let lifetime = token.validity.lifetime;
    if let Some(warning) = region.and_then(|_| implausible_at_genesys_cloud(lifetime)) {
        context.reporter.warn(warning);
    }
    Ok(token)
}

/// Measures the issuer's clock by a request without credentials. `None` if the response,
/// whatever its status, has no usable `Date`.
///
/// # Errors
/// `Unavailable` if the issuer cannot be reached.
pub fn measure_clock(
    session: &Session<'_>,
    issuer: &Issuer,
    limit: Duration,
) -> Result<Option<OffsetEstimate>> {
    let url = request::parse_token_url(&issuer.token_url)?;
    let client = HttpClient::new(&url, "cannot read the clock of", limit, session)?;
    let round_trip = client.round_trip(&HttpRequest::new(Method::HEAD), limit)?;
    Ok(round_trip.clock_offset())
}

struct Mint<'a> {
    request: &'a PreparedRequest,
    client: &'a HttpClient<'a>,
    budget: Duration,
    clock: &'a dyn Clock,
    reporter: &'a Reporter,
    progress: RefCell<Progress>,
    /// The estimate by all responses so far.
    issuer_clock: RefCell<Option<OffsetEstimate>>,
}

#[derive(Default)]
struct Progress {
    /// The number of the current attempt, from 1.
    attempt: u32,
    previous_error: Option<AttemptError>,
}

impl Mint<'_> {
    async fn run(&self) -> Result<Token> {
        let start = self.clock.read();
        // Together, the attempts may take long.
        let _minting = self.reporter.activity(self.request_text(1));
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.progress.borrow_mut().attempt = attempt;
            let requesting = self.reporter.activity(self.request_text(attempt));
            let failed = match self.attempt(attempt).await {
                Ok(token) => return Ok(token),
                Err(failed) => failed,
            };
            drop(requesting);
            let elapsed = time_between(&start, &self.clock.read());
            match retry::decide(attempt, failed.retry, elapsed, self.budget, fastrand::f64()) {
                RetryDecision::GiveUp(reason) => return Err(self.final_error(failed, reason)),
                RetryDecision::Retry(wait) => {
                    let cause = failed.error.cause.as_deref().unwrap_or_default();
                    self.reporter
                        .info(format_args!("attempt {attempt}: {cause}; retrying in {wait:.1?}"));
                    let _waiting =
                        self.reporter.activity(self.wait_text(failed.error.kind, attempt));
                    self.progress.borrow_mut().previous_error = Some(failed);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn request_text(&self, attempt: u32) -> String {
        let host = self.request.host();
        match attempt {
            1 => format!("requesting a token from {host}"),
            _ => format!("requesting a token from {host} ... attempt {attempt}"),
        }
    }

    fn wait_text(&self, kind: Kind, attempt: u32) -> String {
        let host = self.request.host();
        match kind {
            Kind::RateLimited => format!("waiting for the rate limit of {host}"),
            _ => format!("waiting before attempt {} to get a token from {host}", attempt + 1),
        }
    }

    async fn attempt(&self, attempt: u32) -> Result<Token, AttemptError> {
        let host = self.request.host();
        self.reporter.debug(format_args!("requesting a token from {host} (attempt {attempt})"));
        let round_trip = self.client.send(&self.request.to_http()).await?;
        let elapsed = time_between(&round_trip.sent, &round_trip.received);
        self.reporter.debug(format_args!("HTTP {} after {elapsed:.1?}", round_trip.reply.status));
        let reader = ResponseReader { host: &host, secrets: &self.request.secrets };
        if let Some(estimate) = round_trip.clock_offset() {
            let narrowed = estimate.intersect(self.issuer_clock.borrow().as_ref());
            self.issuer_clock.replace(Some(narrowed));
        }
        minted_token::read(&reader, round_trip, self.issuer_clock.borrow().clone())
    }

    fn final_error(&self, failed: AttemptError, reason: GiveUpReason) -> Error {
        let mut error = failed.error;
        if let (Kind::CredentialsRefused, Some(flaws)) = (error.kind, &self.request.flaws) {
            // A visible mistake is a better hint than the usual one.
            error = error.with_hint(flaws.as_str());
        }
        let attempts = self.progress.borrow().attempt;
        if attempts > 1 {
            error.message = format!("{} after {attempts} attempts", error.message);
        }
        if let (Kind::RateLimited, Retryable::After(wait)) = (error.kind, failed.retry) {
            error.retry_after = u32::try_from(wait.as_secs()).ok().and_then(NonZeroU32::new);
        }
        if let GiveUpReason::Timeout(wait) = reason {
            let cause = error.cause.unwrap_or_default();
            error.cause = Some(format!(
                "{cause}; the next attempt in {wait:.1?} would be past the time limit of {:?}",
                self.budget
            ));
        }
        error
    }

    fn timed_out(&self) -> Error {
        let Progress { attempt, previous_error } = self.progress.take();
        let message = format!("no token from {} within {:?}", self.request.host(), self.budget);
        let pending = format!("no complete response to attempt {attempt}");
        let error = match previous_error.map(|failed| failed.error) {
            None => Error::new(Kind::Unavailable, message).with_cause(pending),
            Some(Error { kind, cause, .. }) => {
                let cause = cause.unwrap_or_default();
                Error::new(kind, message).with_cause(format!("{pending}; before that: {cause}"))
            }
        };
        error.with_hint("check the network, or allow more time with --timeout")
    }
}

/// Both readings are of this process, hence of one boot.
fn time_between(earlier: &Reading, later: &Reading) -> Duration {
    let time = later.boot.saturating_sub(earlier.boot);
    time.max(SignedDuration::ZERO).try_into().unwrap_or_default()
}
