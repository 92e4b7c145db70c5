//! Peculiarities of PID namespaces: process 1 of a container has to reap orphans, and a
//! process that entered a namespace from outside has a group without a number there.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, getpid, waitpid};

/// The time between two scans for zombies. This program waits for its own children as soon
/// as they end, so that a zombie in two scans is an orphan.
const SCAN_INTERVAL: Duration = Duration::from_secs(5);

/// Reaps orphans, as the init process of a container has to: the kernel makes them its
/// children, and they stay zombies until it waits for them. Leaves `own` to others. Has to
/// run within a runtime.
pub(crate) async fn reap_orphans(own: &[Pid]) -> Infallible {
    if !gets_orphans() {
        return std::future::pending().await;
    }
    let mut previous = HashSet::new();
    loop {
        tokio::time::sleep(SCAN_INTERVAL).await;
        let current = zombies(own);
        for zombie in current.intersection(&previous) {
            let _ = waitpid(Some(zombie.pid), WaitOptions::NOHANG);
        }
        previous = current;
    }
}

/// Returns the process group of this process; `None` where that is outside of its PID
/// namespace, as after nsenter(1), and so has no number here. (rustix considers the 0 that
/// the system returns impossible.)
pub(super) fn own_group() -> Option<Pid> {
    Pid::from_raw(nix::unistd::getpgrp().as_raw())
}

/// Returns whether this process is the first of its namespace, or has taken over that role
/// (PR_SET_CHILD_SUBREAPER).
fn gets_orphans() -> bool {
    #[cfg(target_os = "linux")]
    if rustix::process::child_subreaper().is_ok_and(|set| set.is_some()) {
        return true;
    }
    getpid().is_init()
}

/// A child that has ended. Another one may get its number, but not its start.
#[derive(PartialEq, Eq, Hash)]
struct Zombie {
    pid: Pid,
    start: u64,
}

fn zombies(own: &[Pid]) -> HashSet<Zombie> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids =
        processes.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    let zombie = |pid: Pid| {
        let path = format!("/proc/{}/stat", pid.as_raw_pid());
        let start = start_of_zombie(&std::fs::read_to_string(path).ok()?, getpid())?;
        Some(Zombie { pid, start })
    };
    pids.filter(|pid| !own.contains(pid)).filter_map(zombie).collect()
}

/// Parses a line of proc(5), `/proc/pid/stat`. Returns the start time, in clock ticks after
/// boot, of a zombie that is a child of `parent`.
fn start_of_zombie(stat: &str, parent: Pid) -> Option<u64> {
    // The name may contain anything. The state and the parent follow it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_zombie = fields.next()? == "Z";
    let parent_field: i32 = fields.next()?.parse().ok()?;
    // Field 22.
    let start = fields.nth(17)?.parse().ok()?;
    (is_zombie && parent_field == parent.as_raw_pid()).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zombie_is_recognized_by_its_line() {
        let stat = |state: &str, parent: u32| {
            format!(
                "7 (a) Z (b) {state} {parent} 1 1 0 -1 4227084 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"
            )
        };
        let one = Pid::from_raw(1).unwrap();
        assert_eq!(start_of_zombie(&stat("Z", 1), one), Some(4711));
        assert_eq!(start_of_zombie(&stat("S", 1), one), None);
        assert_eq!(start_of_zombie(&stat("Z", 2), one), None);
        assert_eq!(start_of_zombie("7 (a) Z", one), None);
    }
}
