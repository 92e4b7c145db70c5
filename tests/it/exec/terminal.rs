//! A person at a terminal: Ctrl-C, Ctrl-Z and the shell's job control.

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::rig::{runner, written};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

pub(crate) const BASH: &[&str] = &["bash", "--norc", "--noprofile", "-i"];

/// Counts the signals that a keyboard sends, until it is told to end. For bash:
/// dash starts others by vfork(2), and cannot be stopped while one that was
/// stopped first has not begun.
const COUNT: &str = "count=0
trap 'count=$((count + 1)); echo $count > count' INT
trap 'echo yes > continued' CONT
echo ready > ready
until [ -e go ]; do sleep 0.05; done
sleep 0.3
echo $count > total
exit 5
";

fn scene(cloud: &Sandbox) -> (Runner, Terminal) {
    let runner = runner(cloud).with_file("count.sh", COUNT);
    let shell = Terminal::start(&runner, BASH);
    (runner, shell)
}

fn go(runner: &Runner) {
    std::fs::write(runner.home().join("go"), "").unwrap();
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let cloud = cloud(SandboxConfig::default());
    for front in ["--gateway", "--intercept"] {
        let (runner, mut shell) = scene(&cloud);
        shell.type_in(&format!("gc-token exec {front} -- bash count.sh; echo code=$?\n"));
        written(&runner, "ready");
        shell.type_in("\x03");
        written(&runner, "count");
        go(&runner);
        assert_eq!(written(&runner, "total"), "1", "{front}");
        shell.see("code=5");
        // The shell has its terminal back.
        shell.type_in("echo to''gether\n");
        shell.see("together");
        shell.leave();
    }
}

#[test]
fn a_command_can_be_stopped_and_brought_back() {
    let cloud = cloud(SandboxConfig::default());
    let (runner, mut shell) = scene(&cloud);
    shell.type_in("gc-token exec --gateway -- bash count.sh; echo code=$?\n");
    written(&runner, "ready");
    shell.type_in("\x1a");
    shell.see("Stopped");
    shell.see("code=");
    go(&runner);
    shell.type_in("echo mean''while; fg; echo then=$?\n");
    shell.see("meanwhile");
    assert_eq!(written(&runner, "total"), "0");
    shell.see("then=5");
    shell.leave();
}

#[test]
fn ctrl_c_reaches_a_command_that_was_brought_back() {
    let cloud = cloud(SandboxConfig::default());
    let (runner, mut shell) = scene(&cloud);
    shell.type_in("gc-token exec --gateway -- bash count.sh\n");
    written(&runner, "ready");
    shell.type_in("\x1a");
    shell.see("Stopped");
    shell.type_in("fg; echo then=$?\n");
    // It is continued once it has the terminal.
    written(&runner, "continued");
    shell.type_in("\x03");
    written(&runner, "count");
    go(&runner);
    assert_eq!(written(&runner, "total"), "1");
    shell.see("then=5");
    shell.leave();
}

#[test]
fn a_job_in_the_background_leaves_the_terminal_alone() {
    let cloud = cloud(SandboxConfig::default());
    let (runner, mut shell) = scene(&cloud);
    shell.type_in("gc-token exec --gateway -- bash count.sh &\n");
    written(&runner, "ready");
    shell.type_in("echo still''mine\n");
    shell.see("stillmine");
    go(&runner);
    assert_eq!(written(&runner, "total"), "0");
    shell.type_in("wait %1; echo code=$?\n");
    shell.see("code=5");
    shell.leave();
}
