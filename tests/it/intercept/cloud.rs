//! The cloud's hosts, where connections end.

use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::common::cloud::{CLIENT, accepts};
use crate::common::{missing, program};
use crate::intercept::rig::Rig;

const ORGANIZATION: &str = "/api/v2/organizations/me HTTP/1.1\r\nHost: ";

impl Rig {
    /// A call of the API, at this host, with this token.
    fn call(&self, host: &str, token: &str) -> String {
        let head = format!("GET {ORGANIZATION}{host}\r\nAuthorization: Bearer {token}");
        self.ask(host, &head, "")
    }

    /// A request for a token.
    fn mint(&self, client: &str, form: &str) -> String {
        self.mint_at("/oauth/token", client, form)
    }

    fn mint_at(&self, path: &str, client: &str, form: &str) -> String {
        let basic = BASE64_STANDARD.encode(format!("{client}:of-no-interest"));
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: login.mypurecloud.ie\r\n\
             Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded"
        );
        self.ask("login.mypurecloud.ie", &head, form)
    }
}

#[test]
fn a_token_of_the_run_is_replaced_at_every_api_host() {
    let rig = Rig::new([]);
    rig.cloud.revoke_all();
    for host in ["api.mypurecloud.ie", "apps.mypurecloud.ie", "api-downloads.mypurecloud.ie"] {
        let reply = rig.call(host, &rig.token);
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    }
    assert_eq!(rig.cloud.counters().refusals, 1, "of the first call");
    let reply = rig.call("api.mypurecloud.ie", "another");
    assert!(reply.starts_with("HTTP/1.1 401 "), "{reply}");
}

/// An answer to `TRACE` may hold the token that the request was given.
#[test]
fn trace_is_refused() {
    let rig = Rig::new([]);
    let head =
        format!("TRACE {ORGANIZATION}api.mypurecloud.ie\r\nAuthorization: Bearer {}", rig.token);
    let reply = rig.ask("api.mypurecloud.ie", &head, "");
    assert!(reply.starts_with("HTTP/1.1 405 ") && reply.contains("\r\nallow: GET, "), "{reply}");
}

/// The cloud itself takes the stand-in from nobody, however live the token is
/// that it stands for.
#[test]
fn the_childs_token_is_only_valid_at_the_proxy() {
    let rig = Rig::new([]);
    assert!(accepts(&rig.cloud, &rig.real_token));
    assert!(!accepts(&rig.cloud, &rig.token));
    assert!(rig.call("api.mypurecloud.ie", &rig.token).starts_with("HTTP/1.1 200 "));
    // Nor does it give the real one away: where it is revoked and replaced, and
    // where a client asks for a token of its own.
    let head = format!(
        "DELETE /api/v2/tokens/me HTTP/1.1\r\nHost: api.mypurecloud.ie\r\n\
         Authorization: Bearer {}",
        rig.token
    );
    assert!(rig.ask("api.mypurecloud.ie", &head, "").starts_with("HTTP/1.1 2"));
    assert!(rig.call("api.mypurecloud.ie", &rig.token).starts_with("HTTP/1.1 200 "));
    let reply = rig.mint(CLIENT, "grant_type=client_credentials");
    assert!(reply.contains(&rig.token), "{reply}");
    for real in rig.cloud.tokens() {
        assert!(!reply.contains(&real), "{reply}");
    }
}

#[test]
fn the_login_host_gives_the_current_token_to_the_runs_client_only() {
    let rig = Rig::new([]);
    let minted = rig.cloud.counters().token_requests;
    let reply = rig.mint(CLIENT, "grant_type=client_credentials");
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.contains(&rig.token), "{reply}");
    assert_eq!(rig.cloud.counters().token_requests, minted);
    // However its path is written: the secret is none that the issuer should see.
    for path in ["/oauth/token/", "//oauth//token", "/%6Fauth/token"] {
        let reply = rig.mint_at(path, CLIENT, "grant_type=client_credentials");
        assert!(reply.starts_with("HTTP/1.1 200 ") && reply.contains(&rig.token), "{reply}");
    }
    assert_eq!(rig.cloud.counters().token_requests, minted);
    for (client, form) in [
        ("another", "grant_type=client_credentials"),
        (CLIENT, "grant_type=authorization_code&code=of-no-interest"),
    ] {
        let before = rig.cloud.counters().token_requests;
        let reply = rig.mint(client, form);
        assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");
        assert!(!reply.contains(&rig.token), "{reply}");
        assert_eq!(rig.cloud.counters().token_requests, before + 1, "{client} {form}");
    }
}

#[test]
fn a_request_for_another_host_is_refused() {
    let rig = Rig::new([]);
    let api = "api.mypurecloud.ie";
    let bearer = format!("\r\nAuthorization: Bearer {}", rig.token);
    let refusals = rig.cloud.counters().refusals;
    for (request, status) in [
        (format!("GET {ORGANIZATION}login.mypurecloud.ie"), 421),
        (format!("GET {ORGANIZATION}evil.example"), 421),
        (format!("GET {ORGANIZATION}{api}:80"), 421),
        (format!("GET {ORGANIZATION}{api}\r\nHost: evil.example"), 421),
        (format!("GET {ORGANIZATION}"), 421),
        (format!("GET https://evil.example{ORGANIZATION}{api}"), 421),
        (format!("CONNECT {api}:443 HTTP/1.1\r\nHost: {api}"), 405),
        (format!("GET {ORGANIZATION}{api}"), 200),
        (format!("GET {ORGANIZATION}API.myPureCloud.ie.:443"), 200),
        (format!("GET https://{api}{ORGANIZATION}{api}"), 200),
    ] {
        let reply = rig.ask(api, &format!("{request}{bearer}"), "");
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {reply}");
    }
    assert_eq!(rig.cloud.counters().refusals, refusals);
}

#[test]
fn curl_needs_nothing_but_the_variables() {
    let Some(curl) = program("curl") else {
        return missing("curl");
    };
    let rig = Rig::new([]);
    rig.cloud.revoke_all();
    let run = |url: &str| {
        let mut curl = Command::new(&curl);
        curl.env_clear().envs(&rig.variables).args(["--silent", "--show-error", "--fail"]);
        let token = format!("Authorization: Bearer {}", rig.token);
        let output = curl.args(["--header", &token, url]).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run("https://api.mypurecloud.ie/api/v2/organizations/me"), (Some(0), String::new()));
    assert!(!accepts(&rig.cloud, &rig.real_token), "it was revoked");
}
