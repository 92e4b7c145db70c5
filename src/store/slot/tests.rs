use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::clock::tests::reading;
use crate::config::tests::settings;
use crate::context::SystemClock;
use crate::store::StoreClient;
use crate::store::memory::{MemoryClient, MemoryStore, SleepingClock};
use crate::token::tests::token;

fn stored_token(slot: &Slot<'_>) -> Option<u64> {
    let reading = slot.read().unwrap();
    let token = reading.token()?.token.access_token.expose().to_owned();
    token.parse().ok()
}

/// Two machines that believe that the turn of the other one is over take every step of a mint in
/// every order. Tokens are numbered in the order in which the issuer makes them.
#[test]
fn no_older_token_ever_replaces_a_newer_one() {
    let clock = SystemClock::default();
    let (client, store_settings) = (settings("http://x"), StoreSettings::test());
    let memory = MemoryStore::new(&clock);
    let store = MemoryClient { store: &memory, runner: &clock };
    let (settings, secret) = (&store_settings, &b"secret"[..]);
    let client = StoreClient { store: &store, settings, clock: &clock, client: &client, secret };
    let slots = [(); 2].map(|()| client.slot(0));
    let issued = AtomicU64::new(0);
    let mut random = fastrand::Rng::with_seed(7);
    let mut last = None;
    for _ in 0..10_000 {
        slots.iter().for_each(|slot| slot.wait(Duration::ZERO));
        let readings = [slots[0].read().unwrap(), slots[1].read().unwrap()];
        let mut turns = [None, None];
        let first = random.usize(0..2);
        turns[first] = slots[first].take_turn(&readings[first], false).unwrap();
        let own_view = slots[1 - first].read().unwrap();
        turns[1 - first] = slots[1 - first].take_turn(&own_view, false).unwrap();
        let mut minted: Vec<_> = turns
            .into_iter()
            .map(|turn| {
                let number = issued.fetch_add(1, Ordering::Relaxed);
                let token = Some(SharedToken::new(token(&number.to_string(), 300), None));
                (turn.expect("nobody else took one"), Record { token, ..Record::default() })
            })
            .collect();
        if random.bool() {
            minted.reverse();
        }
        for (turn, record) in minted {
            turn.end(&record).unwrap();
            let now = stored_token(&slots[0]);
            assert!(now >= last, "{now:?} replaced {last:?}");
            last = now;
        }
    }
    assert!(last > Some(10_000), "tokens were stored");
}

fn with_slot(test: impl FnOnce(&MemoryStore<'_>, &Slot<'_>)) {
    let clock = SleepingClock::at(reading(1_000, 1_000_000));
    let (client, settings) = (settings("http://x"), StoreSettings::test());
    let memory = MemoryStore::new(&clock);
    let store = MemoryClient { store: &memory, runner: &clock };
    let (client, settings) = (&client, &settings);
    let client = StoreClient { store: &store, settings, clock: &clock, client, secret: b"secret" };
    test(&memory, &client.slot(0));
}

#[test]
fn no_turn_is_taken_without_time_for_the_reply() {
    with_slot(|store, slot| {
        let reading = slot.read().unwrap();
        slot.allow(slot.settings.timeout / 10);
        let failure = slot.take_turn(&reading, false).err().unwrap();
        assert_eq!(failure.fault, StoreFault::Unavailable);
        assert!(!slot.read().unwrap().exists());
        slot.wait(Duration::ZERO);
        assert!(slot.take_turn(&reading, false).unwrap().is_some());
        assert!(store.everything().len() > 50);
    });
}

#[test]
fn all_requests_without_a_wait_have_one_time_limit() {
    with_slot(|store, slot| {
        let limit = slot.settings.timeout;
        let start = slot.clock.read();
        *store.delay.lock().unwrap() = limit / 4;
        let reading = slot.read().unwrap();
        let turn = slot.take_turn(&reading, false).unwrap().unwrap();
        *store.delay.lock().unwrap() = limit * 9;
        turn.renew_during(|| slot.clock.sleep(Duration::ZERO));
        assert!(turn.end(&Record::default()).is_err());
        let taken = slot.clock.read().boot_since(&start).unwrap().unsigned_abs();
        assert!(taken >= limit && taken <= limit + limit / 4, "{taken:?}");
    });
}

#[test]
fn a_renewal_takes_no_time_from_what_follows_the_mint() {
    with_slot(|store, slot| {
        let reading = slot.read().unwrap();
        let turn = slot.take_turn(&reading, false).unwrap().unwrap();
        *store.delay.lock().unwrap() = slot.settings.timeout * 2 / 3;
        assert!(turn.renew());
        turn.end(&Record::default()).unwrap();
        assert!(!slot.read().is_ok_and(|reading| reading.is_minting()));
    });
}

/// A machine that has no token to publish leaves the turn of another one alone.
#[test]
fn a_turn_is_given_back_by_its_holder_alone_whatever_replies_were_lost() {
    with_slot(|store, slot| {
        let reading = slot.read().unwrap();
        let turn = slot.take_turn(&reading, false).unwrap().unwrap();
        *store.lost_reply.lock().unwrap() =
            Some(Err(StoreError::new(StoreFault::Unavailable, "no reply")));
        assert!(turn.renew() && turn.renew(), "the second renewal finds the first one");
        turn.give_back();
        let reading = slot.read().unwrap();
        assert!(reading.exists() && !reading.is_minting());
        let turn = slot.take_turn(&reading, false).unwrap().unwrap();
        let other = Record { turn: Some("other".to_owned()), ..Record::default() };
        let version = slot.read().unwrap().observation.version;
        assert_ne!(slot.swap(&version, &other).unwrap(), Swap::Lost);
        assert!(!turn.renew());
        turn.end(&Record::default()).unwrap();
        assert!(slot.read().unwrap().is_minting());
    });
}
