//! A simulated issuer and API, each with a clock of its own.

use std::cell::{Cell, RefCell};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::runner::{Runner, START, millis};
use crate::broker::Remote;
use crate::clock::{OffsetEstimate, Reading};
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, ExpiresIn, Token, TokenValidity, min_lifetime};

/// Times are milliseconds.
#[derive(Debug, Clone)]
pub(super) struct CloudConfig {
    pub(super) issuer_ahead: i64,
    /// The API's clock minus the issuer's.
    pub(super) lead: i64,
    /// Seconds.
    pub(super) lifetime: i64,
    pub(super) jwt: bool,
    /// Responses have `expires_in`.
    pub(super) stated: bool,
    /// Responses have `Date`.
    pub(super) dated: bool,
    /// The transit times of a request and of its response.
    pub(super) ways: (i64, i64),
}

pub(super) struct Cloud<'a> {
    pub(super) config: CloudConfig,
    runner: &'a Runner,
    tokens: RefCell<Vec<ValidPeriod>>,
    pub(super) issuer_is_down: Cell<bool>,
    pub(super) api_is_down: Cell<bool>,
}

/// On the issuer's clock.
#[derive(Clone, Copy)]
struct ValidPeriod {
    starts: Option<Timestamp>,
    ends: Timestamp,
}

impl<'a> Cloud<'a> {
    pub(super) fn new(config: CloudConfig, runner: &'a Runner) -> Self {
        Cloud {
            config,
            runner,
            tokens: RefCell::default(),
            issuer_is_down: false.into(),
            api_is_down: false.into(),
        }
    }

    pub(super) fn mints(&self) -> usize {
        self.tokens.borrow().len()
    }

    /// The remaining lifetime by the issuer's clock, and by the API's, which judges.
    pub(super) fn left(&self, token: &AccessToken) -> (SignedDuration, SignedDuration) {
        let ends = self.period(token).ends;
        let by = |clock: Timestamp| ends.duration_since(clock);
        (by(self.issuer_time()), by(self.api_time()))
    }

    fn period(&self, token: &AccessToken) -> ValidPeriod {
        self.tokens.borrow()[token.expose().parse::<usize>().unwrap()]
    }

    fn issuer_time(&self) -> Timestamp {
        let start = Timestamp::from_second(START).unwrap();
        start + self.runner.truth() + millis(self.config.issuer_ahead)
    }

    fn api_time(&self) -> Timestamp {
        self.issuer_time() + millis(self.config.lead)
    }

    fn round_trip<T>(
        &self,
        answer: impl FnOnce() -> (T, Timestamp),
    ) -> (Reading, T, Option<OffsetEstimate>) {
        use crate::context::Clock;
        let sent = self.runner.read();
        self.runner.pass(millis(self.config.ways.0));
        let (answer, date) = answer();
        self.runner.pass(millis(self.config.ways.1));
        let received = self.runner.read();
        let date = self.config.dated.then_some(date);
        let clock =
            date.and_then(|date| OffsetEstimate::from_date_header(&sent, &received, whole(date)));
        (sent, answer, clock)
    }
}

fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap()
}

fn down() -> Error {
    Error::new(Kind::Unavailable, "out of reach")
}

impl Remote for Cloud<'_> {
    fn client_secret(&self) -> Result<SecretString> {
        Ok("secret".into())
    }

    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token> {
        if self.issuer_is_down.get() {
            return Err(down());
        }
        let (sent, period, clock) = self.round_trip(|| {
            let now = self.issuer_time();
            let whole_life = SignedDuration::from_secs(self.config.lifetime);
            let period = if self.config.jwt {
                ValidPeriod { starts: Some(whole(now)), ends: whole(now) + whole_life }
            } else {
                ValidPeriod { starts: None, ends: now + whole_life }
            };
            (period, now)
        });
        self.tokens.borrow_mut().push(period);
        let issuer = clock.map(|clock| clock.intersect(known));
        let stated = self.config.stated.then_some(ExpiresIn(self.config.lifetime));
        let claimed = self.config.jwt.then_some(period.ends);
        let lifetime = min_lifetime(stated, claimed, issuer.as_ref(), &sent)
            .map_err(|error| Error::new(Kind::Lifetime, error.to_string()))?;
        Ok(Token {
            access_token: AccessToken::new((self.mints() - 1).to_string()),
            validity: TokenValidity::new(sent, lifetime, period.starts, issuer),
        })
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        if self.issuer_is_down.get() {
            return Err(down());
        }
        Ok(self.round_trip(|| ((), self.issuer_time())).2)
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        if self.api_is_down.get() {
            return Err(down());
        }
        let (sent, status, clock) = self.round_trip(|| {
            let (now, period) = (self.api_time(), self.period(token));
            let good = now < period.ends && period.starts.is_none_or(|start| start <= now);
            let status = if good { TokenStatus::Accepted } else { TokenStatus::Rejected };
            (status, now)
        });
        let used = (status == TokenStatus::Accepted).then_some(sent);
        Ok(TokenCheck { status, clock, used })
    }
}
