//! Text as people leave it: with a byte order mark, line ends, quotes, a tilde,
//! or a secret in the place of a name.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use gc_token::internals::sandbox::SandboxConfig;

use super::Report;
use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::process::Finished;
use crate::common::runner::Runner;

const CONFIG: &str = ".config/gc-token/config.toml";

/// Of the form that Genesys Cloud's secrets have.
const LIKE_A_SECRET: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

/// Asserts that it printed a token, and no message.
fn hands_out(what: &str, finished: &Finished) {
    assert_eq!(finished.status.code(), Some(0), "{what}: {finished:#?}");
    assert_eq!(finished.stderr, "", "{what}");
}

/// A string of TOML.
fn toml(text: &str) -> String {
    format!("{text:?}").replace(r"\u{feff}", r"\uFEFF")
}

#[test]
fn a_mark_in_front_and_line_ends_behind_are_not_sent() {
    let cloud = cloud(SandboxConfig::default());
    let runner = || Runner::of(&cloud);
    let get = |what: &str, runner: &Runner, args: &[&str]| {
        hands_out(what, &runner.run(&[&["get"], args].concat()));
    };
    for end in ["\n", "\r\n", "\r\n\r\n"] {
        let around = |value: &str| format!("\u{feff}{value}{end}");
        for (name, value) in [
            ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT.to_owned()),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET.to_owned()),
            ("GC_TOKEN_API_URL", cloud.api_url()),
            ("GC_TOKEN_LOGIN_URL", cloud.login_url()),
            ("GC_TOKEN_MIN_TTL", "5m".to_owned()),
            ("GC_TOKEN_NO_CACHE", "true".to_owned()),
        ] {
            get(name, &runner().set(name, around(&value)), &[]);
        }
        let id = around(CLIENT);
        get("--client-id", &runner(), &["--client-id", &id]);
        let file =
            runner().unset("GENESYSCLOUD_OAUTHCLIENT_SECRET").with_file("s", &around(SECRET));
        get("--client-secret-file", &file, &["--client-secret-file", "s"]);
        let stdin = file.run_on(&["get", "--client-secret-file=-"], around(SECRET).as_bytes());
        hands_out("standard input", &stdin);
        let profile = format!("\u{feff}[default]{end}client_secret = '{SECRET}'{end}");
        let profile = runner().unset("GENESYSCLOUD_OAUTHCLIENT_SECRET").with_file(CONFIG, &profile);
        get("a profile", &profile, &[]);
        let (secret, id) = (toml(&around(SECRET)), toml(&id));
        let values = format!("[default]\nclient_secret = {secret}\nclient_id = {id}\n");
        let values = runner()
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .unset("GENESYSCLOUD_OAUTHCLIENT_ID")
            .with_file(CONFIG, &values);
        get("values of a profile", &values, &[]);
        let query = format!("{{\"client_id\": {:?}}}", format!("{CLIENT}{end}"));
        let query = runner().run_on(&["external"], around(&query).as_bytes());
        hands_out("the query", &query);
    }
    let counters = cloud.counters();
    assert_eq!(counters.mints, counters.token_requests, "one was refused");
}

#[test]
fn values_that_are_no_text_are_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    for (name, value, said) in [
        ("GC_TOKEN_SCOPE", &b"a\xff"[..], "GC_TOKEN_SCOPE: the value is not UTF-8"),
        (
            "GENESYSCLOUD_OAUTHCLIENT_ID",
            b"a\xff",
            "GENESYSCLOUD_OAUTHCLIENT_ID: the value is not UTF-8",
        ),
        ("GC_TOKEN_CACHE_DIR", b"/tmp/\xff", "GC_TOKEN_CACHE_DIR: the value is not UTF-8"),
        (
            "GENESYSCLOUD_OAUTHCLIENT_ID",
            b"a\nb",
            "GENESYSCLOUD_OAUTHCLIENT_ID: the value contains a control character",
        ),
        (
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
            b"a\tb",
            "the client secret from GENESYSCLOUD_OAUTHCLIENT_SECRET contains a control character",
        ),
        (
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
            b"\xff\xfes\0",
            "the client secret from GENESYSCLOUD_OAUTHCLIENT_SECRET is UTF-16, not UTF-8",
        ),
    ] {
        if value.contains(&0) {
            let runner = Runner::of(&cloud);
            fs::write(runner.home().join("s"), value).unwrap();
            let finished = runner.run(&["get", "--client-secret-file=s"]);
            assert!(finished.stderr.contains("is UTF-16, not UTF-8"), "{finished:#?}");
            continue;
        }
        let finished = Runner::of(&cloud).set(name, OsStr::from_bytes(value)).run(&["get"]);
        assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
        assert!(
            finished.stderr.starts_with(&format!("gc-token: error: {said}\n")),
            "{finished:#?}"
        );
    }
    assert_eq!(cloud.counters().token_requests, 0);
}

#[test]
fn a_tilde_is_the_home_directory_wherever_a_path_is_given() {
    let cloud = cloud(SandboxConfig::default());
    let script = format!("#!/bin/sh\nprintf '%s' '{SECRET}'\n");
    let runner = Runner::of(&cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file("here/secret", SECRET)
        .with_file("here/print-secret", &script)
        .with_file(
            CONFIG,
            "[files]\nclient_secret_file = '~/here/secret'\ncache_dir = '~/here/c2'\n\
             [command]\nclient_secret_command = ['~/here/print-secret']\n",
        )
        .set("GC_TOKEN_CACHE_DIR", "~/here/c1");
    let home = runner.home().to_owned();
    use std::os::unix::fs::PermissionsExt;
    let executable = fs::Permissions::from_mode(0o700);
    fs::set_permissions(home.join("here/print-secret"), executable).unwrap();
    hands_out("flag", &runner.run(&["get", "--client-secret-file=~/here/secret"]));
    assert!(home.join("here/c1").is_dir());
    hands_out("command", &runner.run(&["get", "--profile=command"]));
    let runner = runner.unset("GC_TOKEN_CACHE_DIR");
    hands_out("profile", &runner.run(&["get", "--profile=files"]));
    assert!(home.join("here/c2").is_dir());
    runner.run(&["terraform", "install", "--mirror=~/here/mirror"]).succeeded();
    assert!(home.join("here/mirror").is_dir());
    let file = ["--client-secret-file", "here/secret"];
    let run = runner.start(&[&["gateway", "--prefix-file=~/here/prefix"], &file[..]].concat());
    crate::common::process::wait_until("there is a prefix", || home.join("here/prefix").exists());
    run.signal(rustix::process::Signal::TERM);
    run.finish();
    for (path, why) in [
        ("~somebody/c", "begins with another user's home directory"),
        ("$HOME/c", "contains a variable"),
        ("${HOME}/c", "contains a variable"),
    ] {
        let finished = runner.run(&[&["get", "--cache-dir", path], &file[..]].concat());
        assert_eq!(finished.status.code(), Some(2), "{finished:#?}");
        assert!(finished.stderr.contains(&format!("--cache-dir: the path {why}")), "{finished:#?}");
    }
    let odd = |name: &std::ffi::OsString| {
        name.as_bytes().starts_with(b"~") || name.as_bytes().starts_with(b"$")
    };
    let names = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(odd).count(), 0);
}

#[test]
fn of_several_lines_the_first_is_the_secret() {
    let cloud = cloud(SandboxConfig::default());
    let text = format!("{SECRET}\r\nlogin: me\r\nurl: https://example\r\n");
    let argv = "[default]\nclient_secret_command = ['cat', 'pass']\n";
    let runner =
        || Runner::of(&cloud).unset("GENESYSCLOUD_OAUTHCLIENT_SECRET").with_file("pass", &text);
    let inputs = [
        (runner().with_file(CONFIG, argv), "the output of \"cat\""),
        (
            runner().set("GC_TOKEN_CLIENT_SECRET_FILE", "pass"),
            "the file \"pass\" (GC_TOKEN_CLIENT_SECRET_FILE)",
        ),
        (runner().set("GC_TOKEN_CLIENT_SECRET", &text), "GC_TOKEN_CLIENT_SECRET"),
    ];
    for (runner, origin) in inputs {
        hands_out(origin, &runner.run(&["get", "--no-cache"]));
        let finished = runner.run(&["get", "--no-cache", "-v"]);
        let [from, said] = [
            &*format!("the client secret from {origin}"),
            "has several lines: only the first one is used\n",
        ];
        assert!(finished.stderr.contains(from) && finished.stderr.contains(said), "{finished:#?}");
    }
}

#[test]
fn visible_mistakes_are_named_when_the_issuer_refuses() {
    let cloud = cloud(SandboxConfig::default());
    let uuid = "3e1dba42-fbd1-4a54-a8ac-f23a8a2a5a3c";
    for (id, secret, said) in [
        (CLIENT, format!("\"{SECRET}\""), "the client secret begins or ends with a quotation mark"),
        (CLIENT, format!("{SECRET} "), "the client secret begins or ends with a space"),
        (CLIENT, "...".to_owned(), "the client secret is a placeholder"),
        (CLIENT, "${SECRET}".to_owned(), "the client secret is a reference"),
        ("'the-client'", SECRET.to_owned(), "the client id begins or ends with a quotation mark"),
        (LIKE_A_SECRET, uuid.to_owned(), "they seem to be swapped"),
    ] {
        let runner = Runner::of(&cloud)
            .set("GENESYSCLOUD_OAUTHCLIENT_ID", id)
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", &secret);
        let finished = runner.run(&["get"]);
        assert_eq!(finished.status.code(), Some(4), "{finished:#?}");
        assert!(finished.stderr.contains(said), "{said}: {finished:#?}");
        assert!(!finished.stderr.contains(LIKE_A_SECRET), "{finished:#?}");
    }
}

#[test]
fn a_value_that_is_refused_in_quotes_is_told_of_them() {
    let finished = Runner::bare().set("GENESYSCLOUD_REGION", "\"eu-west-1\"").run(&["get"]);
    assert!(
        finished.stderr.contains("cause: it begins or ends with a quotation mark"),
        "{finished:#?}"
    );
}

#[test]
fn names_that_nothing_reads_are_warned_of_with_the_nearest_one() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .set("GC_TOKEN_MIN_TLL", "1h")
        .set("GC_TOKEN_GATEWAY_URL", "http://127.0.0.1:1/x")
        .with_file(CONFIG, "min_ttl = '2h'\nregoin = 'x'\n[other]\nskew = 5\n");
    let said = [
        "GC_TOKEN_MIN_TLL is not a setting, and has no effect: did you mean GC_TOKEN_MIN_TTL?",
        "min_ttl in HOME/.config/gc-token/config.toml is outside every profile, and has no \
         effect. Move it below [default].",
        "regoin in HOME/.config/gc-token/config.toml is outside every profile, and has no \
         effect. Did you mean region, below [default]?",
    ];
    let finished = runner.run(&["get"]);
    finished.succeeded();
    for line in said {
        assert!(finished.stderr.contains(&format!("gc-token: warning: {line}\n")), "{finished:#?}");
    }
    assert!(!finished.stderr.contains("GATEWAY"), "{finished:#?}");
    let report = runner.run(&["doctor"]);
    for line in said {
        let words: Vec<_> = line.split(' ').take(4).collect();
        assert!(report.stdout.contains(&words.join(" ")), "{report:#?}");
    }
}

#[test]
fn a_secret_in_the_place_of_a_name_is_not_repeated() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let url = |rest: &str| format!("https://{rest}");
    let (password, query) = (url("id:hunter2@login.example"), url("login.example/?key=hunter2"));
    let unusable = "https://id:hunter2@login example";
    for secret in [LIKE_A_SECRET, SECRET, "hunter2"] {
        for args in [
            &["get", "--client-secret", secret][..],
            &["get", "--client-secret-file", secret],
            &["doctor", "--client-secret-file", secret],
            &["exec", "--set", secret, "--", "true"],
        ] {
            let finished = runner.run(args);
            assert_ne!(finished.status.code(), Some(0), "{finished:#?}");
            let said = [finished.stdout, finished.stderr].concat();
            assert!(!said.contains(secret), "{args:?}: {said}");
        }
    }
    for args in [
        &["get", LIKE_A_SECRET][..],
        &["get", "--profile", LIKE_A_SECRET],
        &["get", "--region", LIKE_A_SECRET],
        &["get", "--skew", LIKE_A_SECRET],
        &["env", "--var", &format!("{LIKE_A_SECRET}=")],
        &["exec", "--set", &format!("{LIKE_A_SECRET}=x"), "--", "true"],
        &["exec", "--", LIKE_A_SECRET],
        &["get", "--login-url", &password],
        &["get", "--login-url", &query],
        &["get", "--login-url", unusable],
        &["doctor", "--token-url", &query, "--timeout=1s"],
        &["doctor", "--login-url", &password, "--timeout=1s"],
    ] {
        let finished = runner.run(args);
        assert_ne!(finished.status.code(), Some(0), "{finished:#?}");
        let said = [finished.stdout, finished.stderr].concat();
        assert!(!said.contains(LIKE_A_SECRET) && !said.contains("hunter2"), "{args:?}: {said}");
    }
    let status = runner.run(&["status", "--token-url", &query]);
    assert!(!status.stdout.contains("hunter2"), "{status:#?}");
}

#[test]
fn a_second_mark_is_part_of_the_value() {
    let cloud = cloud(SandboxConfig::default());
    let twice = |value: &str| format!("\u{feff}\u{feff}{value}");
    let get = |runner: Runner, args: &[&str]| {
        let finished = runner.run(&[&["get"], args].concat());
        assert_eq!(finished.status.code(), Some(4), "{finished:#?}");
        assert!(finished.stderr.contains("contains an invisible character"), "{finished:#?}");
    };
    get(Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_ID", twice(CLIENT)), &[]);
    get(Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", twice(SECRET)), &[]);
    get(Runner::of(&cloud), &["--client-id", &twice(CLIENT)]);
    let profile = format!("[default]\nclient_id = {}\n", toml(&twice(CLIENT)));
    let profile = Runner::of(&cloud).with_file(CONFIG, &profile);
    get(profile.unset("GENESYSCLOUD_OAUTHCLIENT_ID"), &[]);
    get(Runner::of(&cloud).with_file("s", &twice(SECRET)), &["--client-secret-file=s"]);
}

#[test]
fn a_mark_and_line_ends_alone_are_nothing() {
    let cloud = cloud(SandboxConfig::default());
    let nothing = "\u{feff}\r\n";
    for name in [
        "GC_TOKEN_CLIENT_ID",
        "GC_TOKEN_CLIENT_SECRET",
        "GC_TOKEN_MIN_TTL",
        "GC_TOKEN_CACHE_DIR",
        "GC_TOKEN_PROFILE",
    ] {
        let runner = Runner::of(&cloud).set(name, nothing);
        hands_out(name, &runner.run(&["get"]));
    }
    let profile = format!(
        "[default]\nclient_id = {0}\nclient_secret = {0}\nmin_ttl = {0}\ncache_dir = {0}\n",
        toml(nothing)
    );
    hands_out("a profile", &Runner::of(&cloud).with_file(CONFIG, &profile).run(&["get"]));
    let query = br#"{"client_id": "\n", "min_ttl": "\r\n", "profile": "\n"}"#;
    hands_out("the query", &Runner::of(&cloud).run_on(&["external"], query));
}

/// An unset variable does this: `--client-id "$ID"`.
#[test]
fn an_empty_flag_is_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    for flag in ["--client-id", "--scope", "--audience", "--cache-dir", "--ca-file", "--region"] {
        for value in ["", "\n"] {
            let runner = Runner::of(&cloud);
            let finished = runner.run(&["get", flag, value]);
            let said = format!("gc-token: error: {flag}: the value is empty\n");
            assert_eq!(finished.stderr, said);
            assert_eq!(finished.status.code(), Some(2));
            assert_eq!(fs::read_dir(runner.home()).unwrap().count(), 0, "{flag}");
        }
    }
}

#[test]
fn a_path_that_cannot_be_meant_makes_no_directory() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for path in ["\"~/x\"", "'x'", "x ", "a/$USER/x", "%HOME%/x", "file:///x", "<directory>", "..."]
    {
        let in_profile = format!("[default]\ncache_dir = {path:?}\n");
        for (from, runner, args) in [
            (
                "GC_TOKEN_CACHE_DIR",
                Runner::of(&cloud).set("GC_TOKEN_CACHE_DIR", path),
                &["get"][..],
            ),
            ("--cache-dir", Runner::of(&cloud), &["get", "--cache-dir", path]),
            ("a profile", Runner::of(&cloud).with_file(CONFIG, &in_profile), &["get"]),
            ("--mirror", Runner::of(&cloud), &["terraform", "install", "--mirror", path]),
        ] {
            report.failure(&format!("{from} {path}"), &runner.run(args));
            let made: Vec<_> =
                fs::read_dir(runner.home()).unwrap().map(|it| it.unwrap().file_name()).collect();
            assert!(made.iter().all(|name| name == ".config"), "{from} {path}: {made:?}");
        }
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_secret_that_is_a_number_is_to_be_quoted() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file(CONFIG, "[default]\nclient_secret = 1234567890\n");
    let finished = runner.run(&["get"]);
    assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
    assert!(
        finished.stderr.contains("is not a string\n  hint: write it in quotes"),
        "{finished:#?}"
    );
    assert!(!finished.stderr.contains("1234567890"), "{finished:#?}");
}

#[test]
fn a_long_value_does_not_bury_the_message() {
    let cloud = cloud(SandboxConfig::default());
    for name in ["GC_TOKEN_REGION", "GC_TOKEN_MIN_TTL", "GC_TOKEN_LOGIN_URL", "GC_TOKEN_VERIFY"] {
        let finished = Runner::of(&cloud).set(name, "ab ".repeat(10_000)).run(&["get"]);
        assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
        assert!(finished.stderr.contains(name) && finished.stderr.len() < 1_000, "{name}");
    }
}
