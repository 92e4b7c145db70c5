//! Several machines with one store.

use std::num::NonZeroU32;

use super::*;
use crate::config::StoreSettings;
use crate::store::memory::{MemoryClient, MemoryStore};
use crate::store::{StoreError, StoreFault, Swap};

/// A machine with a cache, a boot and clocks of its own.
struct Machine<'a> {
    scene: Scene<'a>,
    clock: &'a FakeClock,
    store: &'a MemoryStore<'a>,
}

fn clock_of(boot: &str) -> FakeClock {
    let clock = FakeClock::new();
    clock.shows.lock().unwrap().boot_id = Some(BootId(boot.into()));
    clock
}

impl<'a> Machine<'a> {
    fn new(clock: &'a FakeClock, store: &'a MemoryStore<'a>) -> Machine<'a> {
        let mut scene = with_api(clock, 3_600, Verify::Auto);
        scene.settings.store = Some(StoreSettings::test());
        Machine { scene, clock, store }
    }

    fn with_broker<T>(&self, work: impl FnOnce(&Broker<'_>) -> T) -> T {
        let reporter = Reporter::to(Box::new(self.scene.said.clone()));
        let store = MemoryClient { store: self.store, runner: self.clock };
        work(&Broker {
            settings: &self.scene.settings,
            remote: &self.scene.cloud,
            clock: self.clock,
            reporter: &reporter,
            store: Some(&store),
        })
    }

    fn get(&self) -> Result<ProvidedToken> {
        self.with_broker(|broker| broker.get())
    }

    fn token(&self) -> String {
        self.get().unwrap().token.access_token.expose().to_owned()
    }

    fn requests(&self) -> (u32, u32) {
        (self.scene.cloud.mints.get(), self.scene.cloud.asked.get())
    }

    fn forget(&self) {
        let _ = std::fs::remove_file(self.scene.file("token"));
    }
}

fn advance(clocks: [&FakeClock; 3], seconds: i64) {
    clocks.iter().for_each(|clock| clock.advance(seconds));
}

fn unavailable() -> StoreError {
    StoreError::new(StoreFault::Unavailable, "the store redis://store is not reachable")
}

#[test]
fn the_second_machine_takes_the_token_without_a_request() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    assert_eq!(first.token(), "token-1");
    assert_eq!(second.token(), "token-1");
    assert_eq!((first.requests().0, second.requests()), (1, (0, 0)));
    // From then on it is in the machine's own cache.
    let requests = *store.requests.lock().unwrap();
    assert_eq!(second.token(), "token-1");
    assert_eq!(*store.requests.lock().unwrap(), requests);
    // Neither the token nor the client can be found in the store.
    let everything = String::from_utf8_lossy(&store.everything()).into_owned();
    for hidden in ["token-1", "secret", &first.scene.settings.client.id] {
        assert!(!everything.contains(hidden), "{hidden}");
    }
}

#[test]
fn a_machine_with_a_wrong_clock_asks_once() {
    for step in [-315_360_000, -86_400, -3_600, -300, 300, 3_600, 86_400, 315_360_000] {
        let [time, one, other] = ["store", "one", "other"].map(clock_of);
        let store = MemoryStore::new(&time);
        let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
        first.token();
        other.step(0, step);
        assert_eq!(second.token(), "token-1", "{step}");
        assert_eq!(second.requests(), (0, 1), "{step}");
    }
}

#[test]
fn a_token_that_has_expired_is_not_taken_whatever_one_clock_shows() {
    for (store_step, wall_step) in [(0, 0), (-3_600, 0), (3_600, 0), (0, -3_600), (0, 3_600)] {
        let [time, one, other] = ["store", "one", "other"].map(clock_of);
        let store = MemoryStore::new(&time);
        let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
        first.token();
        advance([&time, &one, &other], 3_500);
        *store.ahead.lock().unwrap() = SignedDuration::from_secs(store_step);
        other.step(0, wall_step);
        second.get().unwrap();
        assert_eq!(second.requests().0, 1, "{store_step} {wall_step}");
    }
}

#[test]
fn a_token_that_the_api_rejected_is_replaced_for_everybody() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    let rejected = first.get().unwrap().token.access_token;
    second.token();
    let replaced = first.with_broker(|broker| broker.replace_rejected(&rejected)).unwrap();
    assert_eq!(replaced.token.access_token.expose(), "token-2");
    let replaced = second.with_broker(|broker| broker.replace_rejected(&rejected)).unwrap();
    assert_eq!(replaced.token.access_token.expose(), "token-2");
    assert_eq!(second.requests().0, 0);
}

#[test]
fn a_store_that_is_down_costs_a_warning_or_an_error_as_is_wanted() {
    let [time, one] = ["store", "one"].map(clock_of);
    let store = MemoryStore::new(&time);
    let mut machine = Machine::new(&one, &store);
    *store.error.lock().unwrap() = Some(unavailable());
    assert_eq!(machine.token(), "token-1");
    let warning =
        "warning: minting for this machine alone, because the store redis://store is not reachable";
    assert!(machine.scene.said().contains(warning), "{}", machine.scene.said());
    machine.forget();
    machine.scene.settings.store.as_mut().unwrap().is_required = true;
    assert_eq!(machine.get().unwrap_err().kind, Kind::Unavailable);
    assert_eq!(machine.requests().0, 1);
}

/// The store has given the turn to the first machine, which does not know.
#[test]
fn nobody_waits_for_a_turn_whose_holder_has_got_no_reply() {
    for is_required in [false, true] {
        for reply in [Err(unavailable()), Ok(Swap::Lost)] {
            let [time, one, other] = ["store", "one", "other"].map(clock_of);
            let store = MemoryStore::new(&time);
            let (mut first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
            first.scene.settings.store.as_mut().unwrap().is_required = is_required;
            *store.lost_reply.lock().unwrap() = Some(reply.clone());
            let fails = is_required && reply.is_err();
            assert_eq!(first.get().is_err(), fails, "{reply:?}");
            assert_eq!(second.token(), "token-1", "{reply:?}");
            assert_eq!(second.requests().0, u32::from(fails), "{reply:?}");
            assert!(!second.scene.said().contains("waiting"), "{}", second.scene.said());
        }
    }
}

#[test]
fn nobody_waits_for_a_turn_whose_reply_was_garbled() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    let garbled = StoreError::new(StoreFault::Misconfigured, "does not speak Redis");
    *store.lost_reply.lock().unwrap() = Some(Err(garbled));
    assert_eq!(first.get().unwrap_err().kind, Kind::Configuration);
    assert_eq!(first.requests().0, 0);
    let start = other.read();
    assert_eq!((second.token(), second.requests().0), ("token-1".to_owned(), 1));
    assert_eq!(other.read().boot, start.boot);
}

#[test]
fn a_failure_beside_a_turn_without_a_reply_is_shared_as_any() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.scene.fail_with(Kind::RateLimited);
    first.scene.cloud.error.borrow_mut().as_mut().unwrap().retry_after = NonZeroU32::new(60);
    *store.lost_reply.lock().unwrap() = Some(Err(unavailable()));
    assert_eq!(first.get().unwrap_err().kind, Kind::RateLimited);
    assert_eq!(second.get().unwrap_err().kind, Kind::RateLimited);
    assert_eq!(second.requests().0, 0);
}

#[test]
fn a_store_that_refuses_is_an_error_of_the_settings() {
    let [time, one] = ["store", "one"].map(clock_of);
    let store = MemoryStore::new(&time);
    let machine = Machine::new(&one, &store);
    let refused = StoreError::new(StoreFault::Misconfigured, "refused");
    *store.error.lock().unwrap() = Some(refused);
    assert_eq!(machine.get().unwrap_err().kind, Kind::Configuration);
    assert_eq!(machine.requests().0, 0);
}

#[test]
fn a_store_that_cannot_be_written_is_read() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    *store.swap_error.lock().unwrap() = Some(StoreError::new(StoreFault::ReadOnly, "read-only"));
    assert_eq!((second.token(), second.requests().0), ("token-1".to_owned(), 0));
    store.forget_all();
    second.forget();
    second.token();
    assert_eq!(second.requests().0, 1);
    assert!(second.scene.said().contains("minting for this machine alone, because read-only"));
}

#[test]
fn a_store_without_conditional_writes_is_refused() {
    let [time, one] = ["store", "one"].map(clock_of);
    let store = MemoryStore::new(&time);
    *store.is_unconditional.lock().unwrap() = true;
    let machine = Machine::new(&one, &store);
    let error = machine.get().unwrap_err();
    assert_eq!(error.message, "the store redis://store:6379/0 has no conditional writes");
    assert_eq!(machine.requests().0, 0);
}

#[test]
fn a_record_that_was_altered_or_lost_costs_one_mint() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    store.tamper(|bytes| *bytes.last_mut().unwrap() ^= 1);
    second.token();
    assert_eq!(second.requests().0, 1);
    assert!(second.scene.said().contains("the record in redis://store:6379/0 is not used"));
    store.forget_all();
    second.forget();
    second.token();
    assert_eq!(second.requests().0, 2);
}

#[test]
fn a_rate_limit_is_shared_until_it_is_over() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.scene.fail_with(Kind::RateLimited);
    first.scene.cloud.error.borrow_mut().as_mut().unwrap().retry_after = NonZeroU32::new(60);
    assert_eq!(first.get().unwrap_err().kind, Kind::RateLimited);
    advance([&time, &one, &other], 59);
    assert_eq!(second.get().unwrap_err().kind, Kind::RateLimited);
    assert_eq!(second.requests().0, 0);
    advance([&time, &one, &other], 2);
    assert_eq!(second.token(), "token-1");
}

#[test]
fn a_token_that_soon_is_too_short_is_replaced_by_one_machine() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    // 700 s are left, 600 s are required.
    advance([&time, &one, &other], 2_890);
    assert_eq!((second.token(), second.requests().0), ("token-1".to_owned(), 1));
    second.scene.fail_with(Kind::Unavailable);
    first.forget();
    assert_eq!(first.requests().0, 1);
    assert_eq!(first.token(), "token-1", "the second machine's");
}

#[test]
fn a_token_that_nobody_can_be_asked_about_is_kept_for_the_others() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    other.step(0, 3_600);
    let down = Error::new(Kind::Unavailable, "down");
    *second.scene.cloud.api_error.borrow_mut() = Some(down);
    second.scene.fail_with(Kind::Unavailable);
    second.scene.cloud.clock_error.set(true);
    assert_eq!(second.get().unwrap_err().kind, Kind::Unavailable);
    first.forget();
    assert_eq!((first.token(), first.requests().0), ("token-1".to_owned(), 1));
}

#[test]
fn a_machine_begins_with_any_token_of_the_pool() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (mut first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    first.scene.settings.cache.slot = 1;
    assert_eq!(first.token(), "token-2");
    fastrand::seed(1);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        seen.insert(second.token());
        second.forget();
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(second.requests().0, 0);
    // A token that the API rejects leaves whichever slot holds it.
    let rejected = AccessToken::new("token-2".to_owned());
    second.with_broker(|broker| broker.replace_rejected(&rejected)).unwrap();
    second.forget();
    let left: std::collections::BTreeSet<_> = (0..20)
        .map(|_| {
            let token = second.token();
            second.forget();
            token
        })
        .collect();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), ["token-1"]);
}

#[test]
fn a_pool_is_known_after_its_first_token_was_replaced() {
    let [time, one, other] = ["store", "one", "other"].map(clock_of);
    let store = MemoryStore::new(&time);
    let (mut first, second) = (Machine::new(&one, &store), Machine::new(&other, &store));
    first.token();
    first.scene.settings.cache.slot = 1;
    first.token();
    first.scene.settings.cache.slot = 0;
    let rejected = AccessToken::new("token-1".to_owned());
    first.with_broker(|broker| broker.replace_rejected(&rejected)).unwrap();
    fastrand::seed(1);
    let seen: std::collections::BTreeSet<_> = (0..20)
        .map(|_| {
            second.forget();
            second.token()
        })
        .collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["token-2", "token-3"]);
}
