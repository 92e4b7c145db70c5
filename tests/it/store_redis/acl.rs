//! Users with few rights.

use gc_token::internals::store::{StoreFault, Version};

use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name, won};

const PASSWORD: &str = "of-the-acl-user";

/// The rule that the documentation gives, with the password filled in.
const RULE: &str =
    "SETUSER ci on >of-the-acl-user ~gc-token:* resetchannels -@all +eval +get +set +time";

fn add_user(server: &RedisServer) {
    acl(server, RULE);
}

fn acl(server: &RedisServer, rule: &str) {
    let words: Vec<_> = ["ACL"].into_iter().chain(rule.split(' ')).collect();
    server.set(&words);
}

fn of_user(server: &RedisServer, user: &str, path: &str) -> Machine {
    let location = format!("redis://{user}@127.0.0.1:{}{path}", server.port());
    Machine::with(&location, &[("GC_TOKEN_STORE_PASSWORD", PASSWORD)])
}

#[test]
fn the_documented_rights_suffice_and_each_that_lacks_is_named() {
    RedisServer::with_each(&[], |server| {
        add_user(server);
        let machine = of_user(server, "ci", "");
        let client = machine.client();
        assert_eq!(client.read(&name(1)).unwrap().version, Version::Absent);
        let version = won(client.swap(&name(1), &Version::Absent, b"x").unwrap());
        for (right, reads) in [("eval", false), ("get", false), ("time", false), ("set", true)] {
            acl(server, &format!("SETUSER ci -{right}"));
            let machine = of_user(server, "ci", "");
            let client = machine.client();
            let message = format!(
                "the store redis://ci@127.0.0.1:{}/0 does not allow the command {}",
                server.port(),
                right.to_uppercase()
            );
            let hint = "to allow it: redis-cli ACL SETUSER ci '~gc-token:*' +eval +get +set +time";
            if reads {
                assert_eq!(client.read(&name(1)).unwrap().version, version);
            } else {
                let error = error_of(client.read(&name(1)));
                assert_eq!(error.fault, StoreFault::Misconfigured, "{error:?}");
                assert_eq!(error.error.message, message);
                assert_eq!(error.error.hint.as_deref(), Some(hint));
            }
            let error = error_of(client.swap(&name(1), &version, b"y"));
            assert_eq!(error.fault, StoreFault::ReadOnly, "{error:?}");
            assert_eq!(error.error.message, message);
            acl(server, &format!("SETUSER ci +{right}"));
            assert_eq!(machine.client().read(&name(1)).unwrap().record.unwrap(), b"x");
        }
    });
}

#[test]
fn keys_and_databases_that_are_not_allowed_are_named() {
    RedisServer::with_each(&[], |server| {
        add_user(server);
        acl(server, "SETUSER ci resetkeys ~other:*");
        let error = error_of(of_user(server, "ci", "").client().read(&name(1)));
        let store = format!("the store redis://ci@127.0.0.1:{}", server.port());
        let message = format!("{store}/0 does not allow keys that begin with \"gc-token:\"");
        assert_eq!((error.fault, error.error.message), (StoreFault::Misconfigured, message));
        let other = of_user(server, "ci", "?prefix=other:");
        won(other.client().swap(&name(1), &Version::Absent, b"x").unwrap());

        let error = error_of(of_user(server, "ci", "/1").client().read(&name(1)));
        let message = format!("{store}/1 does not allow the command SELECT");
        assert_eq!((error.fault, error.error.message), (StoreFault::Misconfigured, message));
        assert!(error.error.hint.unwrap().ends_with(" +select"));
        acl(server, "SETUSER ci +select ~gc-token:*");
        of_user(server, "ci", "/1").client().read(&name(1)).unwrap();
    });
}

/// Such a user may run no script with the key.
#[test]
fn a_user_who_may_only_read_the_keys_reads() {
    RedisServer::with_each(&[], |server| {
        add_user(server);
        let version =
            won(of_user(server, "ci", "").client().swap(&name(1), &Version::Absent, b"x").unwrap());
        acl(server, "SETUSER ci resetkeys %R~gc-token:*");
        let machine = of_user(server, "ci", "");
        let client = machine.client();
        for _ in 0..2 {
            let found = client.read(&name(1)).unwrap();
            assert_eq!((found.record.as_deref(), &found.version), (Some(&b"x"[..]), &version));
            assert!(found.age.unwrap() >= jiff::SignedDuration::ZERO && found.clock.is_some());
            assert_eq!(client.read(&name(2)).unwrap().version, Version::Absent);
        }
        // The server keeps a line for each refusal.
        assert_eq!(server.admin(&["ACL", "LOG"]).matches("gc-token:").count(), 1);
        let error = error_of(client.swap(&name(1), &version, b"y"));
        assert_eq!(error.fault, StoreFault::ReadOnly, "{error:?}");
        let message = format!(
            "the store redis://ci@127.0.0.1:{}/0 is read-only for keys that begin with \
             \"gc-token:\"",
            server.port()
        );
        assert_eq!(error.error.message, message);
        acl(server, "SETUSER ci resetkeys %W~gc-token:*");
        let error = error_of(of_user(server, "ci", "").client().read(&name(1)));
        assert_eq!(error.fault, StoreFault::Misconfigured, "{error:?}");
    });
}

#[test]
fn a_user_without_a_password_needs_none() {
    RedisServer::with_each(&[], |server| {
        acl(server, "SETUSER open on nopass ~gc-token:* -@all +eval +get +time");
        let open = format!("redis://open@127.0.0.1:{}", server.port());
        Machine::of(&open).client().read(&name(1)).unwrap();
        of_user(server, "open", "").client().read(&name(1)).unwrap();
    });
}
