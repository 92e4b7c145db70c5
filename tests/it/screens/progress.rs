//! The line that says what a slow command waits for.

use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::{SECRET, cloud};
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

const BASH: &[&str] = &["bash", "--norc", "--noprofile"];
const ERASE: &str = "\r\u{1b}[2K";

fn slow(latency: u64) -> SandboxConfig {
    SandboxConfig { latency: Duration::from_secs(latency), ..SandboxConfig::default() }
}

#[test]
fn a_slow_request_is_named_and_the_line_is_gone_at_the_end() {
    let cloud = cloud(slow(3));
    let runner = Runner::of(&cloud).set("TERM", "xterm");
    let screen = Terminal::screen(&runner, 80, &["get"]);
    let (before, rest) = screen.split_once("requesting a token from 127.0.0.1:").expect("named");
    assert!(before.starts_with("\r^[[2K"), "{screen:?}");
    let (_, rest) = rest.rsplit_once("\r^[[2K").expect("erased");
    assert_eq!(rest.trim_end().len(), 86, "the token alone: {screen:?}");
    for (name, value) in [("TERM", "dumb"), ("CI", "true")] {
        let runner = Runner::of(&cloud).set("TERM", "xterm").set(name, value);
        let screen = Terminal::screen(&runner, 80, &["get"]);
        assert_eq!(screen.trim_end().len(), 86, "{name}: {screen:?}");
    }
}

#[test]
fn ctrl_c_removes_the_line_and_ends_the_process_as_usual() {
    let cloud = cloud(slow(60));
    let runner = Runner::of(&cloud).set("TERM", "xterm");
    let mut shell = Terminal::start(&runner, BASH);
    shell.see("$ ");
    shell.type_in("sh -c 'gc-token get; echo status $?'; echo ended\n");
    shell.see("requesting a token from");
    shell.type_in("\u{3}");
    shell.see(ERASE);
    shell.see("$ ");
    shell.type_in("gc-token get\n");
    shell.see("requesting a token from");
    shell.type_in("\u{3}");
    shell.see(ERASE);
    shell.type_in("echo \"status $?\"\n");
    shell.see("status 130");
    shell.leave();
}

#[test]
fn the_process_that_holds_the_lock_is_named() {
    let cloud = cloud(slow(6));
    let runner = Runner::of(&cloud).set("TERM", "xterm");
    let holder = runner.start(&["get"]);
    let cache = runner.home().join(".cache/gc-token");
    wait_until("the lock is taken", || {
        let files = std::fs::read_dir(&cache).into_iter().flatten().flatten();
        let held = |file: std::fs::DirEntry| {
            let pid = std::fs::read_to_string(file.path()).unwrap_or_default();
            pid.trim() == holder.pid().to_string()
        };
        files.into_iter().any(held)
    });
    let screen = Terminal::screen(&runner, 80, &["get", "-vv"]);
    let waiting = format!("waiting for process {}, which is minting", holder.pid());
    assert_eq!(screen.matches(&waiting).count(), 2, "a detail and the line: {screen}");
    let taken = format!("using the token that process {} has minted, after", holder.pid());
    assert!(screen.contains(&taken), "{screen}");
    holder.finish().succeeded();
    assert_eq!(cloud.counters().mints, 1);
}

/// It prompts for longer than the line would take to appear.
#[test]
fn a_prompt_of_the_secret_command_has_the_terminal_to_itself() {
    let cloud = cloud(slow(2));
    let script = format!(
        "#!/bin/sh\nprintf 'password? ' >/dev/tty\nsleep 2\nread answer </dev/tty\necho {SECRET}\n"
    );
    let runner = Runner::of(&cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .set("TERM", "xterm")
        .with_file(
            ".config/gc-token/config.toml",
            "[default]\nclient_secret_command = ['sh', 'ask']\n",
        )
        .with_file("ask", &script);
    let mut shell = Terminal::start(&runner, &["gc-token", "get"]);
    shell.see("password? ");
    shell.type_in("x\n");
    shell.see("x\r\n\r\u{1b}[2K");
    shell.see("requesting a token from");
    shell.see(ERASE);
}
