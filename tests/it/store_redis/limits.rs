//! Servers that are full, busy, or not the primary.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use gc_token::internals::store::{StoreFault, Version};

use crate::common::port::dead_port;
use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name, won};

#[test]
fn a_server_without_memory_refuses_writes_alone() {
    RedisServer::with_each(&["--maxmemory-policy", "noeviction"], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        server.set(&["CONFIG", "SET", "maxmemory", "1"]);
        let error = error_of(client.swap(&name(1), &version, b"y"));
        assert_eq!(error.fault, StoreFault::Full);
        let message = format!("the store {} has no memory left", server.location());
        assert_eq!(error.error.message, message);
        let found = client.read(&name(1)).unwrap();
        assert_eq!((found.record.unwrap(), &found.version), (b"x".to_vec(), &version));
        server.set(&["CONFIG", "SET", "maxmemory", "0"]);
        won(client.swap(&name(1), &version, b"y").unwrap());
    });
}

#[test]
fn a_server_that_evicts_loses_records_and_takes_new_ones() {
    RedisServer::with_each(&["--maxmemory-policy", "allkeys-lru"], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        client.read(&name(0)).unwrap();
        let used = used_memory(server);
        server.set(&["CONFIG", "SET", "maxmemory", &(used + 300_000).to_string()]);
        let record = vec![7; 4_000];
        let last = 500;
        for number in 0..=last {
            won(client.swap(&name(number), &Version::Absent, &record).unwrap());
        }
        let found = |number| client.read(&name(number)).unwrap().record;
        assert_eq!(found(last), Some(record));
        let lost = (0..=last).find(|number| found(*number).is_none()).unwrap();
        won(client.swap(&name(lost), &Version::Absent, b"anew").unwrap());
    });
}

fn used_memory(server: &RedisServer) -> u64 {
    let info = server.admin(&["INFO", "memory"]);
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    used.trim().parse().unwrap()
}

#[test]
fn a_replica_is_read_and_says_that_it_takes_no_writes() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        server.set(&["REPLICAOF", "127.0.0.1", &dead_port().to_string()]);
        assert_eq!(client.read(&name(1)).unwrap().version, version);
        let error = error_of(client.swap(&name(1), &version, b"y"));
        assert_eq!(error.fault, StoreFault::ReadOnly);
        let message =
            format!("the store {} is a replica, which takes no writes", server.location());
        assert_eq!(error.error.message, message);
        assert!(error.error.cause.unwrap().starts_with("READONLY "));

        server.set(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
        let error = error_of(client.read(&name(1)));
        assert_eq!(error.fault, StoreFault::Unavailable);
        assert!(error.error.cause.unwrap().starts_with("MASTERDOWN "));
    });
}

#[test]
fn a_busy_server_is_tried_again_later() {
    let limit = ["--lua-time-limit", "1"];
    RedisServer::with_each(&limit, |server| {
        let machine = Machine::of(&server.location());
        let mut other = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        other.write_all(b"*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n").unwrap();
        while !server.admin(&["PING"]).starts_with("-BUSY") {
            std::thread::sleep(Duration::from_millis(10));
        }
        let error = error_of(machine.client().read(&name(1)));
        assert_eq!(error.fault, StoreFault::Unavailable);
        assert!(error.error.cause.unwrap().starts_with("BUSY "));
        server.set(&["SCRIPT", "KILL"]);
        while server.admin(&["PING"]) != "+PONG" {
            std::thread::sleep(Duration::from_millis(10));
        }
        machine.client().read(&name(1)).unwrap();
    });
}

#[test]
fn a_server_with_all_its_clients_says_so() {
    RedisServer::with_each(&[], |server| {
        server.set(&["CONFIG", "SET", "maxclients", "1"]);
        let message = format!("the store {} has no connection left", server.location());
        let machine = Machine::of(&server.location());
        // What the server says is lost where it closes the connection before the request.
        let said = (0..200).any(|_| {
            let error = error_of(machine.client().read(&name(1)));
            assert_eq!(error.fault, StoreFault::Unavailable);
            error.error.message == message
        });
        assert!(said);
    });
}
