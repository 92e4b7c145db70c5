//! `gateway` as a service: sd_notify(3), with a socket of the test in place of systemd's.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use crate::common::cloud::cloud;
use crate::common::page::root;
use crate::common::runner::Runner;
use crate::common::{guard, missing, program};
use crate::gateway::rig::Front;

/// Longer than anything in a passing test.
const PATIENCE: Duration = Duration::from_secs(100);

fn receive(manager: &UnixDatagram) -> String {
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 4_096];
    let length = manager.recv(&mut buffer).unwrap();
    guard::holds_no_secret(&buffer[..length], "a notification");
    guard::holds_no_token(&buffer[..length], "a notification");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn systemd_is_told_of_readiness_reloads_and_the_end() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let path = runner.home().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let front = Front::start(runner.set("NOTIFY_SOCKET", path), &[]);
    assert_eq!(receive(&manager), format!("READY=1\nSTATUS=serving on {}", front.address));
    front.running.signal(Signal::HUP);
    let reloading = receive(&manager);
    let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
    assert!(micros.parse::<u64>().unwrap() > 0);
    assert_eq!(receive(&manager), "READY=1");
    front.running.signal(Signal::TERM);
    assert_eq!(receive(&manager), "STOPPING=1");
    assert_eq!(front.running.finish().status.code(), Some(0));
}

#[test]
fn the_watchdog_is_fed_at_an_abstract_address() {
    let cloud = cloud(SandboxConfig::default());
    let name = format!("gc-token-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = UnixDatagram::bind_addr(&address).unwrap();
    let runner =
        Runner::of(&cloud).set("NOTIFY_SOCKET", format!("@{name}")).set("WATCHDOG_USEC", "100000");
    let front = Front::start(runner, &[]);
    assert!(receive(&manager).starts_with("READY=1\n"));
    for _ in 0..3 {
        assert_eq!(receive(&manager), "WATCHDOG=1");
    }
    front.finish();
}

#[test]
fn a_watchdog_of_another_process_is_not_fed() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let path = runner.home().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let runner =
        runner.set("NOTIFY_SOCKET", path).set("WATCHDOG_USEC", "1000").set("WATCHDOG_PID", "1");
    let front = Front::start(runner, &[]);
    assert!(receive(&manager).starts_with("READY=1\n"));
    front.running.signal(Signal::TERM);
    assert_eq!(receive(&manager), "STOPPING=1");
    front.running.finish();
}

#[test]
fn a_manager_that_is_not_there_costs_a_warning() {
    let cloud = cloud(SandboxConfig::default());
    for address in ["/nonexistent/notify", "vsock:2:1234"] {
        let front = Front::start(Runner::of(&cloud).set("NOTIFY_SOCKET", address), &[]);
        assert_eq!(front.get("/api/v2/tokens/me").status, 200);
        let said = front.finish().stderr;
        let warning = "gc-token: warning: cannot notify the service manager: ";
        assert_eq!(said.matches(warning).count(), 1, "{said}");
    }
}

/// The command is the service there, and may notify by itself.
#[test]
fn exec_leaves_the_notifications_to_its_command() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let path = runner.home().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let runner = runner.set("NOTIFY_SOCKET", &path);
    for mode in [&["exec"][..], &["exec", "--gateway"]] {
        let words = [mode, &["--", "sh", "-c", "echo $NOTIFY_SOCKET"]].concat();
        let finished = runner.run(&words);
        assert_eq!(finished.succeeded(), "HOME/notify\n");
    }
    manager.set_nonblocking(true).unwrap();
    assert!(manager.recv(&mut [0; 1]).is_err());
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    if program("systemd-analyze").is_none() {
        return missing("systemd-analyze");
    }
    let unit = fs::read_to_string(root().join("examples/systemd/gc-token.service")).unwrap();
    let installed = "/usr/local/bin/gc-token";
    assert!(unit.contains(installed));
    let runner = Runner::bare()
        .with_file("gc-token.service", &unit.replace(installed, env!("CARGO_BIN_EXE_gc-token")));
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=one"])
        .arg(runner.home().join("gc-token.service"))
        .output()
        .unwrap();
    let said = String::from_utf8([verified.stdout, verified.stderr].concat()).unwrap();
    assert!(verified.status.success() && said.is_empty(), "{said}");
}

/// The command line of the unit serves, with the directories and the credential of systemd.
#[test]
fn the_units_command_serves() {
    let unit = fs::read_to_string(root().join("examples/systemd/gc-token.service")).unwrap();
    let unit = unit.replace("\\\n", " ");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file("credentials/client-secret", crate::common::cloud::SECRET)
        .with_file("state/.keep", "");
    let home = runner.home().display().to_string();
    let command = command
        .replace("${CREDENTIALS_DIRECTORY}", &format!("{home}/credentials"))
        .replace("${STATE_DIRECTORY}", &format!("{home}/state"))
        .replace("${CACHE_DIRECTORY}", &format!("{home}/cache"))
        .replace("127.0.0.1:8484", "127.0.0.1:0")
        .replace("127.0.0.1:9464", "127.0.0.1:0");
    assert!(!command.contains("${"), "{command}");
    let words: Vec<_> = command.split_whitespace().skip(1).chain(["--shell=json"]).collect();
    let running = runner.start(&words);
    let front = Front::of(runner, running);
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    let said = front.finish().stderr;
    assert_eq!(said, "");
}
