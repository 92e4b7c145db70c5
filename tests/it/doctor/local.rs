//! What can be wrong on this machine.

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::say;
use crate::doctor::report::Report;

#[test]
fn settings_that_are_missing_or_wrong() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    Report::of(&runner, &[])
        .exits_with(3)
        .says("settings", "failure", "there is no secret for client")
        .says("issuer", "ok", "LOGIN responds with HTTP")
        .says("clocks", "ok", "the API's clock is")
        .says("cache", "ok", "locks hold");
    Report::of(&Runner::of(&cloud), &["--profile=nowhere"])
        .exits_with(2)
        .says("settings", "failure", "nowhere")
        .says("issuer", "ok", "LOGIN responds with HTTP");
    Report::of(&Runner::of(&cloud), &["--skew=soon"])
        .exits_with(2)
        .says("settings", "failure", "is not a duration")
        .says("clocks", "ok", "the skew is 5s");
    let nowhere = Runner::of(&cloud).unset("GC_TOKEN_LOGIN_URL").unset("GC_TOKEN_API_URL");
    Report::of(&nowhere, &[])
        .exits_with(3)
        .says("settings", "failure", "there is no region")
        .does_not_say("TLS is not used");
    assert_eq!(cloud.counters().token_requests, 0);
}

#[test]
fn a_cached_token_of_another_secret_is_told_once() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).succeeded();
    let report = Report::of(&runner.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "another one"), &[]);
    let message = "the cached entry is not used: it cannot be decrypted";
    report.exits_with(4).says("token", "warning", message);
    assert_eq!(report.finished.stdout.matches(message).count(), 1, "{report:?}");
}

#[test]
fn a_password_in_a_setting_is_not_shown() {
    let cloud = cloud(SandboxConfig::default());
    let url = "https://me:hunter2@login.example";
    let report = Report::of(&Runner::of(&cloud), &["--login-url", url]);
    report
        .exits_with(2)
        .says("settings", "ok", "login-url: https://...@login.example")
        .does_not_say("hunter2");
    assert!(!report.finished.stderr.contains("hunter2"));
}

#[test]
fn a_profile_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let runner =
        Runner::of(&cloud).with_file(".config/gc-token/config.toml", "[default]\nskew = '7s'\n");
    Report::of(&runner, &[]).exits_with(0).says(
        "settings",
        "ok",
        "skew: 7s, from skew of profile \"default\" in HOME/.config/gc-token/config.toml",
    );
}

/// Not even root can write there.
#[test]
fn a_cache_that_cannot_be_used() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file("file", "");
    for dir in ["file", "/proc/nowhere"] {
        Report::of(&runner, &["--cache-dir", dir])
            .exits_with(9)
            .says("cache", "warning", "cannot use")
            .says("token", "failure", "cannot use")
            .says("token", "note", "without the cache, a token is available")
            .says("token", "ok", "the API accepts the token")
            .says("verdict", "failure", "exit code 9");
    }
}

#[test]
fn a_default_cache_that_cannot_be_used_is_told_once() {
    let cloud = cloud(SandboxConfig::default());
    let report = Report::of(&Runner::of(&cloud).with_file(".cache", ""), &[]);
    report
        .exits_with(0)
        .says("cache", "warning", "cannot use HOME/.cache/gc-token for the cache")
        .says("cache", "warning", "set GC_TOKEN_CACHE_DIR")
        .says("verdict", "note", "a pipeline would succeed, with 1 warning")
        .does_not_say("does not exist");
    assert_eq!(report.warnings(), 1, "{report:#?}");
}

/// The mount goes away with the process that makes it.
#[test]
fn a_cache_on_a_read_only_file_system() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    std::fs::create_dir(runner.home().join("dir")).unwrap();
    let mounted = |command: &str| {
        let mount = "mount -t tmpfs -o ro,mode=700 tmpfs dir";
        runner.shell("sh", &format!("unshare -rm sh -ec '{mount}; {command}'"))
    };
    if !mounted("true").status.success() {
        return say("NOT TESTED: nothing can be mounted here");
    }
    let finished = mounted("gc-token doctor -v --cache-dir dir");
    assert_eq!(finished.status.code(), Some(9), "{finished:#?}");
    let by_default = mounted("XDG_CACHE_HOME=$PWD/dir gc-token doctor --json");
    assert_eq!(by_default.stdout.matches("Read-only file system").count(), 1, "{by_default:#?}");
    for says in [
        "it is on a file system of type tmpfs",
        "  FAILURE  cannot use dir/",
        "Read-only file system",
        "without the cache, a token is available",
    ] {
        assert!(finished.stdout.contains(says), "{says}: {finished:#?}");
    }
}

#[test]
fn a_promise_that_the_issuer_cannot_keep() {
    let plan =
        SandboxConfig { lifetime: std::time::Duration::from_secs(300), ..SandboxConfig::default() };
    let cloud = cloud(plan);
    Report::of(&Runner::of(&cloud), &["--min-ttl=1h"]).exits_with(7).says(
        "token",
        "failure",
        "Token Duration",
    );
    Report::of(&Runner::of(&cloud), &[]).exits_with(0).says("token", "note", "new tokens live 5m");
}

#[test]
fn settings_of_a_pool_are_shown_where_they_are_set() {
    let cloud = cloud(SandboxConfig::default());
    Report::of(&Runner::of(&cloud), &[]).is_clean().does_not_say("tokens:");
    let profile = "[default]\ntokens = 3\nrate = 'fast'\n";
    let runner = Runner::of(&cloud).with_file(".config/gc-token/config.toml", profile);
    Report::of(&runner, &[])
        .exits_with(0)
        .says("settings", "ok", "tokens: 3, from tokens of profile \"default\" in ")
        .says("settings", "warning", ": \"fast\" is not a number of requests a minute");
}

#[test]
fn an_address_that_a_gateway_could_not_use_is_found() {
    let cloud = cloud(SandboxConfig::default());
    for (address, why) in [
        ("9000", "is not an IP address and a port"),
        ("127.0.0.1:9000", "is the address of --listen as well"),
    ] {
        let runner = Runner::of(&cloud)
            .set("GC_TOKEN_LISTEN", "127.0.0.1:9000")
            .set("GC_TOKEN_METRICS_LISTEN", address);
        Report::of(&runner, &[]).exits_with(0).says("settings", "warning", why);
    }
}
