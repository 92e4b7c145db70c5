//! The watchdog's own side, which runs with all signals blocked.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group, test_kill_process};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

use super::super::pid_namespace::own_group;
use super::Message;

pub(crate) fn watch(pipe: impl Read) {
    let mut plan = CleanupPlan::default();
    for line in BufReader::new(pipe).lines() {
        match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
            Some(Message::RemoveOnExit(directory)) => plan.directories.push(directory.into()),
            Some(Message::RestoreTerminal(group)) => plan.terminal_group = Pid::from_raw(group),
            Some(Message::KillOnExit(pid)) => plan.child = Pid::from_raw(pid).map(PidFd::open),
            Some(Message::Disarm) => return,
            // A line that was cut off is the last one.
            None => {}
        }
    }
    // Started by hand, it leads no group of its own, and has no process to end.
    if own_group() == Some(getpid()) {
        plan.clean_up(getpid());
    }
}

#[derive(Default)]
struct CleanupPlan {
    directories: Vec<PathBuf>,
    terminal_group: Option<Pid>,
    child: Option<PidFd>,
}

const GRACE_PERIOD: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

const KILL_TIMEOUT: Duration = Duration::from_secs(1);

impl CleanupPlan {
    /// Asks the command to end, then the processes that it leaves behind, and finally kills
    /// the whole group, this process included.
    fn clean_up(&self, group: Pid) {
        let mut left = GRACE_PERIOD;
        if let Some(child) = &self.child {
            child.signal(Signal::TERM);
            child.signal(Signal::CONT);
            wait_until(&mut left, || !child.is_alive());
        }
        let _ = kill_process_group(group, Signal::TERM);
        let _ = kill_process_group(group, Signal::CONT);
        wait_until(&mut left, || !has_other_processes(group));
        if let Some(child) = &self.child {
            child.signal(Signal::KILL);
            wait_until(&mut KILL_TIMEOUT.clone(), || !child.is_alive());
        }
        for directory in &self.directories {
            let _ = std::fs::remove_dir_all(directory);
        }
        self.restore_terminal(group);
        let _ = kill_process_group(group, Signal::KILL);
    }

    /// A shell with job control takes the foreground by itself; one that runs a script does
    /// not.
    fn restore_terminal(&self, from: Pid) {
        let tty = File::options().read(true).write(true).open("/dev/tty");
        if let (Some(to), Ok(tty)) = (self.terminal_group, tty)
            && tcgetpgrp(&tty) == Ok(from)
        {
            let _ = tcsetpgrp(&tty, to);
        }
    }
}

fn wait_until(left: &mut Duration, has_ended: impl Fn() -> bool) {
    while !has_ended() && !left.is_zero() {
        sleep(POLL_INTERVAL);
        *left = left.saturating_sub(POLL_INTERVAL);
    }
}

/// A process, by a pidfd where the system has them: a process id may be reused.
struct PidFd {
    pid: Pid,
    #[cfg(target_os = "linux")]
    fd: Option<rustix::fd::OwnedFd>,
}

impl PidFd {
    fn open(pid: Pid) -> PidFd {
        PidFd {
            pid,
            #[cfg(target_os = "linux")]
            fd: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok(),
        }
    }

    fn signal(&self, signal: Signal) {
        #[cfg(target_os = "linux")]
        if let Some(fd) = &self.fd {
            let _ = rustix::process::pidfd_send_signal(fd, signal);
            return;
        }
        let _ = kill_process(self.pid, signal);
    }

    fn is_alive(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(fd) = &self.fd {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let mut ended = [PollFd::new(fd, PollFlags::IN)];
            return poll(&mut ended, Some(&Timespec::default())) == Ok(0);
        }
        test_kill_process(self.pid).is_ok()
    }
}

/// Returns whether the group has other processes than this one; `true` if that is unknown.
fn has_other_processes(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    let own = getpid().as_raw_pid();
    let is_alive_member = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may contain anything. The state, the parent and the group follow it.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?;
        let process_group: i32 = fields.nth(1)?.parse().ok()?;
        Some(process_group == group.as_raw_pid() && !["Z", "X"].contains(&state))
    };
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pids: Vec<i32> = pids.collect();
    // A directory that does not even show this process shows nothing.
    !pids.contains(&own)
        || pids.into_iter().any(|pid| pid != own && is_alive_member(pid).unwrap_or(false))
}
