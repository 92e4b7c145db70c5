//! What can be wrong with the two hosts, and with the way to them.

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use jiff::SignedDuration;

use crate::common::cloud::{SECRET, cloud};
use crate::common::port::dead_port;
use crate::common::runner::Runner;
use crate::doctor::report::{Report, text_of};
use crate::doctor::server::answers;

/// A token of any issuer, too short to be taken for a real one.
const TOKEN: &str = r#"{"access_token":"short","token_type":"bearer","expires_in":86400}"#;

/// Any issuer, which has no API.
fn issuer_at(url: &str) -> Runner {
    Runner::bare()
        .set("GC_TOKEN_TOKEN_URL", url)
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", "the-client")
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
}

#[test]
fn a_healthy_pipeline_has_no_findings() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let report = Report::of(&runner, &[]);
    report
        .exits_with(0)
        .is_clean()
        .says("settings", "ok", "the-client, from GENESYSCLOUD_OAUTHCLIENT_ID")
        .says("settings", "ok", "not shown, from GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .says("issuer", "ok", "first byte ")
        .says("api", "ok", "first byte ")
        .says("clocks", "ok", "measured in 3 requests")
        .says("cache", "ok", "mode 0700")
        .says("cache", "ok", "locks hold")
        .says("token", "ok", "a new token was minted")
        .says("token", "ok", "the API accepts the token")
        .says("verdict", "ok", "a pipeline would succeed");
    assert_eq!(report.finished.stderr, "");
    let left: Vec<_> = std::fs::read_dir(runner.cache()).unwrap().collect();
    assert_eq!(left.len(), 2, "the token and its lock: {left:?}");

    let again = Report::of(&runner, &[]);
    again.exits_with(0).is_clean().says("token", "ok", "the cached token is reused").says(
        "clocks",
        "ok",
        "the wall clock was not stepped",
    );
    assert_eq!(cloud.counters().mints, 1, "a call like any other");
}

#[test]
fn people_and_programs_are_told_the_same() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "wrong");
    let report = Report::of(&runner, &[]);
    let table = runner.run(&["doctor", "-v"]);
    assert_eq!(table.status.code(), Some(4));
    // Whatever was measured differs from run to run.
    let varies = [" ms", "(+/-", " MiB", "correlation id"];
    let mut compared = 0;
    let verdict = "a pipeline would fail with exit code 4\n";
    assert!(table.stdout.starts_with(&format!("FAILURE: {verdict}")), "{table:#?}");
    for finding in report.findings().iter().filter(|finding| finding["topic"] != "verdict") {
        for text in [text_of(finding, "message"), text_of(finding, "hint")] {
            if !varies.iter().any(|part| text.contains(part)) {
                assert!(table.stdout.contains(text), "{text}: {table:#?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 15, "{report:#?}");
    for name in ["this machine", "issuer  ", "API  "] {
        let drawn = |line: &&str| line.trim_start().starts_with(name) && line.contains(['|', '[']);
        assert!(table.stdout.lines().any(|line| drawn(&line)), "{table:#?}");
    }
}

#[test]
fn refused_credentials() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "wrong");
    Report::of(&runner, &[])
        .exits_with(4)
        .says("issuer", "ok", "LOGIN responds with HTTP")
        .says("token", "failure", "LOGIN refused the client's credentials")
        .says("verdict", "failure", "exit code 4");
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_OAUTHCLIENT_ID", "nobody");
    Report::of(&runner, &[])
        .exits_with(4)
        .says("settings", "ok", "nobody, from GENESYSCLOUD_OAUTHCLIENT_ID")
        .says("token", "failure", "belongs to this region");
}

#[test]
fn a_region_that_there_is_not() {
    let runner =
        Runner::of(&cloud(SandboxConfig::default())).set("GENESYSCLOUD_REGION", "eu-west-9");
    Report::of(&runner, &[])
        .exits_with(3)
        .says("settings", "ok", "region: eu-west-9, from GENESYSCLOUD_REGION")
        .says("settings", "failure", "\"eu-west-9\" is not a region")
        .says("cache", "ok", "locks hold");
}

/// The issuer of one region and the API of another: each works by itself.
#[test]
fn an_api_of_another_region() {
    let (here, there) = (cloud(SandboxConfig::default()), cloud(SandboxConfig::default()));
    let runner = Runner::of(&here).set("GC_TOKEN_API_URL", there.api_url());
    Report::of(&runner, &[]).exits_with(8).says("api", "ok", "responds with HTTP").says(
        "token",
        "failure",
        "belong to one region",
    );
    // One that was kept before anybody asked the API is shown to it, too.
    runner.run(&["get", "--verify=never"]).token();
    Report::of(&runner, &["--verify=never"])
        .exits_with(8)
        .says("token", "ok", "the cached token is reused")
        .says("token", "failure", "the API does not accept the token: HTTP 401")
        .says("token", "failure", "belong to one region")
        .does_not_say("revoked");
}

#[test]
fn an_api_that_cannot_be_reached() {
    let cloud = cloud(SandboxConfig::default());
    let api = format!("http://127.0.0.1:{}", dead_port());
    let runner = Runner::of(&cloud).set("GC_TOKEN_API_URL", api);
    Report::of(&runner, &["--verify=always"])
        .exits_with(5)
        .says("api", "warning", "nothing listens there")
        .says("token", "failure", "nothing listens there");
    Report::of(&runner, &[]).exits_with(0).says("token", "warning", "nothing listens there").says(
        "verdict",
        "note",
        "a pipeline would get a token, with ",
    );
    Report::of(&runner, &["--verify=never"])
        .exits_with(0)
        .says("token", "warning", "nothing listens there")
        .says("verdict", "note", "with 2 warnings");
}

/// Hosts that are not there: what is local is still reported, and a token that
/// is kept is still good.
#[test]
fn no_network() {
    let name = "login.nowhere.invalid";
    for (url, says) in [
        (format!("https://{name}"), format!("the name of {name} cannot be resolved (DNS)")),
        (format!("http://127.0.0.1:{}", dead_port()), "nothing listens there".to_owned()),
    ] {
        let runner = Runner::bare()
            .set("GC_TOKEN_LOGIN_URL", url)
            .set("GENESYSCLOUD_OAUTHCLIENT_ID", "the-client")
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
        Report::of(&runner, &[])
            .exits_with(5)
            .says("settings", "ok", "the-client")
            .says("issuer", "warning", &says)
            .says("clocks", "note", "the issuer's clock could not be measured")
            .says("cache", "ok", "locks hold")
            .says("token", "failure", &says);
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    drop(cloud);
    Report::of(&runner, &["--verify=always"]).exits_with(5).says(
        "token",
        "failure",
        "could not verify the token with ",
    );
    Report::of(&runner, &[]).exits_with(0).says("token", "ok", "the cached token is reused").says(
        "token",
        "warning",
        "could not verify the token with ",
    );
}

fn tls_cloud() -> (Sandbox, String) {
    let cloud = cloud(SandboxConfig { tls: true, ..SandboxConfig::default() });
    let ca = cloud.ca_pem().unwrap().to_owned();
    (cloud, ca)
}

#[test]
fn tls_by_an_authority_that_is_known_or_not() {
    let (cloud, ca) = tls_cloud();
    let (_other, other_ca) = tls_cloud();
    let runner = Runner::of(&cloud)
        .with_file("other.pem", &other_ca)
        .with_file("ca.pem", &ca)
        .set("SSL_CERT_FILE", "other.pem");
    Report::of(&runner, &[])
        .exits_with(5)
        .says("network", "ok", "trusted certificate authorities: 1, SSL_CERT_FILE=other.pem")
        .says("issuer", "note", "was reached so far: connect")
        .says("issuer", "warning", "an authority that is not trusted here")
        .says("token", "failure", "--ca-file");
    Report::of(&runner, &["--ca-file=ca.pem"])
        .exits_with(0)
        .is_clean()
        .says("network", "ok", "and --ca-file ca.pem")
        .says("issuer", "ok", "TLS ");
}

/// The proxy answers in the issuer's place.
#[test]
fn a_captive_portal() {
    let page = "<!doctype html><title>Welcome</title>";
    let portal = answers("200 OK", "Content-Type: text/html\r\n".into(), page);
    let report = Report::of(&issuer_at(&portal), &[]);
    report
        .exits_with(5)
        .says("issuer", "warning", "a captive portal or a proxy")
        .says("token", "failure", "");
    // The name is never looked up here: that is the proxy's task.
    let runner = issuer_at("https://login.nowhere.invalid/oauth/token")
        .set("HTTPS_PROXY", portal.replace("http://", "http://me:hunter2@"));
    let report = Report::of(&runner, &[]);
    report
        .exits_with(5)
        .says("network", "note", "through the proxy 127.0.0.1:")
        .does_not_say("hunter2");
    assert!(!report.finished.stderr.contains("hunter2"));
}

#[test]
fn an_issuer_without_a_clock() {
    let cached = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 5\r\n";
    let twice = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".repeat(2);
    for (header, says) in [
        ("", "no Date header"),
        ("Date: soon\r\n", "is not one date"),
        (&*twice, "is not one date"),
        (cached, "come from a cache"),
    ] {
        let header = format!("Content-Type: application/json\r\n{header}");
        let url = answers("200 OK", header, TOKEN);
        Report::of(&issuer_at(&url), &["--no-cache"])
            .exits_with(0)
            .says("issuer", "warning", says)
            .says("clocks", "note", "could not be measured")
            .says("cache", "note", "--no-cache")
            .says("token", "note", "no API URL is known");
    }
}

#[test]
fn clocks_are_told_apart() {
    let cloud = cloud(SandboxConfig {
        issuer_offset: SignedDuration::from_secs(3_600),
        api_offset: SignedDuration::from_secs(3_660),
        ..SandboxConfig::default()
    });
    let report = Report::of(&Runner::of(&cloud), &[]);
    report
        .exits_with(0)
        .says("clocks", "warning", "the issuer's clock is ")
        .says("clocks", "warning", "about 1h behind: that looks like a time zone mix-up")
        .says("clocks", "warning", "--skew 1m");
    for (name, truth) in [("issuer", 3_600.0), ("api", 3_660.0)] {
        let (min, max) = report.clock(name);
        assert!(min <= truth && truth <= max, "{report:#?}");
    }
}
