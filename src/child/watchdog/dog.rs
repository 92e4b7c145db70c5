//! The watchdog's own side. It runs with all signals blocked.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group, test_kill_process};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use super::Message;
use crate::pid_namespace::own_group;

/// Watches over the process at the other end of `pipe`, and cleans up after it
/// should it be killed.
pub fn watch(pipe: impl Read) {
    let mut charge = Charge::default();
    for line in BufReader::new(pipe).lines() {
        match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
            Some(Message::Directory(directory)) => charge.directories.push(directory.into()),
            Some(Message::Terminal(group)) => charge.terminal = Pid::from_raw(group),
            Some(Message::Child(pid)) => charge.child = Pid::from_raw(pid).map(Suspect::new),
            Some(Message::Farewell) => return,
            // A line that was cut off: the end comes next.
            None => {}
        }
    }
    // By hand it leads no group of its own, and has nobody to end.
    if own_group() == Some(getpid()) {
        charge.clean_up(getpid());
    }
}

/// What there is to look after.
#[derive(Default)]
struct Charge {
    directories: Vec<PathBuf>,
    terminal: Option<Pid>,
    child: Option<Suspect>,
}

/// How long the command, and all that it has started, may take for a graceful
/// end.
const GRACE: Duration = Duration::from_secs(10);

/// How often to look whether they have ended.
const STEP: Duration = Duration::from_millis(20);

/// How long those take to end whom SIGKILL has ended.
const KILLED: Duration = Duration::from_secs(1);

impl Charge {
    /// The command is asked to end, then those whom it leaves behind, and in the
    /// end everybody is made to, this process included.
    fn clean_up(&self, group: Pid) {
        let mut left = GRACE;
        if let Some(child) = &self.child {
            child.signal(Signal::TERM);
            child.signal(Signal::CONT);
            wait(&mut left, || !child.lives());
        }
        let _ = kill_process_group(group, Signal::TERM);
        let _ = kill_process_group(group, Signal::CONT);
        wait(&mut left, || !others_live(group));
        if let Some(child) = &self.child {
            child.signal(Signal::KILL);
            wait(&mut KILLED.clone(), || !child.lives());
        }
        for directory in &self.directories {
            let _ = std::fs::remove_dir_all(directory);
        }
        self.give_terminal_back(group);
        let _ = kill_process_group(group, Signal::KILL);
    }

    /// A shell with job control takes it by itself; one that runs a script does
    /// not.
    fn give_terminal_back(&self, from: Pid) {
        let tty = File::options().read(true).write(true).open("/dev/tty");
        if let (Some(to), Ok(tty)) = (self.terminal, tty)
            && tcgetpgrp(&tty) == Ok(from)
        {
            let _ = tcsetpgrp(&tty, to);
        }
    }
}

fn wait(left: &mut Duration, ended: impl Fn() -> bool) {
    while !ended() && !left.is_zero() {
        sleep(STEP);
        *left = left.saturating_sub(STEP);
    }
}

/// The child, by a handle that no other process can get, where the system has
/// such handles.
struct Suspect {
    pid: Pid,
    #[cfg(target_os = "linux")]
    handle: Option<rustix::fd::OwnedFd>,
}

impl Suspect {
    fn new(pid: Pid) -> Suspect {
        Suspect {
            pid,
            #[cfg(target_os = "linux")]
            handle: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok(),
        }
    }

    fn signal(&self, signal: Signal) {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            let _ = rustix::process::pidfd_send_signal(handle, signal);
            return;
        }
        let _ = kill_process(self.pid, signal);
    }

    fn lives(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let mut ended = [PollFd::new(handle, PollFlags::IN)];
            return poll(&mut ended, Some(&Timespec::default())) == Ok(0);
        }
        test_kill_process(self.pid).is_ok()
    }
}

/// Returns whether anybody but this process is left in its group. Where that cannot be
/// seen, they are believed to be there.
fn others_live(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    let own = getpid().as_raw_pid();
    let lives = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // After the name, in which anything can stand: state, parent, group.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?;
        let its_group: i32 = fields.nth(1)?.parse().ok()?;
        Some(its_group == group.as_raw_pid() && !["Z", "X"].contains(&state))
    };
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pids: Vec<i32> = pids.collect();
    // A directory that does not even show this process shows nothing.
    !pids.contains(&own) || pids.into_iter().any(|pid| pid != own && lives(pid).unwrap_or(false))
}
