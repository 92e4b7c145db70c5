//! The broker with a clock that is told what to show, and an issuer that is
//! told what to answer. Real files, no processes.

use std::cell::{Cell, RefCell};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::error::Kind;
use crate::token::MinTtl;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::api::{Answer, Opinion};
use crate::clock::{BootId, Measure};
use crate::settings::tests::settings;
use crate::token::AccessToken;

/// Shows what it is told, and moves on when somebody sleeps.
struct FakeClock {
    shows: Mutex<Reading>,
    /// True time since the start, in seconds.
    truth: Mutex<SignedDuration>,
}

impl FakeClock {
    fn new() -> Self {
        let shows = Mutex::new(crate::clock::tests::reading(1_000, 1_000_000));
        FakeClock {
            shows,
            truth: Mutex::default(),
        }
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
    lead: Cell<i64>,
    refuses: RefCell<Vec<&'static str>>,
    api_error: RefCell<Option<Error>>,
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
            lead: 0.into(),
            refuses: RefCell::default(),
            api_error: None.into(),
            asked: 0.into(),
            looked: 0.into(),
        }
    }

    /// True time goes with the boot clock, whatever the wall clock shows, and
    /// goes on over a reboot.
    fn clock_ahead(&self, by: i64) -> Option<Measure> {
        let now = self.clock.read();
        let truth = Timestamp::from_second(1_000_000).unwrap() + self.clock.since_start();
        Measure::take(&now, &now, truth + SignedDuration::from_secs(by))
    }
}

impl Remote for FakeCloud<'_> {
    fn mint(&self, known: Option<&Measure>) -> Result<Token> {
        self.mints.set(self.mints.get() + 1);
        if let Some(error) = self.error.borrow().clone() {
            return Err(error);
        }
        let now = self.clock.read();
        let ahead = |seconds| now.wall + SignedDuration::from_secs(seconds);
        let not_before = self.not_before.get().map(ahead);
        let issuer = self.clock_ahead(0).map(|clock| clock.join(known));
        let lifetime = SignedDuration::from_secs(self.lifetime.get());
        Ok(Token {
            access_token: AccessToken::new(format!("token-{}", self.mints.get())),
            token_type: "bearer".into(),
            stamp: Stamp::new(now, lifetime, not_before, issuer),
        })
    }

    fn issuer_clock(&self) -> Result<Option<Measure>> {
        self.looked.set(self.looked.get() + 1);
        Ok(self.clock_ahead(0))
    }

    fn ask_api(&self, token: &AccessToken) -> Result<Answer> {
        self.asked.set(self.asked.get() + 1);
        if let Some(error) = self.api_error.borrow().clone() {
            return Err(error);
        }
        let opinion = match self.refuses.borrow().contains(&token.expose()) {
            true => Opinion::Refused,
            false => Opinion::Accepted,
        };
        Ok(Answer {
            opinion,
            clock: self.clock_ahead(self.lead.get()),
        })
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
        Scene {
            dir,
            settings,
            clock,
            cloud,
            said: Said::default(),
        }
    }

    fn get(&self) -> Result<Given> {
        let talk = Talk::to(Box::new(self.said.clone()));
        let broker = Broker {
            settings: &self.settings,
            remote: &self.cloud,
            clock: self.clock,
            talk: &talk,
        };
        broker.get()
    }

    /// Which token came, and how.
    fn got(&self) -> (String, How) {
        let given = self.get().unwrap();
        (given.token.access_token.expose().to_owned(), given.how)
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

fn first() -> (String, How) {
    ("token-1".into(), How::Minted)
}

#[test]
fn mints_once_and_reuses_until_half_of_the_usable_life_is_left() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 305);
    assert_eq!(scene.got(), first());
    // The rest of the 150 s may be missing from the clock.
    clock.advance(149);
    assert_eq!(scene.got(), ("token-1".into(), How::Cached));
    clock.advance(1);
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
}

#[test]
fn an_explicit_wish_is_kept_or_refused() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 305);
    scene.settings.demand.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(300));
    assert_eq!(scene.got(), first());
    clock.advance(1);
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    scene.settings.demand.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(301));
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::Lifetime);
    assert_eq!(
        error.what,
        "no token can be had that lives 5m1s after a skew of 5s"
    );
}

#[test]
fn a_token_that_does_not_outlive_the_skew_is_never_handed_out() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 5);
    assert_eq!(scene.get().unwrap_err().kind, Kind::Lifetime);
    scene.cloud.lifetime.set(6);
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
}

/// Disturbs what the clocks show; an hour has passed in truth.
const DISTURBANCES: [fn(&FakeClock); 3] = [
    |clock| clock.reboot(),
    |clock| clock.step(-3_601, 0),
    |clock| clock.step(0, 86_400),
];

#[test]
fn clocks_in_doubt_cost_one_look_at_the_issuers_clock() {
    for disturb in DISTURBANCES {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, 86_400);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        disturb(&clock);
        assert_eq!(scene.got(), ("token-1".into(), How::Cached));
        assert_eq!((scene.cloud.mints.get(), scene.cloud.looked.get()), (1, 1));
        // From now on it is an entry of this boot, whose age is known.
        assert_eq!(scene.got().1, How::Cached);
        assert_eq!(scene.cloud.looked.get(), 1);
        // A second of the 86400 is lost to the resolution of Date.
        clock.advance(86_400 - 1 - 3_600 - 600 - 4);
        assert_eq!(scene.got().1, How::Minted);
    }
}

#[test]
fn clocks_in_doubt_do_not_save_a_token_that_is_too_old() {
    for disturb in DISTURBANCES {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, 4_000);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        disturb(&clock);
        assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    }
}

#[test]
fn an_api_vouches_for_a_token_of_another_boot_with_its_own_clock() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 86_400);
    scene.settings.issuer.api_url = Some("http://127.0.0.1:2".into());
    assert_eq!(scene.got(), first());
    clock.reboot();
    assert_eq!(scene.got(), ("token-1".into(), How::Cached));
    assert_eq!((scene.cloud.looked.get(), scene.cloud.asked.get()), (0, 2));
    // Refused there, it is not good, whatever its age.
    clock.step(-5_000, 0);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
}

#[test]
fn while_the_issuer_is_out_of_reach_a_token_that_lives_will_do() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(3_593);
    scene.fail_with(Kind::Unavailable);
    assert_eq!(scene.got(), ("token-1".into(), How::Makeshift));
    assert_eq!(
        scene.said(),
        "gc-token: warning: using the cached token, which lives 7s more, because the mint failed\n"
    );
    clock.advance(1);
    assert_eq!(
        scene.get().unwrap_err().kind,
        Kind::Unavailable,
        "within the skew"
    );
}

#[test]
fn refused_credentials_and_explicit_wishes_have_no_soft_window() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(3_200);
    scene.fail_with(Kind::CredentialsRefused);
    assert_eq!(scene.get().unwrap_err().kind, Kind::CredentialsRefused);
    clock.advance(1);
    scene.fail_with(Kind::RateLimited);
    assert_eq!(scene.got().1, How::Makeshift);
    scene.settings.demand.min_ttl = MinTtl::Explicit(SignedDuration::from_mins(10));
    assert_eq!(scene.get().unwrap_err().kind, Kind::RateLimited);
    scene.settings.demand.min_ttl = MinTtl::Default(SignedDuration::from_mins(10));
    scene.settings.demand.newer_than = Some(clock.read());
    assert_eq!(scene.get().unwrap_err().kind, Kind::RateLimited);
}

#[test]
fn a_forced_refresh_takes_a_token_that_was_asked_for_after_it_began() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    clock.advance(1);
    scene.settings.demand.newer_than = Some(clock.read());
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    // Another process that was forced at the same moment.
    assert_eq!(scene.got(), ("token-2".into(), How::Cached));
    clock.advance(1);
    scene.settings.demand.newer_than = Some(clock.read());
    assert_eq!(scene.got(), ("token-3".into(), How::Minted));
}

#[test]
fn a_waiter_shares_the_failure_of_the_mint_that_it_waited_for() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let seal = || cache::seal_of(&scene.settings).unwrap();
    let dir = scene.settings.cache.dir.clone().unwrap();
    let slot = Slot::new(&dir, &scene.settings, seal());
    let lock = slot.try_lock().unwrap().unwrap();
    lock.record_failure(&Error::new(Kind::RateLimited, "the other's"), clock.read());
    // It began before the failure: no mint of its own.
    assert_eq!(scene.get().unwrap_err().what, "the other's");
    assert_eq!(scene.cloud.mints.get(), 0);
    drop(lock);
    // It begins after the failure: its own mint.
    clock.advance(1);
    assert_eq!(scene.got(), first());
    assert!(!scene.file("failure").exists());
}

#[test]
fn a_lock_that_is_never_freed_ends_in_an_error_that_names_its_holder() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let dir = scene.settings.cache.dir.clone().unwrap();
    let slot = Slot::new(
        &dir,
        &scene.settings,
        cache::seal_of(&scene.settings).unwrap(),
    );
    let _lock = slot.try_lock().unwrap().unwrap();
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::Cache);
    let me = std::process::id();
    assert_eq!(
        error.what,
        format!("waited 1s for process {me}, which is minting")
    );
}

#[test]
fn a_token_valid_only_in_a_moment_is_held_back() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    scene.cloud.not_before.set(Some(3));
    assert_eq!(scene.got(), first());
    assert_eq!(clock.since_start().as_secs(), 3);
    assert_eq!(scene.got().1, How::Cached);
    assert_eq!(clock.since_start().as_secs(), 3);
}

#[test]
fn a_changed_secret_is_a_miss_and_a_warning() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    scene.settings.client.secret =
        crate::settings::SecretSource::Known("rotated".to_owned().into());
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    assert_eq!(
        scene.said(),
        "gc-token: warning: the cached entry is not used: its seal does not open: \
         the client secret was changed, or the file was\n"
    );
}

#[test]
fn files_are_private_and_no_other_is_trusted() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (dir, file) = (
        scene.settings.cache.dir.clone().unwrap(),
        scene.file("token"),
    );
    assert_eq!(
        (mode(&dir), mode(&file), mode(&scene.file("lock"))),
        (0o700, 0o600, 0o600)
    );

    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let shown = |error: Error| {
        assert_eq!(error.kind, Kind::Cache);
        error
            .to_string()
            .replace(&*file.to_string_lossy(), "FILE")
            .replace(&*dir.to_string_lossy(), "DIR")
    };
    set(&file, 0o644);
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is open to other users\n  cause: its mode is 0644\n  hint: chmod 600 FILE, or remove it"
    );
    std::fs::remove_file(&file).unwrap();
    set(&dir, 0o777);
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: DIR can be written to by other users\n  cause: its mode is 0777\n  hint: chmod 700 DIR"
    );
    set(&dir, 0o700);
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is a symbolic link, not a file of this cache\n  hint: remove it"
    );
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is a directory, not a file of this cache\n  hint: remove it"
    );
    assert_eq!(scene.cloud.mints.get(), 1);
}

#[test]
fn what_is_no_entry_is_a_miss_and_a_warning_whatever_it_is() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let whole = std::fs::read(scene.file("token")).unwrap();
    for garbage in [
        &b""[..],
        b"x",
        b"gc-token cache entry 1\n{}\n",
        &whole[..whole.len() - 1],
    ] {
        std::fs::write(scene.file("token"), garbage).unwrap();
        assert_eq!(scene.got().1, How::Minted);
        assert!(
            scene.said().contains("the cached entry is not used: "),
            "{garbage:?}"
        );
        scene.said.0.lock().unwrap().clear();
        assert_eq!(scene.got().1, How::Cached);
    }
}

#[test]
fn without_a_cache_every_call_mints_and_leaves_nothing() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    scene.settings.cache.dir = None;
    assert_eq!(scene.got(), first());
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    assert_eq!(std::fs::read_dir(scene.dir.path()).unwrap().count(), 0);
}

#[test]
fn eviction_takes_only_the_very_token() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let dir = scene.settings.cache.dir.clone().unwrap();
    let slot = Slot::new(
        &dir,
        &scene.settings,
        cache::seal_of(&scene.settings).unwrap(),
    );
    assert!(!slot.evict(&AccessToken::new("another".into())).unwrap());
    assert!(scene.file("token").exists());
    assert!(slot.evict(&AccessToken::new("token-1".into())).unwrap());
    assert!(!scene.file("token").exists());
}

#[test]
fn the_cache_is_listed_pruned_and_cleared() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let dir = scene.settings.cache.dir.clone().unwrap();
    let patience = Duration::from_secs(1);
    assert_eq!(cache::list(&dir).unwrap().len(), 0);
    assert_eq!(scene.got(), first());
    std::fs::write(dir.join("notes.txt"), "mine").unwrap();
    let kept = cache::list(&dir).unwrap();
    assert_eq!(kept[0].header.as_ref().unwrap().client_id, "client");
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 0);
    clock.advance(3_600);
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 1);
    assert_eq!(scene.got().1, How::Minted);
    assert_eq!(cache::clear(&dir, patience, &clock).unwrap(), 1);
    let left: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);
}

#[test]
fn a_token_of_another_boot_is_pruned_when_it_has_ended() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let dir = scene.settings.cache.dir.clone().unwrap();
    let patience = Duration::from_secs(1);
    assert_eq!(scene.got(), first());
    clock.reboot();
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 0);
    clock.advance(3_600);
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 1);
}

/// A scene with an API to ask.
fn with_api(clock: &FakeClock, lifetime: i64, verify: Verify) -> Scene<'_> {
    let mut scene = Scene::new(clock, lifetime);
    scene.settings.issuer.api_url = Some("http://127.0.0.1:2".into());
    scene.settings.verify = verify;
    scene
}

#[test]
fn the_api_is_asked_when_it_is_to_be_asked() {
    for (verify, after_mint, after_reuse) in [
        (Verify::Auto, 1, 1),
        (Verify::Always, 1, 2),
        (Verify::Never, 0, 0),
    ] {
        let clock = FakeClock::new();
        let scene = with_api(&clock, 3_600, verify);
        assert_eq!(scene.got(), first());
        assert_eq!(scene.cloud.asked.get(), after_mint);
        assert_eq!(scene.got().1, How::Cached);
        assert_eq!(scene.cloud.asked.get(), after_reuse);
    }
}

#[test]
fn a_new_token_that_the_api_refuses_is_made_once_more_and_never_stored() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    assert_eq!(scene.got(), ("token-2".into(), How::Cached));
}

#[test]
fn an_api_that_refuses_every_token_ends_in_a_diagnosis_of_the_clocks() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 10, Verify::Auto);
    scene
        .cloud
        .refuses
        .borrow_mut()
        .extend(["token-1", "token-2"]);
    scene.cloud.lead.set(20);
    let error = scene.get().unwrap_err();
    assert_eq!(error.kind, Kind::ApiRefused);
    assert_eq!(
        error.cause.as_deref(),
        Some(
            "the API's clock is 20.0s ahead (+/- 1.0s) of the issuer's, and a token lives 10s: it \
             is dead on arrival"
        )
    );
    assert!(!scene.file("token").exists());
    assert_eq!(scene.cloud.mints.get(), 2);
}

#[test]
fn a_cached_token_that_the_api_refuses_is_evicted_and_replaced() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Always);
    assert_eq!(scene.got(), first());
    clock.advance(1);
    scene.cloud.refuses.borrow_mut().push("token-1");
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    assert_eq!(scene.got(), ("token-2".into(), How::Cached));
}

#[test]
fn an_api_out_of_reach_is_a_warning_unless_it_is_always_to_be_asked() {
    let clock = FakeClock::new();
    let mut scene = with_api(&clock, 3_600, Verify::Auto);
    let error = Error::new(Kind::Unavailable, "no word").why("connection refused");
    *scene.cloud.api_error.borrow_mut() = Some(error);
    assert_eq!(scene.got(), first());
    assert_eq!(
        scene.said(),
        "gc-token: warning: the API was not asked about the token: connection refused\n"
    );
    scene.settings.verify = Verify::Always;
    assert_eq!(scene.get().unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn a_lead_of_the_api_beyond_the_skew_is_learned_and_taken_off() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.lead.set(60);
    assert_eq!(scene.got(), first());
    assert_eq!(
        scene.said(),
        "gc-token: warning: the API's clock is 60.0s ahead (+/- 1.0s) of the issuer's, more than \
         the skew of 5s: 1m1s are taken off every token's life\n"
    );
    // 1.5 s of that time the clock may have missed.
    clock.advance(3_600 - 61 - 600 - 2);
    assert_eq!(scene.got().1, How::Cached);
    clock.advance(1);
    assert_eq!(scene.got().1, How::Minted);
}

#[test]
fn a_token_that_the_api_does_not_take_yet_gets_a_second_chance() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.not_before.set(Some(0));
    scene.cloud.lead.set(-3);
    scene.cloud.refuses.borrow_mut().push("token-1");
    let start = clock.since_start();
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
    assert_eq!(clock.since_start() - start, SignedDuration::from_secs(6));
    assert_eq!(scene.cloud.asked.get(), 3);
}

/// The boot id is the same, the boot clock stood still, and the host has put
/// the wall clock right: the token is as old as the wall clock says.
#[test]
fn in_a_restored_snapshot_the_wall_clock_tells_the_age() {
    for (lifetime, mints, looked) in [(86_400, 1, 0), (4_000, 2, 1), (3_000, 2, 1)] {
        let clock = FakeClock::new();
        let scene = Scene::new(&clock, lifetime);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        clock.step(-3_600, 0);
        scene.got();
        let (made, looks) = (scene.cloud.mints.get(), scene.cloud.looked.get());
        assert_eq!((made, looks), (mints, looked), "{lifetime}");
    }
}

/// No local clock shows it, and only whoever asks the API learns of it.
#[test]
fn a_snapshot_with_both_clocks_standing_still_is_noticed_by_asking_the_api() {
    for (verify, given) in [(Verify::Auto, "token-1"), (Verify::Always, "token-2")] {
        let clock = FakeClock::new();
        let scene = with_api(&clock, 4_000, verify);
        assert_eq!(scene.got(), first());
        clock.advance(3_600);
        clock.step(-3_600, -3_600);
        assert_eq!(scene.got().0, given, "{verify:?}");
    }
    // The token lives long enough: nothing is made anew.
    let clock = FakeClock::new();
    let scene = with_api(&clock, 86_400, Verify::Always);
    assert_eq!(scene.got(), first());
    clock.advance(3_600);
    clock.step(-3_600, -3_600);
    assert_eq!(scene.got(), ("token-1".into(), How::Cached));
    assert_eq!(scene.said(), "");
}

#[test]
fn the_time_that_a_token_is_held_back_is_time_that_it_does_not_live() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 305);
    scene.settings.demand.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(293));
    scene.cloud.not_before.set(Some(8));
    // It is held back for the skew, 5 s, and 3 s are left to wait.
    assert_eq!(scene.got(), first());
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
}

/// What was measured of both remote clocks holds on every boot.
#[test]
fn a_learned_lead_outlives_a_reboot() {
    let clock = FakeClock::new();
    let scene = with_api(&clock, 3_600, Verify::Auto);
    scene.cloud.lead.set(60);
    assert_eq!(scene.got(), first());
    clock.advance(3_600 - 600 - 30);
    clock.reboot();
    *scene.cloud.api_error.borrow_mut() = Some(Error::new(Kind::Unavailable, "no word"));
    assert_eq!(scene.got(), ("token-2".into(), How::Minted));
}
