//! Gets a token from the store that machines share, or mints it in this machine's turn.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::verify::NewToken;
use super::{Broker, messages};
use crate::clock::{OffsetEstimate, Reading};
use crate::config::StoreSettings;
use crate::error::{Error, Result};
use crate::store::{
    Decision, Record, SharedFailure, SharedToken, SingleFlight, Slot, SlotReading, Store,
    StoreClient, StoreError, StoreFault, Turn,
};
use crate::token::{AccessToken, Token};

pub(super) enum Obtained {
    /// Another machine has minted it, or the store had it already.
    Shared(Token),
    /// Of this machine or, if it is too short in any case, of another.
    New(NewToken),
}

enum SharedCheck {
    Good(Box<Token>),
    Rejected,
    /// Too short, or nobody could be asked.
    Unknown,
}

enum FlightError {
    Store(StoreError),
    /// Of the mint, on this machine or on another.
    Mint(Error),
}

/// The longest wait before a mint without the store, so that machines that lose it at one moment
/// do not all mint at that moment.
const MAX_JITTER: Duration = Duration::from_millis(500);

impl Broker<'_> {
    /// Gets a token that is fresh and not `rejected`.
    ///
    /// # Errors
    /// Those of a mint; with `--store-required`, `Unavailable` if the store cannot be reached;
    /// `Configuration` if the store refuses.
    pub(super) fn share_or_mint(
        &self,
        start: &Reading,
        rejected: Option<&AccessToken>,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained> {
        let (Some(store), Some(settings)) = (self.store, &self.settings.store) else {
            return self.mint_verified(issuer_clock).map(Obtained::New);
        };
        let flown = self.fly(store, settings, start, rejected, issuer_clock);
        match flown {
            Ok(obtained) => Ok(obtained),
            Err(FlightError::Mint(error)) => Err(error),
            Err(FlightError::Store(failure)) => {
                self.mint_without_store(failure, settings, issuer_clock).map(Obtained::New)
            }
        }
    }

    fn fly(
        &self,
        store: &dyn Store,
        settings: &StoreSettings,
        start: &Reading,
        rejected: Option<&AccessToken>,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained, FlightError> {
        let secret = self.remote.client_secret()?;
        let secret = secret.expose_secret().as_bytes();
        let (clock, client) = (self.clock, self.settings);
        let client = &StoreClient { store, settings, clock, client, secret };
        let obtained = self.fly_slot(client, start, rejected, issuer_clock)?;
        self.announce_slot(client);
        Ok(obtained)
    }

    fn fly_slot(
        &self,
        client: &StoreClient<'_>,
        start: &Reading,
        rejected: Option<&AccessToken>,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained, FlightError> {
        let settings = client.settings;
        let slot = client.slot(self.settings.cache.slot);
        let (policy, first_wait) = (self.policy(), settings.location.poll_interval());
        let mut flight = SingleFlight::new(policy, start.clone(), rejected.cloned(), first_wait);
        let mut waited = Duration::ZERO;
        loop {
            let reading = slot.read()?;
            if reading.is_unusable {
                self.reporter.warn(messages::unusable_record(settings));
            }
            let now = self.clock.read();
            let wait = match flight.decide(reading.view(), &now, fastrand::f64()) {
                Decision::Use(token) => {
                    if let Some(rejected) = rejected {
                        self.evict_from_pool(client, &reading, rejected);
                    }
                    return Ok(self.shared(self.pick_slot(client, &reading, *token)));
                }
                Decision::RefreshEarly(token) => {
                    return self.refresh_early(&slot, &reading, *token, issuer_clock);
                }
                Decision::Check(token) => {
                    match self.check_shared(&slot, &reading, &token) {
                        SharedCheck::Good(token) => return Ok(self.shared(*token)),
                        SharedCheck::Rejected => flight.reject(token.access_token),
                        SharedCheck::Unknown => flight.pass_over(token.access_token),
                    }
                    continue;
                }
                Decision::TooShort(token) => {
                    let new = NewToken { token: *token, unverified_because: None };
                    return Ok(Obtained::New(new));
                }
                Decision::TakeTurn => {
                    let earlier = flight.unconfirmed_failure(reading.view(), &now);
                    let is_rejected = flight.is_rejected(reading.view());
                    match slot.take_turn(&reading, is_rejected) {
                        Ok(Some(turn)) => return self.mint_in_turn(turn, earlier, issuer_clock),
                        Ok(None) => flight.next_wait(fastrand::f64()),
                        Err(failure) => {
                            return self.mint_beside_turn(&slot, failure, settings, issuer_clock);
                        }
                    }
                }
                Decision::Wait(wait) => wait,
                Decision::Fail(error) => return Err(FlightError::Mint(error)),
            };
            if waited >= self.settings.cache.lock_timeout {
                return Err(FlightError::Store(messages::turn_timed_out(settings, waited)));
            }
            let message = messages::waiting_for_turn(settings);
            if waited.is_zero() {
                self.reporter.info(&message);
            }
            let _activity = self.reporter.activity(message);
            slot.wait(wait);
            waited += wait;
        }
    }

    fn shared(&self, token: Token) -> Obtained {
        let verdict = self.policy().judge(&token.validity, &self.clock.read());
        self.reporter.info(format_args!("token from the store: {verdict}"));
        Obtained::Shared(token)
    }

    /// Asks the API, else the issuer's clock, about a token of another machine.
    fn check_shared(&self, slot: &Slot<'_>, reading: &SlotReading, token: &Token) -> SharedCheck {
        self.reporter.info(messages::DOUBTFUL_SHARED_TOKEN);
        let revalidation = self.revalidate(token);
        let Some(validity) = revalidation.fresh else {
            let is_rejected = revalidation.is_rejected;
            return if is_rejected { SharedCheck::Rejected } else { SharedCheck::Unknown };
        };
        let token = Token { access_token: token.access_token.clone(), validity };
        slot.correct(reading, token.clone());
        SharedCheck::Good(token.into())
    }

    fn refresh_early(
        &self,
        slot: &Slot<'_>,
        reading: &SlotReading,
        token: Token,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained, FlightError> {
        let turn = match slot.take_turn(reading, false) {
            Ok(Some(turn)) => turn,
            Ok(None) => return Ok(self.shared(token)),
            Err(failure) => {
                if failure.fault.may_have_effect() {
                    slot.end_unknown_turn(|turn, _| Record { turn: None, ..turn.clone() });
                }
                return Ok(self.shared(token));
            }
        };
        self.mint_in_turn(turn, None, issuer_clock).or_else(|_| Ok(self.shared(token)))
    }

    fn mint_in_turn(
        &self,
        turn: Turn<'_, '_>,
        earlier: Option<&SharedFailure>,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained, FlightError> {
        self.reporter.debug("minting for all machines that share the store");
        let minted = turn.renew_during(|| self.mint_verified(issuer_clock));
        let record = record_of(&minted, turn.record(), turn.reading().store_clock(), earlier);
        if let Err(failure) = turn.end(&record) {
            self.reporter.warn(messages::not_shared(&failure.error));
        }
        Ok(Obtained::New(minted?))
    }

    /// Mints after the store has not answered to the swap that takes the turn. It may have taken
    /// effect.
    fn mint_beside_turn(
        &self,
        slot: &Slot<'_>,
        failure: StoreError,
        settings: &StoreSettings,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<Obtained, FlightError> {
        let may_have_turn = failure.fault.may_have_effect();
        let minted = self.mint_without_store(failure, settings, issuer_clock);
        if may_have_turn {
            slot.end_unknown_turn(|turn, reading| {
                record_of(&minted, turn, reading.store_clock(), None)
            });
        }
        Ok(Obtained::New(minted?))
    }

    fn mint_without_store(
        &self,
        failure: StoreError,
        settings: &StoreSettings,
        issuer_clock: Option<&OffsetEstimate>,
    ) -> Result<NewToken> {
        let is_fatal = match failure.fault {
            StoreFault::Misconfigured | StoreFault::Unconditional => true,
            StoreFault::Unavailable | StoreFault::ReadOnly | StoreFault::Full => {
                settings.is_required
            }
        };
        if is_fatal {
            return Err(settings.named_in(failure.error));
        }
        self.reporter.warn(messages::without_store(&failure.error));
        if failure.fault == StoreFault::Unavailable {
            self.clock.sleep(MAX_JITTER.mul_f64(fastrand::f64()));
        }
        self.mint_verified(issuer_clock)
    }
}

/// Returns what replaces the record of a turn after a mint.
fn record_of(
    minted: &Result<NewToken>,
    turn: &Record,
    store_clock: Option<&OffsetEstimate>,
    earlier: Option<&SharedFailure>,
) -> Record {
    let ended = Record { turn: None, ..turn.clone() };
    match minted {
        Ok(new) => {
            let token = SharedToken::new(new.token.clone(), store_clock);
            Record { token: Some(token), ..ended }
        }
        Err(error) => Record { failure: SharedFailure::of(error, earlier), ..ended },
    }
}

impl From<StoreError> for FlightError {
    fn from(failure: StoreError) -> FlightError {
        FlightError::Store(failure)
    }
}

impl From<Error> for FlightError {
    fn from(error: Error) -> FlightError {
        FlightError::Mint(error)
    }
}
