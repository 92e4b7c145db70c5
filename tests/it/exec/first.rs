//! gc-token as process 1 of a container: there are no default actions for its
//! signals, and it gets everybody's orphans.

use std::net::TcpListener;

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use super::rig::{SERVED, children_of, runner, written};
use crate::common::cloud::cloud;
use crate::common::process::Running;
use crate::common::runner::Runner;
use crate::common::{missing, program};

/// Starts a program as process 1. `None` where that cannot be had, which has been
/// said by then.
pub(crate) fn start(runner: &Runner, words: &[&str]) -> Option<Running> {
    let is_root = rustix::process::geteuid().is_root();
    let user: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    let unshare =
        [&["unshare"], user, &["--pid", "--fork", "--mount-proc", "--kill-child"]].concat();
    let works = || runner.start_program(&[&unshare, &["true"][..]].concat()).finish();
    if program("unshare").is_none() || !works().status.success() {
        missing("a PID namespace (unshare --pid)");
        return None;
    }
    Some(runner.start_program(&[&unshare, words].concat()))
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_gc-token");

/// Two orphans: one of them has ended, the other lives.
const LEAVES_ORPHANS: &str = "
    sh -c '(sh -c \"exec sleep 0.2\") & (sh -c \"exec sleep 1000\") & :'
    zombies() { grep -ls '^State:.Z' /proc/[0-9]*/status | wc -l; }
    until [ $(zombies) -gt 0 ]; do sleep 0.05; done; echo seen > seen
    until [ $(zombies) -eq 0 ]; do sleep 0.05; done; echo gone > gone";

#[test]
fn orphans_are_waited_for_and_the_commands_code_is_kept() {
    let cloud = cloud(SandboxConfig::default());
    for front in SERVED {
        let runner = runner(&cloud);
        let script = format!("{LEAVES_ORPHANS}; kill -0 1 || exit 8; exit 7");
        let Some(running) = start(&runner, &[PROGRAM, "exec", front, "--", "sh", "-c", &script])
        else {
            return;
        };
        assert_eq!(written(&runner, "seen"), "seen");
        assert_eq!(written(&runner, "gone"), "gone");
        assert_eq!(running.finish().status.code(), Some(7), "{front}");
    }
}

#[test]
fn a_gateway_waits_for_orphans_and_ends_by_a_signal() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    // They are left by the shell that the gateway takes the place of.
    let script = format!("({LEAVES_ORPHANS}) & exec \"$0\" gateway");
    let Some(mut running) = start(&runner, &["sh", "-c", &script, PROGRAM]) else {
        return;
    };
    running.wait_until_it_prints("GC_TOKEN_GATEWAY_URL");
    assert_eq!(written(&runner, "gone"), "gone");
    let [gateway] = children_of(running.pid())[..] else {
        panic!("unshare has one child");
    };
    let gateway = rustix::process::Pid::from_raw(gateway.cast_signed()).unwrap();
    rustix::process::kill_process(gateway, Signal::TERM).unwrap();
    assert_eq!(running.finish().status.code(), Some(0));
}

/// Signals without a handler are dropped there, and the container's runtime would
/// have to kill it.
#[test]
fn a_signal_ends_it_while_the_issuer_takes_its_time() {
    let cloud = cloud(SandboxConfig::default());
    let issuer = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", issuer.local_addr().unwrap());
    for words in
        [&["get"][..], &["gateway"], &["exec", "--gateway", "--", "true"], &["exec", "--", "true"]]
    {
        for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            let runner = runner(&cloud).set("GC_TOKEN_LOGIN_URL", &url);
            let Some(running) = start(&runner, &[&[PROGRAM], words].concat()) else {
                return;
            };
            let _unanswered = issuer.accept().unwrap();
            let [process] = children_of(running.pid())[..] else {
                panic!("unshare has one child");
            };
            let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
            rustix::process::kill_process(process, signal).unwrap();
            assert_eq!(running.finish().status.code(), Some(code), "{words:?}");
        }
    }
}
