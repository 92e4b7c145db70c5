//! The token endpoint: one request, its reply, and when to try again.

mod body;
mod error;
mod minted;
mod request;
mod response;
mod retry;
pub mod tokens_me;

use std::cell::RefCell;
use std::time::Duration;

use hyper::Method;
use jiff::SignedDuration;
use secrecy::SecretString;

use crate::clock::{OffsetEstimate, Reading};
use crate::config::{ClientAuth, Issuer};
use crate::context::{Clock, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::{HttpClient, HttpRequest, Session};
use crate::token::{Token, implausible_at_genesys_cloud};

use request::Prepared;
use response::Reader;
#[cfg(fuzzing)]
pub(crate) use response::fuzz as fuzz_reply;
use retry::{Failure, GiveUp, Next};

/// What is sent to the token endpoint (RFC 6749 section 4.4.2).
pub struct TokenRequest<'a> {
    /// The authorization server.
    pub issuer: &'a Issuer,
    /// The client's id.
    pub client_id: &'a str,
    /// The client's secret.
    pub client_secret: &'a SecretString,
    /// How both are presented.
    pub auth: ClientAuth,
}

/// Asks for a new token, within the network's time limit. The environment decides about
/// proxies (`HTTPS_PROXY` and its kin) and about trusted certificates
/// (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
///
/// `known` is what earlier contacts showed of the issuer's clock.
///
/// Blocks: the asynchronous runtime it needs exists only inside. To be called
/// from a thread that runs no other one.
///
/// # Errors
/// `CredentialsRefused`, `Unavailable`, `RateLimited`, `Lifetime` or
/// `Configuration`, each with the issuer's own words where it gave any.
pub fn mint(
    session: &Session<'_>,
    request: &TokenRequest<'_>,
    known: Option<&OffsetEstimate>,
) -> Result<Token> {
    let region = request.issuer.region;
    let request = Prepared::new(request)?;
    let Session { network, context, .. } = *session;
    let budget = network.timeout;
    let client = HttpClient::new(&request.url, "no token from", budget, session)?.knowing(known);
    let minting = Minting {
        request: &request,
        client: &client,
        budget,
        clock: &*context.clock,
        reporter: &context.reporter,
        last: RefCell::default(),
        issuer: RefCell::new(known.cloned()),
    };
    let token = session.block_on(budget, minting.attempts())?;
    let token = token.unwrap_or_else(|| Err(minting.out_of_time()))?;
    if let Some(warning) =
        region.and_then(|_| implausible_at_genesys_cloud(token.validity.lifetime))
    {
        context.reporter.warn(warning);
    }
    Ok(token)
}

/// Asks for nothing but the time: a request without credentials, whose answer,
/// whatever it is, shows the issuer's clock. `None` where it has no `Date`.
///
/// # Errors
/// `Unavailable` when the issuer cannot be reached.
pub fn measure_clock(
    session: &Session<'_>,
    issuer: &Issuer,
    limit: Duration,
) -> Result<Option<OffsetEstimate>> {
    let url = request::endpoint(&issuer.token_url)?;
    let client = HttpClient::new(&url, "cannot read the clock of", limit, session)?;
    let round_trip = client.round_trip(&HttpRequest::new(Method::HEAD), limit)?;
    Ok(round_trip.clock_offset())
}

/// One mint, with all its attempts.
struct Minting<'a> {
    request: &'a Prepared,
    client: &'a HttpClient<'a>,
    budget: Duration,
    clock: &'a dyn Clock,
    reporter: &'a Reporter,
    /// The attempt in progress (from 1), and the failure before it.
    last: RefCell<(u32, Option<Failure>)>,
    /// What all replies so far proved of the issuer's clock.
    issuer: RefCell<Option<OffsetEstimate>>,
}

impl Minting<'_> {
    async fn attempts(&self) -> Result<Token> {
        let start = self.clock.read();
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.last.borrow_mut().0 = attempt;
            let failure = match self.attempt(attempt).await {
                Ok(token) => return Ok(token),
                Err(failure) => failure,
            };
            let elapsed = since(&start, &self.clock.read());
            match retry::next(attempt, failure.again, elapsed, self.budget, fastrand::f64()) {
                Next::GiveUp(why) => return Err(self.given_up(failure, attempt, why)),
                Next::Retry(wait) => {
                    let cause = failure.error.cause.as_deref().unwrap_or_default();
                    self.reporter.info(format_args!(
                        "attempt {attempt}: {cause}; trying again in {wait:.1?}"
                    ));
                    self.last.borrow_mut().1 = Some(failure);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn attempt(&self, attempt: u32) -> Result<Token, Failure> {
        let host = self.request.host();
        self.reporter.debug(format_args!("asking {host} for a token (attempt {attempt})"));
        let round_trip = self.client.send(&self.request.to_http()).await?;
        let took = since(&round_trip.sent, &round_trip.received);
        self.reporter.debug(format_args!("HTTP {} after {took:.1?}", round_trip.reply.status));
        let reader = Reader { host: &host, secrets: &self.request.secrets };
        if let Some(measure) = round_trip.clock_offset() {
            let joined = measure.intersect(self.issuer.borrow().as_ref());
            self.issuer.replace(Some(joined));
        }
        minted::token(&reader, round_trip, self.issuer.borrow().clone())
    }

    fn given_up(&self, failure: Failure, attempts: u32, why: GiveUp) -> Error {
        let mut error = failure.error;
        if let (Kind::CredentialsRefused, Some(flaws)) = (error.kind, &self.request.flaws) {
            // What can be seen goes before what is usual.
            error = error.with_hint(flaws.as_str());
        }
        if attempts > 1 {
            error.message = format!("{} after {attempts} attempts", error.message);
        }
        if let GiveUp::NoTime(wait) = why {
            let cause = error.cause.unwrap_or_default();
            error.cause = Some(format!(
                "{cause}; the next attempt in {wait:.1?} would be past the time limit of {:?}",
                self.budget
            ));
        }
        error
    }

    /// The time limit struck in the middle of an attempt, or of a wait.
    fn out_of_time(&self) -> Error {
        let (attempt, last) = self.last.take();
        let host = self.request.host();
        let what = format!("no token from {host} within {:?}", self.budget);
        let hint = "check the network, or allow more time with --timeout";
        let pending = format!("no complete reply to attempt {attempt}");
        match last.map(|failure| failure.error) {
            None => Error::new(Kind::Unavailable, what).with_cause(pending),
            Some(Error { kind, cause, .. }) => {
                let cause = cause.unwrap_or_default();
                Error::new(kind, what).with_cause(format!("{pending}; before that: {cause}"))
            }
        }
        .with_hint(hint)
    }
}

/// Time between two readings of one process, hence of one boot.
fn since(earlier: &Reading, later: &Reading) -> Duration {
    let time = later.boot.saturating_sub(earlier.boot);
    time.max(SignedDuration::ZERO).try_into().unwrap_or_default()
}
