//! Flags and variables that mean nothing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::Report;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const FLAGS: &[&[&str]] = &[
    &["get", "--nonsense"],
    &["get", "nonsense"],
    &["get", "--region"],
    &["get", "--no-cache=yes"],
    &["get", "--client-secret", "x"],
    &["get", "--skew", "5s", "--skew", "6s"],
    &["nonsense"],
    &["get", "--region", "us-esat-1"],
    &["get", "--region", "moon"],
    &["get", "--region", ""],
    &["get", "--region", "\u{1b}[31mred"],
    &["get", "--skew", ""],
    &["get", "--skew", "soon"],
    &["get", "--skew", "-5s"],
    &["get", "--skew", "5 parsecs"],
    &["get", "--skew", "1 month"],
    &["get", "--skew", "99999999999999999999s"],
    &["get", "--min-ttl", "367d"],
    &["get", "--min-ttl", "2d"],
    &["get", "--timeout", "0"],
    &["get", "--lock-timeout", "-1"],
    &["get", "--client-auth", "digest"],
    &["get", "--format", "yaml"],
    &["get", "--profile", "nope"],
    &["get", "--login-url", "login.example"],
    &["get", "--login-url", "ftp://login.example"],
    &["get", "--login-url", "http://login.example"],
    &["get", "--login-url", "http://127.0.0.1.example"],
    &["get", "--login-url", "https://id:pass@login.example"],
    &["get", "--login-url", "https://login.example/?a=b"],
    &["get", "--api-url", "https://"],
    &["get", "--token-url", "https://login.example/#here"],
    &["get", "--client-secret-file", "nope"],
    &["get", "--client-secret-file", "."],
    &["get", "--client-secret-file", "-"],
    &["get", "--client-secret-file", "empty"],
    &["get", "--client-secret-file", "two-lines"],
    &["get", "--login-url", "https://127.0.0.1:1", "--ca-file", "nope"],
    &["get", "--login-url", "https://127.0.0.1:1", "--ca-file", "two-lines"],
    &["status", "--min-ttl", "soon"],
    &["cache", "clear", "--lock-timeout", "soon"],
    &["cache", "nonsense"],
    &["completions", "nonsense"],
    &["man", "nonsense"],
    &["sandbox", "--lifetime", "soon"],
    &["sandbox", "--listen-login", "0.0.0.0:0"],
    &["sandbox", "--tls"],
    &["gateway", "--listen", "8484"],
    &["gateway", "--listen", "0.0.0.0:0"],
    &["gateway", "--log-format", "yaml"],
    &["gateway", "--prefix-file", "two-lines"],
    &["gateway", "--prefix-file", "nope/prefix"],
    &["gateway", "--metrics-file", "nope/metrics"],
    &["gateway", "--metrics-listen", "9464"],
    &["exec", "--gateway", "--metrics-listen", "localhost:9464", "--", "true"],
    &["gateway", "--listen=127.0.0.1:9464", "--metrics-listen=127.0.0.1:9464"],
    &["gateway", "--tokens", "0"],
    &["gateway", "--rate", "300/60s"],
    &["gateway", "--rate-wait", "soon"],
    &["gateway", "--shell", "nonsense"],
    &["env", "--shell", "json", "--var", "1st"],
    &["env", "--shell", "github"],
];

#[test]
fn a_flag_that_means_nothing_is_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file("empty", "\n").with_file("two-lines", "one\ntwo\n");
    let mut report = Report::default();
    for args in FLAGS {
        report.failure(&format!("{args:?}"), &runner.run(args));
    }
    insta::assert_snapshot!(report.0);
}

const VARIABLES: &[(&str, &[u8])] = &[
    ("GC_TOKEN_REGION", b"moon"),
    ("GENESYSCLOUD_REGION", b"eu-wset-1"),
    ("GENESYSCLOUD_REGION", b"eu-west-\xff"),
    ("GENESYSCLOUD_REGION", b"https://api.mypurecloud.moon"),
    ("GC_TOKEN_SKEW", b"5 minutes ago"),
    ("GC_TOKEN_MIN_TTL", b"forever"),
    ("GC_TOKEN_TIMEOUT", b"0s"),
    ("GC_TOKEN_NO_CACHE", b"maybe"),
    ("GC_TOKEN_FORCE_REFRESH", b"2"),
    ("GC_TOKEN_VERBOSE", b"much"),
    ("GC_TOKEN_FORMAT", b"xml"),
    ("GC_TOKEN_PROFILE", b"nope"),
    ("GC_TOKEN_LOGIN_URL", b"http://login.example"),
    ("GC_TOKEN_CLIENT_AUTH", b"mtls"),
    ("GC_TOKEN_CLIENT_SECRET_FILE", b"/dev/null"),
    ("GENESYSCLOUD_OAUTHCLIENT_ID", b""),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", b""),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", b"\r\n"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", b"one\ntwo"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", b"not-utf-8-\xff"),
];

#[test]
fn a_variable_that_means_nothing_is_refused_by_name() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (name, value) in VARIABLES {
        let runner = Runner::of(&cloud).set(name, OsStr::from_bytes(value));
        let input = format!("{name}={}", value.escape_ascii());
        report.failure(&input, &runner.run(&["get"]));
    }
    report.failure("nothing at all", &Runner::bare().run(&["get"]));
    insta::assert_snapshot!(report.0);
}
