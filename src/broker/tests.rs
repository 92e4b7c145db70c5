//! The broker with a fake clock and a fake cloud, on real files in one process.

mod doubt;
mod files;
mod freshness;
mod idle;
mod shared;
mod verify;

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::*;
use crate::cache::{self, Entry};
use crate::clock::{BootId, OffsetEstimate, Reading};
use crate::config::Verify;
use crate::config::tests::settings;
use crate::error::{Error, Kind};
use crate::oauth::tokens_me::{TokenCheck, TokenStatus};
use crate::token::{AccessToken, MinTtl, TokenValidity};

/// Shows what it is told, and moves on when somebody sleeps.
struct FakeClock {
    shows: Mutex<Reading>,
    /// True time since the start, in seconds.
    truth: Mutex<SignedDuration>,
}

impl FakeClock {
    fn new() -> Self {
        let shows = Mutex::new(crate::clock::tests::reading(1_000, 1_000_000));
        FakeClock { shows, truth: Mutex::default() }
    }

    /// Lets time pass.
    fn advance(&self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    fn pass(&self, time: SignedDuration) {
        *self.truth.lock().unwrap() += time;
        let mut reading = self.shows.lock().unwrap();
        reading.boot += time;
        reading.wall += time;
    }

    /// Changes what the boot clock and the wall clock show; no time passes.
    fn step(&self, boot: i64, wall: i64) {
        let mut reading = self.shows.lock().unwrap();
        reading.boot += SignedDuration::from_secs(boot);
        reading.wall += SignedDuration::from_secs(wall);
    }

    fn reboot(&self) {
        self.shows.lock().unwrap().boot_id = Some(BootId("another".into()));
    }

    fn since_start(&self) -> SignedDuration {
        *self.truth.lock().unwrap()
    }
}

impl Clock for FakeClock {
    fn read(&self) -> Reading {
        self.shows.lock().unwrap().clone()
    }

    fn sleep(&self, time: Duration) {
        self.pass(SignedDuration::try_from(time).unwrap());
    }
}

/// Answers with numbered tokens of one lifetime, or with an error; its clock
/// is right. The API's clock is ahead by `lead`, and it knows what it refuses.
struct FakeCloud<'a> {
    clock: &'a FakeClock,
    lifetime: Cell<i64>,
    mints: Cell<u32>,
    error: RefCell<Option<Error>>,
    not_before: Cell<Option<i64>>,
    /// The issuer does not show its clock.
    is_silent: Cell<bool>,
    /// Requests for the issuer's clock fail.
    clock_error: Cell<bool>,
    lead: Cell<i64>,
    refuses: RefCell<Vec<&'static str>>,
    api_error: RefCell<Option<Error>>,
    /// Seconds that a request to the API takes.
    api_delay: Cell<i64>,
    asked: Cell<u32>,
    looked: Cell<u32>,
}

impl<'a> FakeCloud<'a> {
    fn new(clock: &'a FakeClock, lifetime: i64) -> Self {
        FakeCloud {
            clock,
            lifetime: lifetime.into(),
            mints: 0.into(),
            error: None.into(),
            not_before: None.into(),
            is_silent: false.into(),
            clock_error: false.into(),
            lead: 0.into(),
            refuses: RefCell::default(),
            api_error: None.into(),
            api_delay: 0.into(),
            asked: 0.into(),
            looked: 0.into(),
        }
    }

    /// True time goes with the boot clock, whatever the wall clock shows, and
    /// goes on over a reboot.
    fn clock_ahead(&self, by: i64) -> Option<OffsetEstimate> {
        let now = self.clock.read();
        let truth = Timestamp::from_second(1_000_000).unwrap() + self.clock.since_start();
        OffsetEstimate::from_date_header(&now, &now, truth + SignedDuration::from_secs(by))
    }
}

impl Remote for FakeCloud<'_> {
    fn client_secret(&self) -> Result<SecretString> {
        Ok("the client's secret".into())
    }

    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token> {
        self.mints.set(self.mints.get() + 1);
        if let Some(error) = self.error.borrow().clone() {
            return Err(error);
        }
        let now = self.clock.read();
        let ahead = |seconds| now.wall + SignedDuration::from_secs(seconds);
        let not_before = self.not_before.get().map(ahead);
        let issuer = self.clock_ahead(0).filter(|_| !self.is_silent.get());
        let issuer = issuer.map(|clock| clock.intersect(known));
        let lifetime = SignedDuration::from_secs(self.lifetime.get());
        Ok(Token {
            access_token: AccessToken::new(format!("token-{}", self.mints.get())),
            validity: TokenValidity::new(now, lifetime, not_before, issuer),
        })
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        self.looked.set(self.looked.get() + 1);
        if self.clock_error.get() {
            return Err(Error::new(Kind::Unavailable, "no clock"));
        }
        Ok(self.clock_ahead(0))
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.asked.set(self.asked.get() + 1);
        if let Some(error) = self.api_error.borrow().clone() {
            return Err(error);
        }
        let is_rejected = self.refuses.borrow().contains(&token.expose());
        let status = if is_rejected { TokenStatus::Rejected } else { TokenStatus::Accepted };
        let used = (status == TokenStatus::Accepted).then(|| self.clock.read());
        let clock = self.clock_ahead(self.lead.get());
        self.clock.advance(self.api_delay.get());
        Ok(TokenCheck { status, clock, used })
    }
}

/// What was said on standard error.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Scene<'a> {
    dir: tempfile::TempDir,
    settings: Settings,
    clock: &'a FakeClock,
    cloud: FakeCloud<'a>,
    said: Said,
}

impl<'a> Scene<'a> {
    fn new(clock: &'a FakeClock, lifetime: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings("http://127.0.0.1:1");
        settings.cache.dir = Some(dir.path().join("cache"));
        let cloud = FakeCloud::new(clock, lifetime);
        Scene { dir, settings, clock, cloud, said: Said::default() }
    }

    fn get(&self) -> Result<ProvidedToken> {
        let reporter = Reporter::to(Box::new(self.said.clone()));
        let broker = Broker {
            settings: &self.settings,
            remote: &self.cloud,
            clock: self.clock,
            reporter: &reporter,
            store: None,
        };
        broker.get()
    }

    /// Which token came, and how.
    fn got(&self) -> (String, TokenOrigin) {
        let given = self.get().unwrap();
        (given.token.access_token.expose().to_owned(), given.origin)
    }

    /// Stores a token as another process would.
    fn store(&self, token: &Token) {
        let entry = Entry::of(&self.settings).unwrap();
        entry.try_lock().unwrap().unwrap().store(token).unwrap();
    }

    fn said(&self) -> String {
        String::from_utf8(self.said.0.lock().unwrap().clone()).unwrap()
    }

    fn file(&self, extension: &str) -> std::path::PathBuf {
        let dir = self.settings.cache.dir.as_deref().unwrap();
        dir.join(format!("{}.{extension}", cache::Key::of(&self.settings)))
    }

    fn fail_with(&self, kind: Kind) {
        *self.cloud.error.borrow_mut() = Some(Error::new(kind, "the mint failed"));
    }
}

fn first() -> (String, TokenOrigin) {
    ("token-1".into(), TokenOrigin::Minted)
}

/// A scene with an API to ask.
fn with_api(clock: &FakeClock, lifetime: i64, verify: Verify) -> Scene<'_> {
    let mut scene = Scene::new(clock, lifetime);
    scene.settings.issuer.api_url = Some("http://127.0.0.1:2".into());
    scene.settings.verify = verify;
    scene
}
