//! Peculiarities of PID namespaces: process 1 of a container has to reap orphans, and a
//! process that entered a namespace from outside has a group without a number there.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, getpid, waitpid};

/// The time between two looks at all zombies. This program's own children are waited for
/// as soon as they have ended, so that a zombie that is seen twice is none of them.
const PERIOD: Duration = Duration::from_secs(5);

/// Waits for orphans: processes whose parent has died get process 1 for their
/// parent, which in a container may be this one, and stay behind as zombies until
/// it waits for them. Never waits for `own`, whose ends matter to others. Within a
/// runtime. Never ends.
pub(crate) async fn reap_orphans(own: &[Pid]) -> Infallible {
    if !gets_orphans() {
        return std::future::pending().await;
    }
    let mut before = HashSet::new();
    loop {
        tokio::time::sleep(PERIOD).await;
        let now = zombies(own);
        for zombie in now.intersection(&before) {
            let _ = waitpid(Some(zombie.pid), WaitOptions::NOHANG);
        }
        before = now;
    }
}

/// The process group of this process; `None` where that is outside of its PID
/// namespace, as after nsenter(1), and so has no number here. (rustix takes the 0
/// that the system gives for impossible.)
pub(crate) fn own_group() -> Option<Pid> {
    Pid::from_raw(nix::unistd::getpgrp().as_raw())
}

/// Returns whether this process is the first of its namespace, or has been made to take
/// its place (PR_SET_CHILD_SUBREAPER).
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

/// When the process began, by its line in proc(5), if it is a zombie whose parent
/// is this one.
fn start_of_zombie(stat: &str, parent: Pid) -> Option<u64> {
    // After the name, in which anything can stand: state, parent, and on.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_zombie = fields.next()? == "Z";
    let its_parent: i32 = fields.next()?.parse().ok()?;
    // Field 22.
    let start = fields.nth(17)?.parse().ok()?;
    (is_zombie && its_parent == parent.as_raw_pid()).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zombie_is_known_by_its_line() {
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
