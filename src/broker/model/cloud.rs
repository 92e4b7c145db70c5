//! An issuer and an API on the true time line, each with a clock of its own.

use std::cell::{Cell, RefCell};

use jiff::{SignedDuration, Timestamp};

use super::runner::{Runner, START, millis};
use crate::broker::Remote;
use crate::clock::{OffsetEstimate, Reading};
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, ExpiresIn, Token, TokenValidity, min_lifetime};

/// What an issuer and an API are like. Times are milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) issuer_ahead: i64,
    /// The API's clock minus the issuer's.
    pub(super) lead: i64,
    /// Seconds.
    pub(super) lifetime: i64,
    pub(super) jwt: bool,
    /// Whether replies hold `expires_in`.
    pub(super) stated: bool,
    /// Whether replies hold `Date`.
    pub(super) dated: bool,
    /// A request's way there, and the reply's way back.
    pub(super) ways: (i64, i64),
}

/// Both, and the tokens that they know.
pub(super) struct Cloud<'a> {
    pub(super) plan: Plan,
    runner: &'a Runner,
    tokens: RefCell<Vec<Life>>,
    pub(super) issuer_is_down: Cell<bool>,
    pub(super) api_is_down: Cell<bool>,
}

/// From when to when a token is good, on the issuer's clock.
#[derive(Clone, Copy)]
struct Life {
    starts: Option<Timestamp>,
    ends: Timestamp,
}

impl<'a> Cloud<'a> {
    pub(super) fn new(plan: Plan, runner: &'a Runner) -> Self {
        Cloud {
            plan,
            runner,
            tokens: RefCell::default(),
            issuer_is_down: false.into(),
            api_is_down: false.into(),
        }
    }

    /// Tokens made so far.
    pub(super) fn mints(&self) -> usize {
        self.tokens.borrow().len()
    }

    /// How long the token lives from now on: by the issuer's clock, and by the
    /// API's, which judges.
    pub(super) fn left(&self, token: &AccessToken) -> (SignedDuration, SignedDuration) {
        let ends = self.life(token).ends;
        let by = |clock: Timestamp| ends.duration_since(clock);
        (by(self.issuer_shows()), by(self.api_shows()))
    }

    fn life(&self, token: &AccessToken) -> Life {
        self.tokens.borrow()[token.expose().parse::<usize>().unwrap()]
    }

    fn issuer_shows(&self) -> Timestamp {
        let start = Timestamp::from_second(START).unwrap();
        start + self.runner.truth() + millis(self.plan.issuer_ahead)
    }

    fn api_shows(&self) -> Timestamp {
        self.issuer_shows() + millis(self.plan.lead)
    }

    /// A request, what is done at its other end, and the reply.
    fn contact<T>(
        &self,
        answer: impl FnOnce() -> (T, Timestamp),
    ) -> (Reading, T, Option<OffsetEstimate>) {
        use crate::context::Clock;
        let sent = self.runner.read();
        self.runner.pass(millis(self.plan.ways.0));
        let (answer, date) = answer();
        self.runner.pass(millis(self.plan.ways.1));
        let received = self.runner.read();
        let date = self.plan.dated.then_some(date);
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
    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token> {
        if self.issuer_is_down.get() {
            return Err(down());
        }
        let (sent, life, clock) = self.contact(|| {
            let now = self.issuer_shows();
            let whole_life = SignedDuration::from_secs(self.plan.lifetime);
            let life = match self.plan.jwt {
                true => Life { starts: Some(whole(now)), ends: whole(now) + whole_life },
                false => Life { starts: None, ends: now + whole_life },
            };
            (life, now)
        });
        self.tokens.borrow_mut().push(life);
        let issuer = clock.map(|clock| clock.intersect(known));
        let stated = self.plan.stated.then_some(ExpiresIn(self.plan.lifetime));
        let claimed = self.plan.jwt.then_some(life.ends);
        let lifetime = min_lifetime(stated, claimed, issuer.as_ref(), &sent)
            .map_err(|error| Error::new(Kind::Lifetime, error.to_string()))?;
        Ok(Token {
            access_token: AccessToken::new((self.mints() - 1).to_string()),
            validity: TokenValidity::new(sent, lifetime, life.starts, issuer),
        })
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        if self.issuer_is_down.get() {
            return Err(down());
        }
        Ok(self.contact(|| ((), self.issuer_shows())).2)
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        if self.api_is_down.get() {
            return Err(down());
        }
        let (sent, status, clock) = self.contact(|| {
            let (now, life) = (self.api_shows(), self.life(token));
            let good = now < life.ends && life.starts.is_none_or(|start| start <= now);
            let status = match good {
                true => TokenStatus::Accepted,
                false => TokenStatus::Rejected,
            };
            (status, now)
        });
        let used = (status == TokenStatus::Accepted).then_some(sent);
        Ok(TokenCheck { status, clock, used })
    }
}
