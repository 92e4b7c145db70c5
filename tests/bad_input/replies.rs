//! What an issuer may answer instead of a token.

use super::Report;
use super::common::cloud::{cloud, faults};
use super::common::runner::Runner;
use gc_token::sandbox::{Fault, Plan};

/// Replies of status 200 and of type JSON, as such.
const BODIES: &[&str] = &[
    "",
    "null",
    "[]",
    "\"token\"",
    "{",
    "{\"access_token\":\"t\",\"expires_in\":60",
    "\u{feff}{\"access_token\":\"t\",\"expires_in\":60}",
    "{\"access_token\":\"t\",\"expires_in\":60}{}",
    "{}",
    "{\"access_token\":null,\"expires_in\":60}",
    "{\"access_token\":\"\",\"expires_in\":60}",
    "{\"access_token\":5,\"expires_in\":60}",
    "{\"access_token\":\"two words\",\"expires_in\":60}",
    "{\"access_token\":\"two\\nlines\",\"expires_in\":60}",
    "{\"access_token\":\"\u{fc}\",\"expires_in\":60}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":5}",
    "{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":\"\\u001b[31m\"}",
    "{\"access_token\":\"t\"}",
    "{\"access_token\":\"t\",\"expires_in\":null}",
    "{\"access_token\":\"t\",\"expires_in\":0}",
    "{\"access_token\":\"t\",\"expires_in\":-5}",
    "{\"access_token\":\"t\",\"expires_in\":0.9}",
    "{\"access_token\":\"t\",\"expires_in\":86400000}",
    "{\"access_token\":\"t\",\"expires_in\":1e300}",
    "{\"access_token\":\"t\",\"expires_in\":1e400}",
    "{\"access_token\":\"t\",\"expires_in\":\"soon\"}",
    "{\"access_token\":\"t\",\"expires_in\":\"\"}",
    "{\"access_token\":\"t\",\"expires_in\":[60]}",
    "{\"access_token\":\"t\",\"expires_in\":true}",
    "{\"access_token\":\"t\",\"expires_in\":5}",
    "{\"error\":\"invalid_client\"}",
    "{\"error\":5}",
];

/// Other replies, in the sandbox's notation. None of them is tried again.
const REPLIES: &[&str] = &[
    "garbage",
    "huge",
    "redirect",
    "redirect:https://elsewhere.example/login?session=5",
    "redirect:",
    "reply:204:application/json:",
    "reply:201:application/json:{\"access_token\":\"t\",\"expires_in\":60}",
    "reply:418:text/plain:I am a teapot",
    "reply:400:application/json:{}",
    "reply:400:application/json:[]",
    "reply:400:application/json:{\"error\":\"invalid_client\",\"error_description\":\"client not found\"}",
    "reply:400:application/json:{\"error\":\"invalid_client\",\"description\":\"authentication failed\"}",
    "reply:400:application/json:{\"error\":\"invalid_scope\"}",
    "reply:400:application/json:{\"error\":\"unsupported_grant_type\"}",
    "reply:400:application/json:{\"error\":\"invalid_request\",\"error_description\":\"no\"}",
    "reply:400:application/json:{\"error\":\"x\",\"error_description\":\"a\\u001b[31mred\\u0007 \\u202eword\\r\\nnext line\"}",
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

/// One fault, which may hold commas.
fn faults_of(reply: &str) -> Plan {
    let fault: Fault = reply.parse().unwrap();
    Plan { faults: vec![fault; 9], ..faults("") }
}

#[test]
fn an_issuer_that_is_not_there_is_named() {
    let nobody =
        Runner::bare().at("http://127.0.0.1:1").set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x");
    let cloud = cloud(faults("9*hang"));
    for (runner, says) in [
        (nobody, "refused the connection: nothing listens there"),
        (Runner::of(&cloud), "no complete reply"),
    ] {
        let finished = runner.set("GC_TOKEN_TIMEOUT", "100ms").run(&["get"]);
        assert_eq!(finished.status.code(), Some(5), "{finished:#?}");
        assert_eq!(finished.stdout, "", "{finished:#?}");
        let what = "gc-token: error: no token from LOGIN";
        assert!(finished.stderr.starts_with(what), "{finished:#?}");
        assert!(finished.stderr.contains(says), "{finished:#?}");
    }
}
