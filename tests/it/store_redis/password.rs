//! Passwords: wrong ones, missing ones, and where they come from.

use std::fs;

use gc_token::internals::error::Kind;
use gc_token::internals::store::StoreFault;

use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name};

const PASSWORD: &str = "correct-horse-battery";
const WRONG: &str = "wrong-horse-battery";

fn with(server: &RedisServer, user: &str, variables: &[(&str, &str)]) -> Machine {
    Machine::with(&format!("redis://{user}127.0.0.1:{}", server.port()), variables)
}

#[test]
fn a_password_that_is_wrong_or_missing_is_told_from_its_source() {
    RedisServer::with_each(&[], |server| {
        let variable = |password| [("GC_TOKEN_STORE_PASSWORD", password)];
        let set = "set GC_TOKEN_STORE_PASSWORD";
        // The server has no password yet.
        let port = server.port();
        let shown = |user: &str| format!("redis://{user}127.0.0.1:{port}/0");
        let location = shown("");
        let error = error_of(with(server, "", &variable(WRONG)).client().read(&name(1)));
        assert_eq!(error.fault, StoreFault::Misconfigured);
        let message = format!("the store {location} knows no password of the default user");
        assert_eq!(error.error.message, message);
        let hint = error.error.hint.unwrap();
        assert!(hint.ends_with("or remove the password (GC_TOKEN_STORE_PASSWORD)"), "{hint}");

        server.set(&["CONFIG", "SET", "requirepass", PASSWORD]);
        server.set(&["ACL", "SETUSER", "ci", "on", &format!(">{PASSWORD}"), "~*", "+@all"]);
        for (user, variables, what, code, hint) in [
            ("", &variable(WRONG)[..], "refuses the password", "WRONGPASS ", "check GC_TOKEN_STOR"),
            (
                "ci@",
                &variable(WRONG),
                "refuses the password of user \"ci\"",
                "WRONGPASS ",
                "check ",
            ),
            ("", &[], "wants a password", "NOAUTH ", set),
            ("ci@", &[], "wants a password of user \"ci\"", "WRONGPASS ", set),
            ("other@", &variable(PASSWORD), "refuses the password of user \"other\"", "WRONG", ""),
        ] {
            let error = error_of(with(server, user, variables).client().read(&name(1)));
            assert_eq!(error.fault, StoreFault::Misconfigured, "{error:?}");
            assert_eq!(error.error.kind, Kind::Configuration);
            assert_eq!(error.error.message, format!("the store {} {what}", shown(user)));
            assert!(error.error.cause.unwrap().starts_with(code));
            assert!(error.error.hint.unwrap().starts_with(hint));
        }
        for user in ["", "ci@"] {
            with(server, user, &variable(PASSWORD)).client().read(&name(1)).unwrap();
        }
    });
}

/// The server's own words stay whole: one that is missing would be the password.
#[test]
fn a_password_that_is_a_word_of_the_server_does_not_cut_into_its_code() {
    RedisServer::with_each(&[], |server| {
        server.set(&["CONFIG", "SET", "requirepass", PASSWORD]);
        for word in ["wrong", "WRONGPASS", "password", "user", "pass", "err"] {
            let machine = with(server, "", &[("GC_TOKEN_STORE_PASSWORD", word)]);
            let cause = error_of(machine.client().read(&name(1))).error.cause.unwrap();
            let whole = "WRONGPASS invalid username-password pair or user is disabled.";
            assert_eq!(cause, whole, "{word}");
        }
    });
}

#[test]
fn a_file_is_read_when_the_store_is_needed_and_again_after_a_refusal() {
    RedisServer::with_each(&[], |server| {
        server.set(&["CONFIG", "SET", "requirepass", PASSWORD]);
        let file = server.directory().join("password");
        let machine = with(server, "", &[("GC_TOKEN_STORE_PASSWORD_FILE", file.to_str().unwrap())]);
        let client = machine.client();
        let error = error_of(client.read(&name(1)));
        assert_eq!(error.fault, StoreFault::Misconfigured);
        assert!(error.error.message.starts_with("cannot read the store password from the file "));

        fs::write(&file, format!("{WRONG}\n")).unwrap();
        let error = error_of(client.read(&name(1)));
        assert!(error.error.message.ends_with(" refuses the password"), "{error:?}");
        assert!(error.error.hint.unwrap().contains("GC_TOKEN_STORE_PASSWORD_FILE"));
        fs::write(&file, format!("{PASSWORD}\nnotes\n")).unwrap();
        client.read(&name(1)).unwrap();
    });
}

#[test]
fn an_error_that_quotes_the_arguments_of_a_command_shows_no_password() {
    RedisServer::with_each(&["--rename-command", "AUTH", "authenticate"], |server| {
        let machine = with(server, "", &[("GC_TOKEN_STORE_PASSWORD", PASSWORD)]);
        let error = error_of(machine.client().read(&name(1)));
        assert!(error.error.message.ends_with(" lacks a command that gc-token needs"));
        assert!(error.error.cause.unwrap().starts_with("ERR unknown command 'AUTH'"));
    });
}
