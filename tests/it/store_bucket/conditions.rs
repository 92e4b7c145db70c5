//! Conditional writes.

use std::sync::{Barrier, Mutex};

use gc_token::internals::context::Environment;
use gc_token::internals::store::{Swap, Version};

use super::with_each;
use crate::common::store_machine::{Client, Machine, name, won};

const RACERS: usize = 32;

#[test]
fn writes_depend_on_the_version() {
    with_each(|machine| assert_conditional(&machine().client(), 0));
}

/// Checks all that the engine promises, on records that do not exist yet.
pub(super) fn assert_conditional(client: &Client<'_>, number: u32) {
    let (name, other) = (name(number), name(number + 1));
    let swap = |expected: &Version, record: &[u8]| client.swap(&name, expected, record).unwrap();
    let absent = client.read(&name).unwrap();
    assert_eq!((absent.record, &absent.version, absent.age), (None, &Version::Absent, None));
    assert!(absent.clock.is_some());
    let invented = Version::Present {
        e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
        generation: Some("1".to_owned()),
    };
    assert_eq!(swap(&invented, b"no"), Swap::Lost);

    let first = won(swap(&Version::Absent, b"one"));
    assert_eq!(swap(&Version::Absent, b"two"), Swap::Lost);
    let shown = client.read(&name).unwrap();
    assert_eq!((shown.record.as_deref(), &shown.version), (Some(&b"one"[..]), &first));
    // Versity writes a date of up to a second ago.
    let age = shown.age.unwrap().as_secs();
    assert!((-1..60).contains(&age), "{age}");

    let second = won(swap(&first, b"two"));
    assert_ne!(first, second);
    assert_eq!(swap(&first, b"three"), Swap::Lost);
    let third = won(swap(&second, b"one again"));
    assert_ne!(third, first);
    let shown = client.read(&name).unwrap();
    assert_eq!((shown.record.as_deref(), &shown.version), (Some(&b"one again"[..]), &third));
    assert_eq!(client.read(&other).unwrap().record, None);
}

/// `GC_TOKEN_TEST_STORE_ROUNDS` asks for more than a few rounds.
#[test]
fn of_many_writers_at_once_exactly_one_wins() {
    let rounds = Environment::of_process().text("GC_TOKEN_TEST_STORE_ROUNDS");
    let rounds: u32 = rounds.map_or(6, |rounds| rounds.parse().unwrap());
    with_each(|machine| race(machine, rounds));
}

fn race(machine: &(dyn Fn() -> Machine + Sync), rounds: u32) {
    let start = Barrier::new(RACERS);
    let winners: Vec<_> = (0..rounds).map(|_| Mutex::new(Vec::new())).collect();
    std::thread::scope(|scope| {
        for racer in 0..RACERS {
            let (start, winners) = (&start, &winners);
            scope.spawn(move || {
                let machine = machine();
                let client = machine.client();
                let mut expected = Version::Absent;
                for (round, winners) in (0..).zip(winners) {
                    // Every other round is about a record that exists.
                    let name = name(1000 + round / 2);
                    if round % 2 == 0 {
                        expected = Version::Absent;
                    }
                    let record = format!("{racer} {round}");
                    start.wait();
                    let swap = client.swap(&name, &expected, record.as_bytes());
                    if let Swap::Won(_) = swap.unwrap() {
                        winners.lock().unwrap().push(racer);
                    }
                    start.wait();
                    expected = client.read(&name).unwrap().version;
                }
            });
        }
    });
    for (round, winners) in winners.iter().enumerate() {
        assert_eq!(winners.lock().unwrap().len(), 1, "round {round}");
    }
}
