//! A person at a terminal: Ctrl-C, Ctrl-Z and the shell's job control.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gc_token::sandbox::{Plan, Sandbox};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::common::cloud::cloud;
use super::common::runner::Runner;
use super::rig::{runner, written};

/// An interactive shell at a terminal of its own.
struct Shell {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

/// Nothing that a shell does takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

impl Shell {
    fn start(runner: &Runner) -> Shell {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let mut command: Command = runner.command_with_path("setsid");
        command.args(["--ctty", "bash", "--norc", "--noprofile", "-i"]).env("PS1", "$ ");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop((slave, command));
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The terminal's last user closes it.
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Shell { child, keyboard, screen, seen: String::new() }
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen shows this, after what was looked at before.
    fn see(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let bytes = self.screen.recv_timeout(PATIENCE);
            let bytes = bytes.unwrap_or_else(|_| panic!("{text:?} is not in {:?}", self.seen));
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        let end = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..end);
    }

    fn leave(mut self) {
        self.type_in("exit 0\n");
        self.child.wait().unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

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

fn scene(cloud: &Sandbox) -> (Runner, Shell) {
    let runner = runner(cloud).with_file("count.sh", COUNT);
    let shell = Shell::start(&runner);
    (runner, shell)
}

fn go(runner: &Runner) {
    std::fs::write(runner.home().join("go"), "").unwrap();
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let cloud = cloud(Plan::default());
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
    let cloud = cloud(Plan::default());
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
    let cloud = cloud(Plan::default());
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
    let cloud = cloud(Plan::default());
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
