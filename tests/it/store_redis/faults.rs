//! Ways to miss a server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use gc_token::internals::error::Kind;
use gc_token::internals::store::{StoreError, StoreFault, Version};

use crate::common::port::dead_port;
use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name, won};

const SECOND: Duration = Duration::from_secs(1);

fn check(error: &StoreError, fault: StoreFault, message: &str, cause: &str, hint: &str) {
    assert_eq!(error.fault, fault, "{error:?}");
    let kind = match fault {
        StoreFault::Unavailable => Kind::Unavailable,
        _ => Kind::Configuration,
    };
    assert_eq!(error.error.kind, kind);
    assert_eq!(error.error.message, message);
    let (found_cause, found_hint) = (error.error.cause.as_ref(), error.error.hint.as_ref());
    assert!(found_cause.unwrap().starts_with(cause), "{error:?}");
    assert!(found_hint.unwrap().contains(hint), "{error:?}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let host = format!("127.0.0.1:{}", dead_port());
    check(
        &error_of(Machine::of(&format!("redis://{host}")).client().read(&name(1))),
        StoreFault::Unavailable,
        &format!("the store redis://{host}/0 cannot be reached"),
        &format!("{host} refused the connection: nothing listens there"),
        &format!("start the server on {host}"),
    );
    // A label of 64 characters is refused before any name server is asked.
    let host = format!("{}.invalid", "x".repeat(64));
    // A proxy for HTTP would look the name up by itself, and is not used.
    let proxy = format!("http://127.0.0.1:{}", dead_port());
    let variables = [("HTTPS_PROXY", &*proxy), ("HTTP_PROXY", &proxy), ("ALL_PROXY", &proxy)];
    check(
        &error_of(Machine::with(&format!("redis://{host}"), &variables).client().read(&name(1))),
        StoreFault::Unavailable,
        &format!("the store redis://{host}:6379/0 cannot be reached"),
        &format!("the name of {host}:6379 cannot be resolved (DNS)"),
        "can be reached from here",
    );
}

#[test]
fn a_stopped_server_takes_no_longer_than_the_limit_and_is_used_again_later() {
    RedisServer::with_each(&[], |server| {
        let machine = Machine::of(&server.location());
        let client = machine.client();
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        server.stop();
        // The first over the connection that is kept, the second over a new one.
        for _ in 0..2 {
            check(
                &error_of(client.read_within(&name(1), SECOND)),
                StoreFault::Unavailable,
                &format!("the store {} does not answer", server.location()),
                "no response within 1.0s",
                "--store-timeout",
            );
        }
        server.resume();
        assert_eq!(client.read(&name(1)).unwrap().version, version);
    });
}

#[test]
fn a_database_that_is_not_there_is_told() {
    RedisServer::with_each(&[], |server| {
        let location = server.database(99);
        check(
            &error_of(Machine::of(&location).client().read(&name(1))),
            StoreFault::Misconfigured,
            &format!("the store {location} has no database 99"),
            "ERR DB index is out of range",
            "redis://host:6379/0",
        );
    });
}

#[test]
fn a_key_of_another_program_is_told() {
    RedisServer::with_each(&[], |server| {
        server.set(&["RPUSH", &format!("gc-token:{}", name(1)), "x"]);
        check(
            &error_of(Machine::of(&server.location()).client().read(&name(1))),
            StoreFault::Misconfigured,
            &format!(
                "the store {} has a key of another program where a record belongs",
                server.location()
            ),
            "WRONGTYPE ",
            "?prefix=",
        );
        // A string is replaced, whatever it holds.
        let key = format!("gc-token:{}", name(2));
        for text in ["x", "0123456789abcdef", "0123456789abcdef0123456789abcdef", &"é".repeat(40)]
        {
            server.set(&["SET", &key, text]);
            let machine = Machine::of(&server.location());
            let client = machine.client();
            let found = client.read(&name(2)).unwrap();
            assert_ne!(found.version, Version::Absent, "{text}");
            won(client.swap(&name(2), &found.version, b"record").unwrap());
            assert_eq!(client.read(&name(2)).unwrap().record.unwrap(), b"record");
        }
    });
}

#[test]
fn a_server_without_scripts_is_told() {
    RedisServer::with_each(&["--rename-command", "EVAL", "evaluate"], |server| {
        check(
            &error_of(Machine::of(&server.location()).client().read(&name(1))),
            StoreFault::Misconfigured,
            &format!("the store {} lacks a command that gc-token needs", server.location()),
            "ERR unknown command",
            "EVAL, GET, SET and TIME",
        );
    });
}

#[test]
fn a_server_of_another_protocol_is_told() {
    let http = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let other = "does not speak Redis";
    // Complete, and too much.
    let long = format!("${}\r\n{}\r\n", 20 << 20, "x".repeat(20 << 20));
    for (reply, fault, what) in [
        (http, StoreFault::Misconfigured, other),
        ("+OK\r\n", StoreFault::Misconfigured, other),
        ("*3\r\n$1\r\n1\r\n$1\r\nx\r\n$-1\r\n", StoreFault::Misconfigured, other),
        ("\u{15}\u{3}\u{1}", StoreFault::Misconfigured, other),
        ("", StoreFault::Unavailable, "does not answer"),
        ("*3\r\n$10\r\n1795764056\r\n$6\r\n123", StoreFault::Unavailable, "does not answer"),
        (&long, StoreFault::Unavailable, "does not answer"),
        ("-LOADING Redis is loading\r\n", StoreFault::Unavailable, "cannot answer now"),
    ] {
        let port = serve(reply.to_owned());
        let error =
            error_of(Machine::of(&format!("redis://127.0.0.1:{port}")).client().read(&name(1)));
        let message = format!("the store redis://127.0.0.1:{port}/0 {what}");
        assert_eq!((error.fault, &*error.error.message), (fault, &*message), "{error:?}");
    }
}

/// Replies to the first request of one connection, and closes it.
fn serve(reply: String) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        // The peer may have seen enough.
        let _ = stream.write_all(reply.as_bytes());
    });
    port
}
