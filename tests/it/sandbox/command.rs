//! The command: what it prints, and what ends it.

use std::io::{ErrorKind, Read, pipe};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::runner::Runner;

#[test]
fn it_serves_until_standard_input_closes() {
    let (stdin, keeps_open) = pipe().unwrap();
    let args = ["sandbox", "--json", "--until-stdin-closes"];
    let runner = Runner::bare();
    let mut running = runner.start_on(&args, Stdio::from(stdin));
    let printed = running.wait_until_it_prints("}\n");
    let variables: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(variables["GENESYSCLOUD_OAUTHCLIENT_ID"], "sandbox-client");
    assert_eq!(variables["GENESYSCLOUD_OAUTHCLIENT_SECRET"], "sandbox-secret");
    let api = variables["GC_TOKEN_API_URL"].as_str().unwrap();
    let address = api.strip_prefix("http://").unwrap();
    TcpStream::connect(address).unwrap();
    drop(keeps_open);
    running.finish().succeeded();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn it_serves_until_a_signal_ends_it() {
    let runner = Runner::bare().set("GC_TOKEN_SANDBOX_SECRET", "of-my-own");
    let ca = runner.home().join("ca.pem");
    let mut running = runner.start(&["sandbox", "--tls", "--ca-out", ca.to_str().unwrap()]);
    let printed = running.wait_until_it_prints("ca.pem'\n");
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[0], "export GENESYSCLOUD_OAUTHCLIENT_ID='sandbox-client'");
    assert_eq!(lines[1], "export GENESYSCLOUD_OAUTHCLIENT_SECRET=\"$GC_TOKEN_SANDBOX_SECRET\"");
    assert!(lines[2].starts_with("export GC_TOKEN_LOGIN_URL='https://127.0.0.1:"));
    assert!(lines[3].starts_with("export GC_TOKEN_API_URL='https://127.0.0.1:"));
    assert_eq!(lines[4], format!("export GC_TOKEN_CA_FILE='{}'", ca.display()));
    let pem = std::fs::read_to_string(&ca).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    let address = lines[3].split_once("https://").unwrap().1;
    let mut idle = TcpStream::connect(address.trim_end_matches('\'')).unwrap();
    let moment = Some(Duration::from_millis(100));
    idle.set_read_timeout(moment).unwrap();
    let kind = idle.read(&mut [0]).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::WouldBlock, "it serves on");
    running.signal(Signal::TERM);
    running.finish().succeeded();
}

#[test]
fn a_certificate_that_cannot_be_written_is_named() {
    let finished = Runner::bare().run(&["sandbox", "--tls", "--ca-out", "/nowhere/ca.pem"]);
    assert!(!finished.status.success(), "{finished:#?}");
    assert_eq!(
        finished.stderr,
        "gc-token: error: --ca-out: cannot write /nowhere/ca.pem\n  cause: No such file or \
         directory (os error 2)\n"
    );
}
