//! What the API answers about a token: `get` and `doctor` take it for the same.

use std::time::Duration;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use crate::common::cloud::{SECRET, accepts, cloud, faults};
use crate::common::port::dead_port;
use crate::common::runner::Runner;
use crate::doctor::report::{Report, text_of};
use crate::doctor::server::{answers, answers_after};

/// A cloud whose API meets every request with this, in the sandbox's notation.
fn api_that_answers(fault: &str) -> Sandbox {
    let fault: gc_token::internals::sandbox::Fault = fault.parse().unwrap();
    cloud(SandboxConfig { api_faults: vec![fault; 99], ..SandboxConfig::default() })
}

/// Answers that are no verdict on a token, and the exit code where one is needed.
const NO_VERDICT: &[(&str, i32, &str)] = &[
    ("reply:403:text/html:<html>", 5, "answered HTTP 403"),
    ("reply:403:application/json:{}", 5, "answered HTTP 403"),
    ("429:1", 6, "answered HTTP 429"),
    ("500", 5, "answered HTTP 500"),
    ("503", 5, "answered HTTP 503"),
    ("reply:404:application/json:{}", 5, "answered HTTP 404"),
    ("reply:407:text/html:<html>", 5, "answered HTTP 407"),
    ("redirect:https://portal.example/", 5, "answered HTTP 307"),
    ("garbage", 5, "answered HTTP 200 with a web page"),
    ("reply:418:text/plain:short and stout", 5, "answered HTTP 418"),
    ("drop", 5, ""),
];

/// A subset of the faults, because `doctor` takes seconds.
const AGREED: [&str; 4] = ["reply:403:text/html:<html>", "429:1", "503", "garbage"];

#[test]
fn no_verdict_is_a_warning_under_auto_and_a_failure_under_always() {
    for (answer, code, says) in NO_VERDICT {
        let cloud = api_that_answers(answer);
        let runner = Runner::of(&cloud);
        let warned = runner.run(&["get"]);
        assert_eq!(warned.succeeded().trim_end().len(), 86, "{answer}");
        let warning = "warning: could not verify the token with the API: ";
        assert!(warned.stderr.contains(warning), "{answer}: {warned:#?}");
        assert!(warned.stderr.contains(says), "{answer}: {warned:#?}");

        // A cached token, and a new one.
        for more in [&[][..], &["--force-refresh"], &["--no-cache"]] {
            let args: Vec<_> = ["get", "--verify=always"].iter().chain(more).copied().collect();
            let failed = runner.run(&args);
            assert_eq!(failed.status.code(), Some(*code), "{answer} {more:?}: {failed:#?}");
            assert_eq!(failed.stdout, "", "{answer} {more:?}");
            assert!(failed.stderr.contains(says), "{answer} {more:?}: {failed:#?}");
            assert!(failed.stderr.contains("from GC_TOKEN_API_URL"), "{answer}: {failed:#?}");
        }
        let quiet = runner.run(&["get", "--verify=never"]);
        assert_eq!(quiet.token().len(), 86, "{answer}");
    }
}

#[test]
fn doctor_takes_an_answer_for_what_get_takes_it_for() {
    for (answer, code, says) in NO_VERDICT.iter().filter(|row| AGREED.contains(&row.0)) {
        let cloud = api_that_answers(answer);
        let runner = Runner::of(&cloud);
        for (verify, level, code) in [("auto", "warning", 0), ("always", "failure", *code)] {
            let verify = format!("--verify={verify}");
            let got = runner.run(&["get", &verify]);
            assert_eq!(got.status.code(), Some(code), "{got:#?}");
            Report::of(&runner, &[&verify]).exits_with(code).says("token", level, says);
        }
    }
}

#[test]
fn every_command_that_hands_a_token_out_fails_without_a_verdict() {
    let cloud = api_that_answers("503");
    let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "always");
    for args in [
        &["get", "--format=json"][..],
        &["env", "--shell=json"],
        &["exec", "--", "echo", "it ran"],
        &["exec", "--gateway", "--", "echo", "it ran"],
        &["gateway"],
    ] {
        let failed = runner.run(args);
        assert_eq!(failed.status.code(), Some(5), "{failed:#?}");
        assert_eq!(failed.stdout, "", "{failed:#?}");
    }
    let failed = runner.run_on(&["external"], b"{}");
    assert_eq!((failed.status.code(), &*failed.stdout), (Some(5), ""), "{failed:#?}");
}

#[test]
fn a_failed_verdict_costs_one_mint_however_often_it_is_tried() {
    let cloud = api_that_answers("503");
    let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "always");
    for _ in 0..3 {
        assert_eq!(runner.run(&["get"]).status.code(), Some(5));
    }
    assert_eq!(cloud.counters().mints, 1);
}

#[test]
fn a_verdict_is_a_verdict() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    assert_eq!(runner.run(&["get", "--verify=always"]).token().len(), 86);
    Report::of(&runner, &["--verify=always"]).exits_with(0).is_clean();
}

/// The cache is left as it is, so that the report can be had again.
#[test]
fn a_revoked_token_is_told_from_a_wrong_region() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    cloud.revoke_all();
    for _ in 0..2 {
        Report::of(&runner, &[])
            .exits_with(8)
            .says("token", "failure", "the cached token was revoked")
            .says("token", "failure", "gc-token get --force-refresh")
            .says("token", "failure", "--idle-timeout")
            .says("verdict", "failure", "the cached token was revoked")
            .does_not_say("region");
    }
    assert_eq!(cloud.counters().mints, 3, "one to try with, for each report");
    let token = runner.run(&["get", "--force-refresh"]).token().to_owned();
    assert!(accepts(&cloud, &token));
    Report::of(&runner, &[]).exits_with(0);
}

#[test]
fn a_revoked_token_with_an_issuer_that_is_down_is_not_blamed_on_the_region_alone() {
    let cloud =
        cloud(SandboxConfig { faults: faults("ok,9*503").faults, ..SandboxConfig::default() });
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    cloud.revoke_all();
    Report::of(&runner, &["--timeout=1s"])
        .exits_with(8)
        .says("token", "failure", "does not accept the token")
        .says("token", "note", "could not check whether the API accepts a new token")
        .says("token", "failure", "HTTP 503");
}

#[test]
fn that_roles_were_not_tested_is_said() {
    let cloud = cloud(SandboxConfig::default());
    let report = Report::of(&Runner::of(&cloud), &[]);
    report.exits_with(0).says("token", "note", "the OAuth client's permissions were not tested");
}

#[test]
fn a_host_is_reached_only_where_it_answers() {
    let url = format!("http://127.0.0.1:{}", dead_port());
    let runner = Runner::bare().at(&url).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    Report::of(&runner, &["--timeout=1s"])
        .says("network", "note", "the issuer was tried without a proxy")
        .does_not_say("is reached");
    let proxy = format!("http://127.0.0.1:{}", dead_port());
    let runner = Runner::bare()
        .at("https://login.nowhere.invalid")
        .set("HTTPS_PROXY", proxy)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    Report::of(&runner, &["--timeout=1s"])
        .says("network", "note", "the issuer was tried through the proxy")
        .does_not_say("is reached");
}

/// Slower than `doctor` once waited for.
#[test]
fn an_issuer_that_takes_its_time_is_waited_for_as_get_does() {
    let token = r#"{"access_token":"short","token_type":"bearer","expires_in":86400}"#;
    let header = "Content-Type: application/json\r\n".to_owned();
    let url = answers_after(Duration::from_millis(3_300), "200 OK", header, token);
    let runner = Runner::bare()
        .set("GC_TOKEN_TOKEN_URL", url)
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", "the-client")
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
        .set("GC_TOKEN_NO_CACHE", "1");
    let report = Report::of(&runner, &[]);
    report.exits_with(0).says("issuer", "ok", "responds with HTTP 200");
    let report = Report::of(&runner, &["--timeout=300ms"]);
    report.exits_with(5);
    let says = |finding: &&serde_json::Value| text_of(finding, "message").contains("within 300ms");
    assert!(report.findings().iter().any(|finding| says(&finding)), "{report:#?}");
    assert_eq!(runner.run(&["get", "--timeout=300ms"]).status.code(), Some(5));
}

/// A captive portal in the API's place says yes to everything.
#[test]
fn a_page_in_the_apis_place_is_no_verdict() {
    let portal = answers("200 OK", "Content-Type: text/html\r\n".into(), "<html>");
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GC_TOKEN_API_URL", portal);
    let failed = runner.run(&["get", "--verify=always"]);
    assert_eq!(failed.status.code(), Some(5), "{failed:#?}");
    assert!(failed.stderr.contains("a captive portal"), "{failed:#?}");
}
