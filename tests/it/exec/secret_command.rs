//! The command that prints the client secret: what it may use, and how it ends.

use std::fs;
use std::process::Stdio;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use rustix::process::Signal;

use super::rig::{self, lives, written};
use super::terminal::BASH;
use crate::common::cloud::{SECRET, cloud};
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

/// A machine whose secret comes from this script of `sh`.
fn runner(cloud: &Sandbox, script: &str) -> Runner {
    let config = "[default]\nclient_secret_command = ['sh', 'secret.sh']\n";
    let (print, rest) = (format!("print() {{ printf '%s\\n' '{SECRET}'; }}\n"), script);
    rig::runner(cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file(".config/gc-token/config.toml", config)
        .with_file("secret.sh", &(print + rest))
}

#[test]
fn standard_input_is_left_to_whom_it_belongs() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud, "cat > eaten; print");
    for args in [
        &["exec", "--no-cache", "--", "cat"][..],
        &["exec", "--no-cache", "--gateway", "--", "cat"],
    ] {
        let finished = runner.run_on(args, b"payload");
        assert_eq!(finished.succeeded(), "payload");
        assert_eq!(fs::read(runner.home().join("eaten")).unwrap(), b"");
    }
    let external = runner.run_on(&["external", "--no-cache"], b"{}");
    external.succeeded();
}

#[test]
fn background_processes_of_it_are_not_waited_for() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud, "sleep 1000 & echo $! > left; print");
    runner.run(&["get"]).succeeded();
    // It was left alone, too.
    let left = written(&runner, "left").parse().unwrap();
    assert!(lives(left));
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(left as i32).unwrap(),
        Signal::KILL,
    )
    .unwrap();
}

#[test]
fn output_without_an_end_is_ended_with_all_that_it_started() {
    let cloud = cloud(SandboxConfig::default());
    let runner =
        runner(&cloud, "yes > /dev/null & echo $! > one; trap '' TERM; yes & echo $! > two; wait");
    let finished = runner.run(&["get"]);
    let said = "error: the client secret command \"sh\" failed\n  cause: it printed more than 65536 bytes\n";
    assert!(finished.stderr.contains(said), "{finished:#?}");
    assert_eq!(finished.status.code(), Some(3));
    for name in ["one", "two"] {
        let pid = written(&runner, name).parse().unwrap();
        wait_until("it is ended", || !lives(pid));
    }
}

#[test]
fn it_ends_with_gc_token() {
    let cloud = cloud(SandboxConfig::default());
    for signal in [Signal::TERM, Signal::KILL] {
        let runner = runner(&cloud, "sleep 1000 & echo $! > child; echo $$ > parent; wait");
        let running = runner.start(&["get"]);
        let pids = ["child", "parent"].map(|name| written(&runner, name).parse().unwrap());
        running.signal(signal);
        running.finish();
        for pid in pids {
            wait_until("it is ended", || !lives(pid));
        }
    }
}

#[test]
fn it_may_ask_on_the_terminal() {
    let cloud = cloud(SandboxConfig::default());
    for ask in [
        "read answer",
        "exec 0< /dev/tty; read answer",
        "stty -echo < /dev/tty; read answer; stty echo < /dev/tty",
    ] {
        let script = format!(
            "printf 'Open\\040sesame? ' > /dev/tty; {ask}; [ \"$answer\" = please ] && print"
        );
        let runner = runner(&cloud, &script);
        let mut shell = Terminal::start(&runner, BASH);
        shell.type_in("printf pay''load | gc-token exec -- cat > out; echo code=$?\n");
        shell.see("Open sesame? ");
        shell.type_in("please\n");
        shell.see("code=0");
        assert_eq!(fs::read_to_string(runner.home().join("out")).unwrap(), "payload");
        // The shell has its terminal back.
        shell.type_in("echo to''gether\n");
        shell.see("together");
        shell.leave();
    }
}

#[test]
fn ctrl_c_at_its_prompt_ends_gc_token_as_well() {
    let cloud = cloud(SandboxConfig::default());
    let runner =
        runner(&cloud, "stty -echo < /dev/tty; printf 'Open\\040sesame? ' > /dev/tty; read answer");
    let mut shell = Terminal::start(&runner, BASH);
    shell.type_in("gc-token get\n");
    shell.see("Open sesame? ");
    shell.type_in("\x03");
    shell.see("$ ");
    shell.type_in("echo code=$?\n");
    shell.see("code=130");
    shell.type_in("stty -a\n");
    shell.see(" echo ");
    shell.leave();
}

#[test]
fn ctrl_z_at_its_prompt_stops_the_job_until_it_is_brought_back() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud, "printf 'Open\\040sesame? ' > /dev/tty; read answer; print");
    let mut shell = Terminal::start(&runner, BASH);
    shell.type_in("gc-token get > token\n");
    shell.see("Open sesame? ");
    shell.type_in("\x1a");
    shell.see("Stopped");
    shell.type_in("echo mean''while; fg; echo code=$?\n");
    shell.see("meanwhile");
    shell.see("gc-token get > token");
    shell.type_in("please\n");
    shell.see("code=0");
    shell.leave();
}

#[test]
fn a_job_in_the_background_waits_until_it_is_brought_to_the_terminal() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud, "echo > begun; read answer; print");
    let mut shell = Terminal::start(&runner, BASH);
    shell.type_in("gc-token get > token &\n");
    written_empty(&runner, "begun");
    shell.type_in("wait %1; echo still''mine\n");
    shell.see("stillmine");
    shell.type_in("fg; echo code=$?\n");
    shell.see("gc-token get > token");
    shell.type_in("please\n");
    shell.see("code=0");
    shell.leave();
}

fn written_empty(runner: &Runner, name: &str) {
    wait_until("it has begun", || runner.home().join(name).exists());
}

/// A command that asks at each mint but the first, at a terminal whose rules are
/// strict (`stty tostop`). The command that is served goes on.
#[test]
fn a_renewal_has_no_terminal_to_ask_on() {
    for ask in ["read answer < /dev/tty", "stty -echo < /dev/tty", "read answer || exit 3"] {
        let plan = SandboxConfig {
            lifetime: std::time::Duration::from_secs(4),
            ..SandboxConfig::default()
        };
        let cloud = cloud(plan);
        let script = format!("[ -e first ] && {{ echo > asked; {ask}; }}; echo > first; print");
        let runner = runner(&cloud, &script);
        let mut shell = Terminal::start(&runner, BASH);
        let wait = "until grep -q renewed said; do sleep 0.05; done; echo served''on";
        shell.type_in(&format!(
            "stty tostop; gc-token exec --gateway --skew 0 --no-cache -- bash -c '{wait}' 2> said; echo code=$?\n"
        ));
        shell.see("servedon");
        shell.see("code=0");
        let said = fs::read_to_string(runner.home().join("said")).unwrap();
        assert!(
            said.contains(
                "warning: the token could not be renewed: the client secret command \"sh\" failed"
            ),
            "{said}"
        );
        assert!(!said.contains("Stopped"), "{said}");
        shell.leave();
    }
}

/// At a terminal of its own, without one, and with one that nobody may use.
#[test]
fn without_a_terminal_it_finds_none() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud, "[ -t 0 ] && echo yes > tty || echo no > tty; print");
    let mut command = runner.command_with_path("setsid");
    command.args(["--wait", "gc-token", "get", "--no-cache"]).stdin(Stdio::null());
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    assert_eq!(written(&runner, "tty"), "no");
}

/// A helper that is stopped where no shell could bring a job back: it stops nobody else.
#[test]
fn without_a_terminal_its_stop_is_its_own() {
    let cloud = cloud(SandboxConfig::default());
    // gc-token has time to see it.
    let stop = "pid=$$
        (until grep -q '^State:.T' /proc/$pid/status; do sleep 0.05; done
         sleep 1; kill -CONT $pid) &
        kill -STOP $pid; print";
    let runner = runner(&cloud, stop);
    // In a process group that is not orphaned, a stop would work.
    let finished = runner.shell("sh", "exec setsid -w bash -c 'set -m; gc-token get; exit $?'");
    assert_eq!(finished.succeeded().trim_end().len(), 86);
}

#[test]
fn it_is_found_and_run_as_the_command_of_exec() {
    use std::os::unix::fs::PermissionsExt;
    let cloud = cloud(SandboxConfig::default());
    let script = |text: &str| {
        let runner = rig::runner(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file(
                ".config/gc-token/config.toml",
                "[default]\nclient_secret_command = ['~/secret']\n",
            )
            .with_file("secret", text);
        let path = runner.home().join("secret");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        runner.run(&["get"])
    };
    script(&format!("echo '{SECRET}'\n")).succeeded();
    for (text, said) in [
        ("#!/bin/sh\r\necho x\r\n", "a file that HOME/secret needs is missing"),
        (
            "#!/none\n",
            "hint: its interpreter is missing: check its first line, or run ldd(1) on it",
        ),
        ("\0", "Exec format error"),
    ] {
        let finished = script(text);
        assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
        assert!(finished.stderr.contains(said), "{finished:#?}");
        assert!(finished.stderr.contains("see client_secret_command of profile"), "{finished:#?}");
    }
}
