//! Records: versions, races, ages, and what becomes of them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::Duration;

use gc_token::internals::clock::Reading;
use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::store::{Swap, Version};
use jiff::SignedDuration;

use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{KEEP, Machine, name, won};

#[test]
fn a_record_is_replaced_by_those_who_know_its_version() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let empty = client.read(&name(1)).unwrap();
        assert_eq!((empty.record, empty.version, empty.age), (None, Version::Absent, None));

        // No byte is special.
        let record: Vec<u8> = (0..=255).collect();
        let first = won(client.swap(&name(1), &Version::Absent, &record).unwrap());
        let found = client.read(&name(1)).unwrap();
        assert_eq!((found.record, &found.version), (Some(record), &first));
        assert_eq!(client.read(&name(2)).unwrap().record, None);

        assert_eq!(client.swap(&name(1), &Version::Absent, b"late").unwrap(), Swap::Lost);
        let second = won(client.swap(&name(1), &first, b"second").unwrap());
        assert_eq!(client.swap(&name(1), &first, b"late").unwrap(), Swap::Lost);
        // Equal contents have different versions.
        let third = won(client.swap(&name(1), &second, b"second").unwrap());
        assert_ne!(second, third);
        assert_eq!(client.read(&name(1)).unwrap().record.unwrap(), b"second");

        let kept: u128 = ttl(&server.admin(&["PTTL", &format!("gc-token:{}", name(1))]));
        assert!((1..=KEEP.as_millis()).contains(&kept), "{kept}");
        server.set(&["FLUSHALL"]);
        assert_eq!(client.read(&name(1)).unwrap().version, Version::Absent);
        assert_eq!(client.swap(&name(1), &third, b"late").unwrap(), Swap::Lost);
        won(client.swap(&name(1), &Version::Absent, b"anew").unwrap());
    });
}

fn ttl(reply: &str) -> u128 {
    reply.strip_prefix(':').unwrap().parse().unwrap()
}

#[test]
fn of_two_writers_one_wins_each_time() {
    const ROUNDS: u32 = 1_000;
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let rounds = Barrier::new(2);
        let race = |own: &[u8]| {
            let client = machine.client();
            let mut swaps = Vec::new();
            for round in 0..ROUNDS {
                // Ten rounds for each name: the first writes anew, the others replace.
                let name = name(round / 10);
                let seen = client.read(&name);
                rounds.wait();
                let swapped = seen.and_then(|seen| client.swap(&name, &seen.version, own));
                rounds.wait();
                // A failure here would leave the other waiting.
                swaps.push((swapped, client.read(&name)));
                rounds.wait();
            }
            let mut wins = Vec::new();
            for (swapped, found) in swaps {
                let (swapped, found) = (swapped.unwrap(), found.unwrap());
                wins.push(matches!(swapped, Swap::Won(_)));
                if let Swap::Won(version) = swapped {
                    assert_eq!((found.record.as_deref(), &found.version), (Some(own), &version));
                }
            }
            wins
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| race(b"other"));
            (race(b"one"), other.join().unwrap())
        });
        for (round, pair) in one.iter().zip(&other).enumerate() {
            assert_ne!(pair.0, pair.1, "round {round}");
        }
        assert_eq!(one.len(), ROUNDS as usize);
    });
}

#[test]
fn the_servers_clock_tells_the_age_and_its_own_offset() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let clock = SystemClock::default();
        let before = clock.read();
        won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        let written = clock.read();
        std::thread::sleep(Duration::from_millis(30));
        let reading = clock.read();
        let found = client.read(&name(1)).unwrap();
        let after = clock.read();
        let (age, offset) = (found.age.unwrap(), found.clock.unwrap());
        let since = |now: &Reading, then| now.boot_since(then).unwrap();
        // Each clock of one machine may be read a microsecond late.
        let slack = SignedDuration::from_micros(200);
        assert!(age >= since(&reading, &written) - slack, "{age:?}");
        assert!(age <= since(&after, &before) + slack, "{age:?}");
        // The server's clock is this machine's.
        let shown = offset.offset;
        assert!(shown.min <= slack && shown.max >= -slack, "{shown:?}");
        assert!(shown.max - shown.min <= since(&after, &reading) + slack, "{shown:?}");
    });
}

#[test]
fn a_record_outlives_what_it_was_told_to_by_nothing() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let brief = Duration::from_millis(1);
        let swapped = client.swap_for(&name(1), &Version::Absent, b"x", brief).unwrap();
        won(swapped);
        while client.read(&name(1)).unwrap().record.is_some() {
            std::thread::sleep(brief);
        }
        // A duration that no clock can represent is cut.
        won(client.swap_for(&name(1), &Version::Absent, b"x", Duration::MAX).unwrap());
    });
}

#[test]
fn a_connection_is_kept_and_opened_again_once_it_broke() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let opened = |server: &RedisServer| {
            let info = server.admin(&["INFO", "stats"]);
            let line =
                info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
            line.unwrap().trim().parse::<u32>().unwrap()
        };
        let at_start = opened(server);
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        for _ in 0..5 {
            client.read(&name(1)).unwrap();
        }
        assert_eq!(opened(server), at_start + 1);
        server.set(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert_eq!(client.read(&name(1)).unwrap().version, version);
        server.set(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        won(client.swap(&name(1), &version, b"y").unwrap());
        assert_eq!(opened(server), at_start + 3);
    });
}

#[test]
fn a_swap_whose_reply_was_lost_has_won() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&format!("redis://127.0.0.1:{}", losing_replies(server.port())));
        let client = machine.client();
        // Keeps the connection, so that the next request is repeated when that breaks.
        client.read(&name(1)).unwrap();
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        let direct = Machine::of(&server.location());
        let found = direct.client().read(&name(1)).unwrap();
        assert_eq!((found.record.unwrap(), found.version), (b"x".to_vec(), version));
        assert!(server.admin(&["INFO", "commandstats"]).contains("cmdstat_eval:calls=4"));
    });
}

/// Passes bytes on to `port`. The first connection is closed instead of its second reply.
fn losing_replies(port: u16) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own_port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let mut buffer = [0; 4096];
            for exchange in 0.. {
                let Ok(read @ 1..) = client.read(&mut buffer) else {
                    break;
                };
                server.write_all(&buffer[..read]).unwrap();
                let read = server.read(&mut buffer).unwrap();
                if (number, exchange) == (0, 1) {
                    break;
                }
                client.write_all(&buffer[..read]).unwrap();
            }
        }
    });
    own_port
}

#[test]
fn a_prefix_and_a_database_keep_records_apart() {
    RedisServer::with_each(&[], |server| {
        let team = format!("{}?prefix=team:", server.location());
        let machines = [server.location(), server.database(1), team].map(|own| Machine::of(&own));
        for machine in &machines {
            won(machine.client().swap(&name(1), &Version::Absent, b"x").unwrap());
        }
        server.set(&["SELECT", "1"]);
        assert_eq!(server.admin(&["KEYS", "*"]), format!("gc-token:{}", name(1)));
        server.set(&["SELECT", "0"]);
        let mut keys: Vec<_> = server.admin(&["KEYS", "*"]).split(' ').map(str::to_owned).collect();
        keys.sort();
        assert_eq!(keys, [format!("gc-token:{}", name(1)), format!("team:{}", name(1))]);
    });
}
