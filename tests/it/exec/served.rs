//! What a served command is told, and what is told of it.

use std::net::TcpListener;

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;
use serde_json::Value;

use super::rig::{SERVED, runner, start};
use crate::common::cloud::cloud;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use crate::common::{missing, program};

const LOOPBACK: &str = "localhost,127.0.0.1,::1";

/// Messages without the warning that the sandbox's URLs override the region.
fn said(finished: &Finished) -> Vec<&str> {
    let is_warning = |line: &&str| line.starts_with("gc-token: warning: GC_TOKEN_");
    finished.stderr.lines().skip_while(is_warning).collect()
}

/// A proxy that must not be asked.
struct Proxy(TcpListener);

impl Proxy {
    fn listen() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Proxy(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    fn assert_not_asked(&self) {
        let came = self.0.accept().map(|(_, address)| address);
        assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}

#[test]
fn requests_to_the_gateway_bypass_the_proxy() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Proxy::listen();
        let runner = runner(&cloud).set(name, proxy.url()).set("no_proxy", ".corp");
        // curl reads HTTP_PROXY in lower case alone.
        let script = "
            curl --silent --fail --output /dev/null \
              --header \"Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN\" \
              \"$GC_TOKEN_GATEWAY_URL/api/v2/organizations/me\" || exit 9
            echo \"$NO_PROXY $no_proxy\"";
        let finished = start(&runner, "--gateway", script).finish();
        let both = format!(".corp,{LOOPBACK} .corp,{LOOPBACK}\n");
        assert_eq!(finished.succeeded(), both, "{name}: {finished:#?}");
        proxy.assert_not_asked();
    }
}

#[test]
fn a_gateway_that_stands_alone_prints_the_exceptions() {
    let cloud = cloud(SandboxConfig::default());
    let printed = |runner: Runner, args: &[&str]| {
        let mut running = runner.start(&[&["gateway", "--shell=json"], args].concat());
        let printed = running.wait_until_it_prints("}\n");
        running.signal(Signal::TERM);
        assert_eq!(running.finish().status.code(), Some(0));
        let json: Value = serde_json::from_str(&printed).unwrap();
        ["NO_PROXY", "no_proxy"].map(|name| json[name].as_str().map(str::to_owned))
    };
    let behind = || Runner::of(&cloud).set("HTTP_PROXY", "http://127.0.0.1:9");
    let all = |list: &str| [Some(list.to_owned()), Some(list.to_owned())];
    assert_eq!(printed(Runner::of(&cloud), &[]), [None, None]);
    assert_eq!(printed(behind(), &[]), all(LOOPBACK));
    assert_eq!(printed(behind().set("NO_PROXY", "*"), &[]), all("*"));
    assert_eq!(printed(behind().set("NO_PROXY", "a b"), &[]), all(&format!("a,b,{LOOPBACK}")));
    let elsewhere = printed(behind(), &["--listen=127.0.0.2:0"]);
    assert_eq!(elsewhere, all(&format!("{LOOPBACK},127.0.0.2")));
}

#[test]
fn loopback_is_no_affair_of_the_intercepting_proxy() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud).set("NO_PROXY", ".corp,.mypurecloud.ie");
    let script = "echo \"$NO_PROXY $no_proxy $NODE_USE_ENV_PROXY\"";
    let both = format!(".corp,{LOOPBACK} .corp,{LOOPBACK}");
    assert_eq!(start(&runner, "--intercept", script).finish().succeeded(), format!("{both} 1\n"));
    let runner = runner.set("NODE_USE_ENV_PROXY", "0");
    assert_eq!(start(&runner, "--intercept", script).finish().succeeded(), format!("{both} 0\n"));
}

#[test]
fn a_command_that_asks_nothing_is_told_so() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for (front, says) in SERVED.into_iter().zip([
        "gc-token: no request came to the gateway: ",
        "gc-token: no request came to the proxy: ",
    ]) {
        for (script, code) in [("exit 0", 0), ("exit 3", 3)] {
            let finished = start(&runner, front, script).finish();
            assert_eq!(finished.status.code(), Some(code));
            let said = said(&finished);
            assert!(said[0].starts_with(says), "{finished:#?}");
            assert_eq!(said.len(), 1, "{finished:#?}");
            assert_eq!(finished.stdout, "");
        }
        let unstarted = runner.run(&["exec", front, "--", "./none"]);
        assert!(!unstarted.stderr.contains("no request came"), "{unstarted:#?}");
    }
    if program("curl").is_none() {
        return missing("curl");
    }
    // A tunnel is use enough, and so is a request that is refused.
    let tunnel = "curl --silent --proxy \"$HTTPS_PROXY\" --noproxy '' https://127.0.0.1:9/; true";
    let refused = "curl --silent --output /dev/null \"${GC_TOKEN_GATEWAY_URL}x/\"";
    for (front, script) in [("--intercept", tunnel), ("--gateway", refused)] {
        let finished = start(&runner, front, script).finish();
        assert_eq!(finished.succeeded(), "");
        assert_eq!(said(&finished), [""; 0], "{front}");
    }
}
