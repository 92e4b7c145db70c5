//! One machine of a fleet: its clocks, its requests, and its death.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::cloud::{FleetCloud, time};
use super::store::{FaultyStore, MachineStore};
use super::timeline::Timeline;
use crate::broker::{Broker, Remote};
use crate::clock::{BootId, OffsetEstimate, Reading};
use crate::config::tests::settings;
use crate::config::{Settings, StoreLocation, StoreSettings, Verify, table};
use crate::context::{Clock, Reporter};
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, Token, TokenValidity};

/// Times are milliseconds.
#[derive(Debug, Clone)]
pub(super) struct MachineConfig {
    pub(super) starts: i64,
    pub(super) wall_error: i64,
    /// How long after its start, and by how much, the wall clock is stepped.
    pub(super) wall_step: Option<(i64, i64)>,
    pub(super) dies: Option<i64>,
}

pub(super) struct MachineOutcome {
    pub(super) index: usize,
    /// The remaining lifetime of its token by the API's clock.
    pub(super) left: Result<SignedDuration>,
    pub(super) died: bool,
    pub(super) ended: i64,
    pub(super) mints: u32,
    pub(super) checks: u32,
    pub(super) store_requests: u32,
}

pub(super) struct Machine<'a> {
    index: usize,
    cloud: &'a FleetCloud<'a>,
    store: &'a FaultyStore<'a>,
    clock: MachineClock<'a>,
    counts: Mutex<(u32, u32)>,
}

struct MachineClock<'a> {
    index: usize,
    config: &'a MachineConfig,
    timeline: &'a Timeline,
}

/// What a thread unwinds with when its machine dies.
struct Death;

impl MachineConfig {
    /// All start within half a second.
    pub(super) fn honest(index: usize) -> MachineConfig {
        let starts = (index as i64 * 7_919) % 500;
        MachineConfig { starts, wall_error: 0, wall_step: None, dies: None }
    }
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        index: usize,
        config: &'a MachineConfig,
        timeline: &'a Timeline,
        cloud: &'a FleetCloud<'a>,
        store: &'a FaultyStore<'a>,
    ) -> Machine<'a> {
        let clock = MachineClock { index, config, timeline };
        Machine { index, cloud, store, clock, counts: Mutex::default() }
    }

    pub(super) fn run(&self, settings: &Settings) -> MachineOutcome {
        self.clock.timeline.enter(self.index);
        fastrand::seed(self.index as u64);
        let store =
            MachineStore { store: self.store, clock: &self.clock, requests: Mutex::default() };
        let reporter = Reporter::to(Box::new(std::io::sink()));
        let broker = Broker {
            settings,
            remote: self,
            clock: &self.clock,
            reporter: &reporter,
            store: Some(&store),
        };
        let provided = catch_unwind(AssertUnwindSafe(|| broker.get()));
        let died = provided.is_err();
        let left = match provided {
            Ok(provided) => {
                provided.map(|given| self.cloud.left(given.token.access_token.expose()))
            }
            Err(death) if death.is::<Death>() => Err(Error::new(Kind::System, "died")),
            Err(panic) => resume_unwind(panic),
        };
        let (mints, checks) = *self.counts.lock().unwrap();
        let store_requests = *store.requests.lock().unwrap();
        let (index, ended) = (self.index, self.clock.timeline.now());
        MachineOutcome { index, left, died, ended, mints, checks, store_requests }
    }

    fn round_trip<T>(
        &self,
        time_there: i64,
        answer: impl FnOnce() -> T,
    ) -> (Reading, T, Option<OffsetEstimate>) {
        let sent = self.clock.read();
        self.clock.pass(time_there);
        let (answer, shown) = (answer(), time(self.clock.timeline, 0));
        self.clock.pass(20);
        let date = Timestamp::from_second(shown.as_second()).unwrap();
        let clock = OffsetEstimate::from_date_header(&sent, &self.clock.read(), date);
        (sent, answer, clock)
    }
}

pub(super) fn machine_settings(is_required: bool) -> Settings {
    let mut settings = settings("http://127.0.0.1:1");
    settings.cache.switch_off();
    settings.cache.lock_timeout = table::LOCK_TIMEOUT.default_duration().unsigned_abs();
    settings.issuer.api_url = Some("http://127.0.0.1:2".into());
    settings.verify = Verify::Auto;
    settings.store = Some(StoreSettings {
        location: StoreLocation::test("s3://tokens"),
        is_required,
        ..StoreSettings::test()
    });
    settings
}

impl Remote for Machine<'_> {
    fn client_secret(&self) -> Result<SecretString> {
        Ok("secret".into())
    }

    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token> {
        self.counts.lock().unwrap().0 += 1;
        let (sent, number, clock) = self.round_trip(self.cloud.mint, || self.cloud.new_token());
        let Some(number) = number else {
            let mut error = Error::new(Kind::RateLimited, "no token: too many requests");
            error.retry_after = NonZeroU32::new(60);
            return Err(error);
        };
        let lifetime = SignedDuration::from_millis(self.cloud.lifetime);
        let issuer_clock = clock.map(|clock| clock.intersect(known));
        Ok(Token {
            access_token: AccessToken::new(number.to_string()),
            validity: TokenValidity::new(sent, lifetime, None, issuer_clock),
        })
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        Ok(self.round_trip(20, || ()).2)
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.counts.lock().unwrap().1 += 1;
        let left = || self.cloud.left(token.expose());
        let (sent, left, clock) = self.round_trip(20, left);
        let is_accepted = left.is_positive() && !self.cloud.refuses;
        let status = if is_accepted { TokenStatus::Accepted } else { TokenStatus::Rejected };
        Ok(TokenCheck { status, clock, used: is_accepted.then_some(sent) })
    }
}

impl MachineClock<'_> {
    /// Lets time pass, unless the machine dies meanwhile.
    fn pass(&self, millis: i64) {
        let Some(dies) = self.config.dies else {
            return self.timeline.sleep(millis);
        };
        let until_death = dies - self.timeline.now();
        self.timeline.sleep(millis.min(until_death));
        if millis >= until_death {
            resume_unwind(Box::new(Death));
        }
    }
}

impl Clock for MachineClock<'_> {
    fn read(&self) -> Reading {
        let now = self.timeline.now();
        let stepped = match self.config.wall_step {
            Some((after, by)) if now >= self.config.starts + after => by,
            _ => 0,
        };
        Reading {
            boot: SignedDuration::from_millis(100_000 + 1_000 * self.index as i64 + now),
            boot_id: Some(BootId(self.index.to_string().into())),
            wall: time(self.timeline, self.config.wall_error + stepped),
        }
    }

    fn sleep(&self, time: Duration) {
        self.pass(time.as_millis() as i64);
    }

    /// The time line has no second thread of a machine.
    fn wait_for_end(&self, end: &Receiver<Infallible>, _: Duration) -> bool {
        end.recv().is_err()
    }
}
