//! The plain form: the process becomes the command.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{runner, written};
use crate::common::cloud::{SECRET, cloud};
use crate::common::runner::Runner;

/// Runs a script of `sh` in its place.
fn exec(runner: &Runner, args: &[&str], script: &str) -> Option<i32> {
    let args = [&["exec"], args, &["--", "sh", "-c", script]].concat();
    runner.run(&args).status.code()
}

#[test]
fn there_is_no_process_in_between() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let running = runner.start(&["exec", "--", "sh", "-c", "echo $$ $PPID > pid"]);
    let pid = running.pid();
    running.finish().succeeded();
    assert_eq!(written(&runner, "pid"), format!("{pid} {}", std::process::id()));
}

#[test]
fn the_command_finds_the_token_and_no_secret() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud)
        .set("GC_TOKEN_CLIENT_SECRET", SECRET)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    assert_eq!(exec(&runner, &[], "env > env"), Some(0));
    let env = fs::read_to_string(runner.home().join("env")).unwrap();
    let token = cloud.tokens().pop().unwrap();
    assert!(env.lines().any(|line| line == format!("GENESYSCLOUD_ACCESS_TOKEN={token}")));
    assert!(env.lines().any(|line| line == "GENESYSCLOUD_REGION=eu-west-1"));
    assert!(!env.contains(SECRET), "{env}");
    assert_eq!(exec(&runner, &["--keep-secret"], "env > env"), Some(0));
    let env = fs::read_to_string(runner.home().join("env")).unwrap();
    assert_eq!(env.matches(SECRET).count(), 2);
    assert_eq!(cloud.counters().mints, 1);
}

#[test]
fn a_secret_that_goes_by_another_name_is_told_of() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud).set("TF_VAR_secret", SECRET);
    for args in [&["exec"][..], &["exec", "--gateway"], &["exec", "--intercept"]] {
        let finished = runner.run(&[args, &["--", "true"]].concat());
        finished.succeeded();
        let warning = "gc-token: warning: the command finds the client secret in its environment: \
                       unset TF_VAR_secret, or pass --keep-secret where it needs the secret\n";
        assert!(finished.stderr.contains(warning), "{finished:?}");
        let finished = runner.run(&[args, &["--keep-secret", "--", "true"]].concat());
        assert!(!finished.stderr.contains("secret"), "{finished:?}");
    }
}

#[test]
fn templates_set_what_the_user_names() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let args = [
        "--set=AUTH=Bearer {token}",
        "--set=WHERE={region}/{domain}/{api_url}",
        "--set=JSON={{\"a\": \"{region}\"}}",
        "--set=GENESYSCLOUD_REGION=mine",
        "--set=GENESYSCLOUD_OAUTHCLIENT_SECRET=unused",
    ];
    let names = "AUTH WHERE JSON GENESYSCLOUD_REGION GENESYSCLOUD_OAUTHCLIENT_SECRET";
    assert_eq!(exec(&runner, &args, &format!("printenv {names} > env")), Some(0));
    let token = cloud.tokens().pop().unwrap();
    let expected = [
        &format!("Bearer {token}"),
        &format!("eu-west-1/mypurecloud.ie/{}", cloud.api_url()),
        "{\"a\": \"eu-west-1\"}",
        "mine",
        "unused",
    ];
    assert_eq!(written(&runner, "env").lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_command_that_cannot_be_run_costs_no_token() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud).with_file("no-program", "text").with_file("dir/file", "");
    for (command, code) in
        [("no-such-command", 127), ("./missing", 127), ("./no-program", 126), ("./dir", 126)]
    {
        let finished = runner.run(&["exec", "--", command]);
        assert_eq!(finished.status.code(), Some(code), "{finished:?}");
        assert!(finished.stderr.contains(command), "{finished:?}");
        assert_eq!(finished.stdout, "");
    }
    assert_eq!(cloud.counters().token_requests, 0);
}

#[test]
fn the_command_is_started_as_by_a_shell() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud).with_file("bin/script", "printf '%s|' \"$@\" > args; exit 42\n");
    fs::set_permissions(runner.home().join("bin/script"), fs::Permissions::from_mode(0o700))
        .unwrap();
    // Without a line that says what runs it, with bytes that are not UTF-8, and
    // found on the PATH that the command will have.
    let odd = OsStr::from_bytes(b"\xff\xfe").to_owned();
    let path = format!("--set=PATH={}:/usr/bin:/bin", runner.home().join("bin").display());
    let script = format!("exec gc-token exec '{path}' -- script 'a  b' \"$ODD\" ''");
    let runner = runner.set("ODD", odd);
    let finished = runner.shell("sh", &script);
    assert_eq!(finished.status.code(), Some(42), "{finished:?}");
    let args = fs::read(runner.home().join("args")).unwrap();
    assert_eq!(args, b"a  b|\xff\xfe||");
}

#[test]
fn a_reader_that_leaves_ends_the_command_in_silence() {
    let cloud = cloud(SandboxConfig::default());
    // With one, it would be said that the sandbox's URL goes before it.
    let runner = runner(&cloud).unset("GENESYSCLOUD_REGION");
    let finished = runner.shell("bash", "gc-token exec -- yes | head -n 1; echo ${PIPESTATUS[0]}");
    assert_eq!(finished.stdout, "y\n141\n");
    assert_eq!(finished.stderr, "");
}

#[test]
fn standard_input_is_the_commands() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for front in [None, Some("--gateway"), Some("--intercept")] {
        let mut args = vec!["exec"];
        args.extend(front);
        args.extend(["--", "cat"]);
        assert_eq!(runner.run_on(&args, b"some words").stdout, "some words", "{front:?}");
    }
}
