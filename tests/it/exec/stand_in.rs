//! What the command is given for a token: under `--intercept`, and wherever it
//! is asked for, a random one that is worth nothing elsewhere.

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::rig::{runner, written};
use crate::common::cloud::{accepts, cloud};
use crate::common::runner::Runner;
use crate::common::{missing, program};

/// Runs a command with this front and these arguments, and returns its token and
/// all of its environment.
fn token_and_environment(runner: &Runner, args: &[&str]) -> (String, String) {
    let command = ["--", "sh", "-c", "env > env.new; mv env.new env"];
    let finished = runner.run(&[&["exec"], args, &command].concat());
    finished.succeeded();
    let environment = std::fs::read_to_string(runner.home().join("env")).unwrap();
    let token =
        environment.lines().find_map(|line| line.strip_prefix("GENESYSCLOUD_ACCESS_TOKEN="));
    (token.expect("it has a token").to_owned(), environment)
}

fn assert_holds_no_real_token(environment: &str, cloud: &Sandbox) {
    let tokens = cloud.tokens();
    assert!(!tokens.is_empty());
    for token in tokens {
        assert!(!environment.contains(&token), "{environment}");
    }
}

#[test]
fn interception_keeps_the_real_token_to_itself() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let args = ["--intercept", "--set=TF_VAR_token={token}", "--set=AUTH=Bearer {token}"];
    let (token, environment) = token_and_environment(&runner, &args);
    assert_holds_no_real_token(&environment, &cloud);
    assert!(!accepts(&cloud, &token));
    assert_eq!(token.len(), 86);
    for line in [format!("TF_VAR_token={token}"), format!("AUTH=Bearer {token}")] {
        assert!(environment.lines().any(|it| it == line), "{line}: {environment}");
    }
    // Another run has another one.
    assert_ne!(token_and_environment(&runner, &["--intercept"]).0, token);
}

#[test]
fn the_real_token_can_be_had_all_the_same() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for args in [&["--intercept", "--stand-in-token=false"][..], &["--gateway"]] {
        let (token, _) = token_and_environment(&runner, args);
        assert!(accepts(&cloud, &token), "{args:?}");
    }
    let set = runner.set("GC_TOKEN_STAND_IN_TOKEN", "off");
    assert!(accepts(&cloud, &token_and_environment(&set, &["--intercept"]).0));
}

#[test]
fn the_gateway_hands_out_a_stand_in_where_that_is_asked_for() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for args in [&["--gateway", "--stand-in-token"][..], &["--gateway", "--stand-in-token=true"]] {
        let (token, environment) = token_and_environment(&runner, args);
        assert_holds_no_real_token(&environment, &cloud);
        assert!(!accepts(&cloud, &token), "{args:?}");
    }
    // The word behind the flag begins the command, and is no value.
    let words = ["exec", "--gateway", "--stand-in-token", "sh", "-c", "echo begun > command"];
    runner.run(&words).succeeded();
    assert_eq!(written(&runner, "command"), "begun");
}

/// Each front swaps it, for a program that knows nothing of it.
#[test]
fn a_call_with_the_stand_in_succeeds_through_its_proxy() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "curl --silent --show-error --output answer --write-out '%{http_code}\\n' \
                  --config - > status <<EOF\nurl = \"${GC_TOKEN_GATEWAY_URL-https://api.mypurecloud.ie}\
                  /api/v2/organizations/me\"\nheader = \"Authorization: Bearer \
                  $GENESYSCLOUD_ACCESS_TOKEN\"\nEOF";
    for args in [&["--gateway", "--stand-in-token"][..], &["--intercept"]] {
        let finished = runner.run(&[&["exec"], args, &["--", "sh", "-c", script]].concat());
        finished.succeeded();
        assert_eq!(written(&runner, "status"), "200", "{args:?}");
        std::fs::remove_file(runner.home().join("status")).unwrap();
    }
    assert_eq!(cloud.counters().refusals, 0);
}

/// Without a proxy nobody would swap it, and to hand out the real one would not
/// be what was asked for.
#[test]
fn a_stand_in_without_a_proxy_is_refused() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let finished = runner.run(&["exec", "--stand-in-token", "--", "true"]);
    let refusal = "error: --stand-in-token: \"true\" needs a proxy that swaps the token\n  \
                   hint: add --gateway or --intercept, or remove it\n";
    assert!(finished.stderr.ends_with(refusal), "{finished:?}");
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(2), ""), "{finished:?}");
    let finished = runner.run(&["exec", "--intercept", "--stand-in-token=maybe", "--", "true"]);
    assert_eq!(finished.status.code(), Some(2), "{finished:?}");
    let runner = runner.set("GC_TOKEN_STAND_IN_TOKEN", "1");
    let finished = runner.run(&["exec", "--", "true"]);
    assert_eq!(finished.status.code(), Some(3), "{finished:?}");
    assert_eq!(cloud.counters().token_requests, 0);
}

/// Its own cache, which other runs share, must not get a token that is good for
/// this run alone; and who wants a new token gets one.
#[test]
fn gc_token_itself_gets_a_real_token_in_a_run() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "env -u GC_TOKEN_LOGIN_URL -u GC_TOKEN_API_URL \
                  gc-token get --force-refresh > got.new && mv got.new got";
    let script = format!("exec gc-token exec --intercept --keep-secret -- sh -c '{script}'");
    let finished = runner.shell("sh", &script);
    finished.succeeded();
    let got = written(&runner, "got");
    assert!(accepts(&cloud, &got), "{got}");
    assert_eq!(cloud.counters().mints, 2);
    // What it has put into the cache is good once the run is over.
    let unset = runner.unset("GC_TOKEN_LOGIN_URL").unset("GC_TOKEN_API_URL");
    // Should it not be there, the real issuer is not asked.
    let unset = unset.set("HTTPS_PROXY", "http://127.0.0.1:9");
    assert_eq!(unset.run(&["get", "--verify=never"]).token(), got);
}

/// The stand-in token of one run does not work with another run's proxy, although both share a
/// cache, in which standalone gateways record theirs.
#[test]
fn another_run_does_not_take_it() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "curl --silent --output answer --write-out '%{http_code}\\n' --config - > status <<EOF\n\
                  url = \"https://api.mypurecloud.ie/api/v2/organizations/me\"\n\
                  header = \"Authorization: Bearer ${EARLIER-$GENESYSCLOUD_ACCESS_TOKEN}\"\nEOF\n\
                  env > env";
    let status = |runner: &Runner| {
        runner.run(&["exec", "--intercept", "--", "sh", "-c", script]).succeeded();
        let status = written(runner, "status");
        std::fs::remove_file(runner.home().join("status")).unwrap();
        status
    };
    // The token is renewed in that run, which notes what clients have.
    runner.run(&["get"]).succeeded();
    cloud.revoke_all();
    assert_eq!(status(&runner), "200");
    let env = std::fs::read_to_string(runner.home().join("env")).unwrap();
    let earlier = env.lines().find_map(|line| line.strip_prefix("GENESYSCLOUD_ACCESS_TOKEN="));
    assert_eq!(status(&runner.set("EARLIER", earlier.unwrap())), "401");
}
