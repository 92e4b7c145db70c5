//! What a cached answer does *not* do, by the system calls it makes. How long
//! it takes is for `benches/run` to say.
//!
//! Linux only: the calls are seen with strace. Where it is missing, the test
//! fails when `CI=true` and is passed over, with a word on standard error,
//! elsewhere.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gc_token::internals::context::SystemClock;
use gc_token::internals::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};

#[test]
fn a_cached_answer_opens_its_entry_and_talks_to_nobody() {
    if !has_strace() {
        return;
    }
    let sandbox = sandbox();
    let home = tempfile::tempdir().unwrap();
    let certificate = home.path().join("ca.pem");
    fs::write(&certificate, sandbox.ca_pem().unwrap()).unwrap();

    let cold = trace(&sandbox, home.path(), &["get"]);
    let entry = entry_in(&home.path().join("cache"));
    // What is looked for below can be seen at all.
    assert!(cold.made("socket") && cold.made("connect"), "{cold:?}");
    assert!(cold.opened_below(home.path()).contains(&path(&certificate)));
    assert!(cold.writes_files(), "{cold:?}");

    for verb in [&["get"][..], &["env"], &["get", "--format=json"], &["get", "--format=header"]] {
        let hit = trace(&sandbox, home.path(), verb);
        assert_eq!(hit.stdout.matches(&cold.stdout.trim_end()).count(), 1, "{verb:?}");
        for call in NETWORK.iter().chain(PROCESSES) {
            assert!(!hit.made(call), "{verb:?} makes {call}: {hit:?}");
        }
        assert_eq!(hit.opened_below(home.path()), [path(&entry)], "{verb:?}");
        let foreign = hit.opened().filter(|file| !is_of_the_system(file));
        assert_eq!(foreign.collect::<Vec<_>>(), [path(&entry)], "{verb:?}");
        assert!(!hit.writes_files(), "{verb:?}: {hit:?}");
        let written: Vec<_> = hit.calls("write").collect();
        assert!(matches!(written[..], [one] if one.starts_with("1,")), "{verb:?}: {written:?}");
    }
    assert_eq!(sandbox.counters().mints, 1);
}

const NETWORK: &[&str] = &["socket", "socketpair", "connect", "sendto", "epoll_create1"];
const PROCESSES: &[&str] = &["clone", "clone3", "fork", "vfork"];

/// Calls that change what stands in a directory.
const CHANGES: &[&str] = &[
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "flock",
    "ftruncate",
];

/// Files read by the dynamic linker, the C library, and for the boot's identity.
fn is_of_the_system(file: &str) -> bool {
    file == "/etc/ld.so.cache"
        || file.starts_with("/proc/")
        || (file.contains("/lib") && file.contains(".so"))
}

/// A run: the calls it made, and what it printed.
#[derive(Debug)]
struct Trace {
    /// A line for each call, as strace writes it, without the process's number.
    lines: Vec<String>,
    stdout: String,
}

impl Trace {
    fn made(&self, call: &str) -> bool {
        self.calls(call).next().is_some()
    }

    /// Arguments and result of each call of this name.
    fn calls(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = format!("{name}(");
        self.lines.iter().filter_map(move |line| line.strip_prefix(&name))
    }

    /// The files that were opened, those not that were looked for in vain.
    fn opened(&self) -> impl Iterator<Item = String> {
        let opens = ["open", "openat", "openat2", "creat"];
        let calls = opens.into_iter().flat_map(|name| self.calls(name));
        calls
            .filter(|call| !call.contains(") = -1 "))
            .map(|call| call.split('"').nth(1).expect("a path in quotes").to_owned())
    }

    fn opened_below(&self, dir: &Path) -> Vec<String> {
        self.opened().filter(|file| Path::new(file).starts_with(dir)).collect()
    }

    fn writes_files(&self) -> bool {
        let modes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
        self.calls("openat").any(|call| modes.iter().any(|mode| call.contains(mode)))
            || CHANGES.iter().any(|call| self.made(call))
    }
}

fn sandbox() -> Sandbox {
    let plan = SandboxConfig { tls: true, ..SandboxConfig::default() };
    Sandbox::start(plan, Arc::new(SystemClock::default())).unwrap()
}

fn trace(sandbox: &Sandbox, home: &Path, args: &[&str]) -> Trace {
    let calls = home.join("trace");
    let output = Command::new("strace")
        .args(["-f", "-s", "4096", "-o"])
        .arg(&calls)
        .arg(env!("CARGO_BIN_EXE_gc-token"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("GC_TOKEN_CACHE_DIR", home.join("cache"))
        .env("GC_TOKEN_LOGIN_URL", sandbox.login_url())
        .env("GC_TOKEN_CA_FILE", home.join("ca.pem"))
        .env("GENESYSCLOUD_OAUTHCLIENT_ID", SandboxConfig::default().client_id)
        .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", DEFAULT_SECRET)
        .output()
        .expect("strace can be started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{args:?}: {stderr}");
    let lines = fs::read_to_string(calls).unwrap();
    Trace {
        lines: lines.lines().filter_map(without_process).collect(),
        stdout: String::from_utf8(output.stdout).unwrap(),
    }
}

/// `123 close(3) = 0` as `close(3) = 0`.
fn without_process(line: &str) -> Option<String> {
    line.split_once(' ').map(|(_, call)| call.trim_start().to_owned())
}

fn entry_in(cache: &Path) -> PathBuf {
    let files = fs::read_dir(cache).unwrap().map(|file| file.unwrap().path());
    let mut entries = files.filter(|file| file.extension() == Some(OsStr::new("token")));
    entries.next().expect("the token is cached")
}

fn path(file: &Path) -> String {
    file.to_str().unwrap().to_owned()
}

fn has_strace() -> bool {
    let there = Command::new("strace").arg("-V").output().is_ok();
    if !there {
        assert!(!in_ci(), "strace is not installed, and CI=true");
        // Not eprintln!, which the test harness keeps to itself.
        let _ = writeln!(
            std::io::stderr(),
            "\nMISSING: strace is not on PATH, so the calls of a cached answer are NOT tested\n"
        );
    }
    there
}

#[expect(clippy::disallowed_methods, reason = "decides what a missing strace is")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}
