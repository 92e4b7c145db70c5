//! What an issuer may answer instead of a token.

use super::Report;
use crate::common::cloud::{cloud, faults};
use crate::common::runner::Runner;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::sandbox::{Fault, SandboxConfig};

/// Replies of status 200 and of type JSON, as such.
const BODIES: &[&str] = &[
    "",
    "null",
    "[]",
    "\"token\"",
    "{",
    "{\"access_token\":\"t\",\"expires_in\":60",
    "\u{feff}{\"access_token\":5,\"expires_in\":60}",
    "{\"access_token\":\"t\",\"expires_in\":60}{}",
    "{}",
    "{\"access_token\":null,\"expires_in\":60}",
    "{\"access_token\":\"\",\"expires_in\":60}",
    "{\"access_token\":5,\"expires_in\":60}",
    "{\"access_token\":\"two words\",\"expires_in\":60}",
    "{\"access_token\":\"two\\nlines\",\"expires_in\":60}",
    "{\"access_token\":\"\u{fc}\",\"expires_in\":60}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":5}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"\\u001b[31mx\"}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"mac\"}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"DPoP\"}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"N_A\"}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"PoP\"}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"##vso[task.x]\"}",
    "{\"access_token\":\"t\",\"access_token\":\"u\",\"expires_in\":60}",
    "{\"data\":{\"access_token\":\"t\",\"expires_in\":60}}",
    "{\"access_token\":\"t\\n\",\"expires_in\":60}",
    "{\"access_token\":\"t\"}\n{\"access_token\":\"u\"}\n",
    "access_token=t&token_type=bearer&expires_in=60",
    "{\"access_token\":\"t\"}",
    "{\"access_token\":\"t\",\"expires_in\":null}",
    "{\"access_token\":\"t\",\"expires_in\":0}",
    "{\"access_token\":\"t\",\"expires_in\":-5}",
    "{\"access_token\":\"t\",\"expires_in\":0.9}",
    "{\"access_token\":\"t\",\"expires_in\":86400000}",
    "{\"access_token\":\"t\",\"expires_in\":43200000}",
    "{\"access_token\":\"t\",\"expires_in\":1e300}",
    "{\"access_token\":\"t\",\"expires_in\":1e400}",
    "{\"access_token\":\"t\",\"expires_in\":\"soon\"}",
    "{\"access_token\":\"t\",\"expires_in\":\"\"}",
    "{\"access_token\":\"t\",\"expires_in\":[60]}",
    "{\"access_token\":\"t\",\"expires_in\":true}",
    "{\"access_token\":\"t\",\"expires_in\":5}",
    "{\"error\":\"invalid_client\"}",
    "{\"error\":5}",
    "{\"errorCode\":\"invalid_client\",\"errorSummary\":\"No such client.\"}",
    "{\"fault\":{\"faultstring\":\"Bad\",\"detail\":{\"errorcode\":\"oauth.v2.InvalidClientIdentifier\"}}}",
];

/// Other replies, in the sandbox's notation. None of them is tried again.
const REPLIES: &[&str] = &[
    "garbage",
    "huge",
    "redirect",
    "redirect:https://elsewhere.example/login?session=5",
    "redirect:",
    "reply:204:application/json:",
    "reply:201:application/json:{}",
    "reply:418:text/plain:I am a teapot",
    "reply:400:application/json:{}",
    "reply:400:application/json:[]",
    "reply:400:application/json:{\"error\":\"invalid_client\",\"error_description\":\"client not found\"}",
    "reply:400:application/json:{\"error\":\"invalid_client\",\"description\":\"authentication failed\"}",
    "reply:400:application/json:{\"error\":\"invalid_scope\"}",
    "reply:400:application/json:{\"error\":\"unsupported_grant_type\"}",
    "reply:400:application/json:{\"error\":\"invalid_request\",\"error_description\":\"no\"}",
    "reply:400:application/json:{\"error\":\"x\",\"error_description\":\"a\\u001b[31mred\\u0007 \\u202eword\\r\\nnext line\"}",
    "reply:400:application/json:{\"error\":\"x\",\"error_description\":\"a ##vso[task.complete result=Failed]b ##[error]c\\n::error::d\"}",
    "reply:401:application/json:{\"errorCode\":\"invalid_client\",\"errorSummary\":\"No such client.\",\"errorId\":\"oae-1\"}",
    "reply:400:application/json:{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\"}}",
    "reply:401:text/html:<html>",
    "reply:403:text/html:<html>",
    "reply:403:application/json:{\"error\":\"forbidden\"}",
    "reply:404:text/html:<html>",
    "reply:405:application/json:{\"message\":\"Only POST.\",\"code\":\"method.not.allowed\"}",
    "reply:407:text/html:<html>",
];

#[test]
fn an_answer_that_is_no_token_is_explained() {
    let bodies = BODIES.iter().map(|body| format!("reply:200:application/json:{body}"));
    let others = REPLIES.iter().map(ToString::to_string);
    let mut report = Report::default();
    for reply in bodies.chain(others) {
        let cloud = cloud(faults_of(&reply));
        // The API would be asked about tokens that are made up here.
        let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "never");
        let finished = runner.run(&["get"]);
        report.failure(&reply.escape_debug().to_string(), &finished);
        assert_eq!(cloud.counters().token_requests, 1, "{reply}");
    }
    insta::assert_snapshot!(report.0);
}

/// A token that cannot be presented as a Bearer token is handed out by no verb.
#[test]
fn a_token_of_another_type_is_handed_out_by_no_verb() {
    let reply = "reply:200:application/json:{\"access_token\":\"t\",\"expires_in\":3600,\
                 \"token_type\":\"DPoP\"}";
    let cloud = cloud(faults_of(reply));
    let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "never");
    for verb in [
        &["get", "--format=json"][..],
        &["env", "--shell=json"],
        &["external"],
        &["exec", "--", "true"],
        &["exec", "--gateway", "--", "true"],
        &["gateway", "--until-stdin-closes"],
        &["doctor"],
    ] {
        let finished = runner.run_on(verb, b"{}");
        assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
        let said = finished.stdout + &finished.stderr;
        assert!(said.contains("with a token of type \"DPoP\""), "{said}");
        assert_eq!(runner.run(&["cache", "list"]).succeeded(), "");
    }
}

/// Whatever an issuer calls it, outputs call it by one name.
#[test]
fn a_bearer_token_has_one_name() {
    for spelling in [
        "",
        ",\"token_type\":\"\"",
        ",\"token_type\":\"BearerToken\"",
        ",\"token_type\":\"BEARER\"",
    ] {
        let token = &"t0ken-".repeat(15)[..86];
        let reply = format!(
            "reply:201:application/json:{{\"access_token\":\"{token}\",\"expires_in\":3600{spelling}}}"
        );
        let cloud = cloud(faults_of(&reply));
        let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "never");
        for verb in [&["get", "--format=json"][..], &["external"], &["get", "--format=json"]] {
            let finished = runner.run_on(verb, b"{}");
            assert!(finished.succeeded().contains("\"token_type\":\"Bearer\""), "{finished:#?}");
        }
    }
}

/// By the issuer's clock it is valid only in a minute, and there is no API to ask.
#[test]
fn a_jwt_that_is_not_valid_yet_is_not_handed_out_at_any_call() {
    let encode = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    let now = SystemClock::default().read().wall.as_second();
    let claims = format!("{{\"nbf\":{},\"exp\":{}}}", now + 3_600, now + 7_200);
    let (head, claims) = (encode("{\"alg\":\"RS256\"}".to_owned()), encode(claims));
    let reply = format!(
        "reply:200:application/json:{{\"access_token\":\"{head}.{claims}.c2ln\",\"expires_in\":7200}}"
    );
    let cloud = cloud(faults_of(&reply));
    let runner = Runner::of(&cloud).unset("GC_TOKEN_API_URL");
    for _ in 0..2 {
        let finished = runner.run(&["get"]);
        assert_eq!(finished.status.code(), Some(8), "{finished:#?}");
        assert_eq!(finished.stdout, "");
        let cause = "cause: a new token is valid only in ";
        assert!(finished.stderr.contains(cause), "{finished:#?}");
    }
}

/// With 450 days, as SCIM clients of Genesys Cloud have them, and with a thousand hours,
/// which may be an hour in milliseconds.
#[test]
fn a_lifetime_that_genesys_cloud_hardly_gives_is_a_warning() {
    let reply = |expires_in| {
        let token = "t0ken-".repeat(15);
        let token = &token[..86];
        format!(
            "reply:200:application/json:{{\"access_token\":\"{token}\",\"expires_in\":{expires_in}}}"
        )
    };
    for (expires_in, lives) in [("38880000", "10800h"), ("3600000", "1000h"), ("172800", "")] {
        let cloud = cloud(faults_of(&reply(expires_in)));
        let runner = Runner::of(&cloud).set("GC_TOKEN_VERIFY", "never");
        // Of another issuer, nobody knows what it allows.
        runner.run(&["get", "--no-cache"]).token();
        let finished = runner.run(&["get", "--region", "eu-west-1"]);
        finished.succeeded();
        let said = finished.stderr.lines().filter(|line| line.contains("is said to live"));
        let warning = format!(
            "gc-token: warning: the token is said to live {lives} ({expires_in} seconds); Genesys \
             Cloud allows 300 to 172800 seconds, and up to 450 days for SCIM clients only: if this \
             is not one, these are probably milliseconds"
        );
        let expected = Some(warning.as_str()).filter(|_| !lives.is_empty());
        assert_eq!(said.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    }
}

/// A fault with a scripted reply, which may contain commas.
fn faults_of(reply: &str) -> SandboxConfig {
    let fault: Fault = reply.parse().unwrap();
    SandboxConfig { faults: vec![fault; 9], ..faults("") }
}

#[test]
fn an_issuer_that_is_not_there_is_named() {
    let nobody =
        Runner::bare().at("http://127.0.0.1:1").set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x");
    let cloud = cloud(faults("9*hang"));
    for (runner, says, hint) in [
        (
            nobody,
            "refused the connection: nothing listens there",
            "if it was a sandbox that has ended, unset its URLs: GC_TOKEN_LOGIN_URL, ",
        ),
        (Runner::of(&cloud), "no complete response", "check the network"),
    ] {
        let finished = runner.set("GC_TOKEN_TIMEOUT", "100ms").run(&["get"]);
        assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
        assert_eq!(finished.stdout, "", "{finished:#?}");
        let what = "gc-token: error: no token from LOGIN";
        assert!(finished.stderr.starts_with(what), "{finished:#?}");
        assert!(finished.stderr.contains(says), "{finished:#?}");
        assert!(finished.stderr.contains(hint), "{finished:#?}");
    }
}
