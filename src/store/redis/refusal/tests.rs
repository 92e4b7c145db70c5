use super::*;
use crate::store::redis::script::{READ, SWAP};

fn location(user: Option<&str>, database: u32) -> RedisLocation {
    RedisLocation {
        tls: false,
        host: "::1".to_owned(),
        port: 6379,
        user: user.map(str::to_owned),
        database,
        prefix: "gc-token:".to_owned(),
    }
}

fn explain(words: &str, is_write: bool) -> StoreError {
    let script = if is_write { &SWAP } else { &READ };
    let location = location(None, 0);
    RefusedCommand { location: &location, password: None, is_write, script: Some(script) }
        .explain(words)
}

#[test]
fn what_a_server_says_is_told_apart() {
    use StoreFault::{Full, Misconfigured, ReadOnly, Unavailable};
    for (words, fault, what) in [
        ("NOAUTH Authentication required.", Misconfigured, "wants a password"),
        ("ERR invalid password", Misconfigured, "wants a password"),
        ("ERR invalid DB index", Misconfigured, "has no database 0"),
        ("MOVED 3999 10.0.0.7:6381", Misconfigured, "is a node of a cluster, whose redirects gc-"),
        ("ASK 3999 10.0.0.7:6381", Misconfigured, "is a node of a cluster, whose redirects gc-"),
        ("CLUSTERDOWN Hash slot not served", Unavailable, "cannot answer now"),
        ("TRYAGAIN Multiple keys request during rehashing", Unavailable, "cannot answer now"),
        ("LOADING Redis is loading the dataset in memory", Unavailable, "cannot answer now"),
        ("BUSY Redis is busy running a script.", Unavailable, "cannot answer now"),
        ("ERR something new", Unavailable, "cannot answer now"),
        ("", Unavailable, "cannot answer now"),
        ("NOREPLICAS Not enough good replicas to write.", Unavailable, "cannot answer now"),
        ("ERR max number of clients reached", Unavailable, "has no connection left"),
        ("DENIED Redis is running in protected mode", Misconfigured, "takes connections from its"),
        ("MISCONF Redis is configured to save RDB snapshots", ReadOnly, "takes no writes"),
        ("READONLY You can't write against a replica.", ReadOnly, "is a replica, which takes no"),
        ("OOM command not allowed", Full, "has no memory left"),
    ] {
        let error = explain(words, true);
        assert_eq!(error.fault, fault, "{words}");
        let begin = format!("the store redis://[::1]:6379/0 {what}");
        assert!(error.error.message.starts_with(&begin), "{error:?}");
        assert_eq!(error.error.cause.as_deref(), Some(words));
    }
}

/// Redis 6 wraps an error of a script in another way than Redis 7 does.
#[test]
fn the_code_of_an_error_within_a_script_counts() {
    let in_6 = |line: u32, text: &str| {
        format!("ERR Error running script (call to f_6e01): @user_script:{line}: {text}")
    };
    let in_7 = |line: u32, text: &str| format!("{text} script: 6e01, on @user_script:{line}.");
    let no_write = "READONLY You can't write against a read only replica.";
    let no_get = "The user executing the script can't run this command or subcommand";
    let wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
    for (words, whole, what) in [
        (in_6(7, &format!("@user_script: 7: -{no_write}")), no_write, "is a replica"),
        (in_7(7, no_write), no_write, "is a replica"),
        (in_6(1, wrong_type), wrong_type, "has a key of another program"),
        (in_7(1, wrong_type), wrong_type, "has a key of another program"),
        (in_6(1, &format!("@user_script: 1: {no_get}")), no_get, "does not allow the command GET"),
        (in_6(7, &format!("@user_script: 7: {no_get}")), no_get, "does not allow the command SET"),
        (
            in_7(5, &format!("ERR {no_get}")),
            &format!("ERR {no_get}"),
            "does not allow the command TIME",
        ),
        (
            in_7(9, "ERR ACL failure in script: User ci has no permissions to run the 'x' command"),
            "ERR ACL failure in script: User ci has no permissions to run the 'x' command",
            "does not allow the command X",
        ),
    ] {
        let error = explain(&words, true);
        assert_eq!(error.error.cause.as_deref(), Some(whole), "{words}");
        let begin = format!("the store redis://[::1]:6379/0 {what}");
        assert!(error.error.message.starts_with(&begin), "{error:?}");
    }
}

#[test]
fn a_right_that_lacks_stops_reads_or_only_writes() {
    let location = location(Some("ci"), 2);
    let refused = |is_write| {
        let refused =
            RefusedCommand { location: &location, password: None, is_write, script: None };
        refused.explain("NOPERM this user has no permissions to run the 'eval' command")
    };
    assert_eq!(refused(false).fault, StoreFault::Misconfigured);
    assert_eq!(refused(true).fault, StoreFault::ReadOnly);
    let hint = "to allow it: redis-cli ACL SETUSER ci '~gc-token:*' +eval +get +set +time +select";
    assert_eq!(refused(false).error.hint.as_deref(), Some(hint));
}

#[test]
fn a_password_that_is_refused_names_the_user_it_was_sent_for() {
    let refused = |user| {
        let location = location(user, 0);
        let password = Some("GC_TOKEN_STORE_PASSWORD");
        let refused =
            RefusedCommand { location: &location, password, is_write: false, script: None };
        let error = refused.explain("WRONGPASS invalid username-password pair").error;
        (error.message, error.hint.unwrap())
    };
    let (message, hint) = refused(None);
    assert!(message.ends_with("refuses the password"), "{message}");
    assert_eq!(
        &*hint,
        "check GC_TOKEN_STORE_PASSWORD; the location names no user, so that \"default\" was used: \
         to name one, redis://USER@[::1]"
    );
    let (message, hint) = refused(Some("ci"));
    assert!(message.ends_with("refuses the password of user \"ci\""), "{message}");
    assert_eq!(&*hint, "check GC_TOKEN_STORE_PASSWORD, and the user in the location");
}

#[test]
fn the_arguments_of_a_command_are_not_repeated() {
    let error = explain("ERR unknown command 'AUTH', with args beginning with: 'hush' ", false);
    assert_eq!(error.error.cause.as_deref(), Some("ERR unknown command 'AUTH'"));
}

#[test]
fn secrets_are_redacted_behind_the_code_and_not_in_it() {
    let redacted = |secret: &str, words: &str| {
        let mut secrets = Secrets::default();
        secrets.add(secret);
        without_secrets(words, &secrets)
    };
    let told = redacted("hunter2", "ERR unknown subcommand 'hunter2'");
    assert_eq!(told, "ERR unknown subcommand '[redacted]'");
    assert_eq!(redacted("ERR", "ERR wrong ERR"), "ERR wrong [redacted]");
    assert_eq!(redacted("hunter2", "HUNTER2 is no code"), "[redacted] is no code");
    assert_eq!(redacted("hunter2", "hunter2"), "[redacted]");
    let fixed = "WRONGPASS invalid username-password pair or user is disabled.";
    assert_eq!(redacted("password", fixed), fixed);
}
