//! The only place that reads a clock or sleeps.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{BootId, Reading};

/// Local clocks, and the means to let time pass.
pub trait Clock: Send + Sync {
    /// What all local clocks show now.
    fn read(&self) -> Reading;
    /// Lets this much time pass.
    fn sleep(&self, time: Duration);
}

/// The system's clocks.
#[derive(Default)]
pub struct SystemClock {
    boot_id: OnceLock<Option<BootId>>,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    fn read(&self) -> Reading {
        Reading {
            boot: boot_clock(),
            boot_id: self.boot_id.get_or_init(boot_id).clone(),
            wall: Timestamp::now(),
        }
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The clock of the runtime, by which its timers go and which a test can pause: for
/// timers alone. It stands still while the machine sleeps.
#[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
pub(crate) fn timer_clock() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Time since boot, suspend included.
fn boot_clock() -> SignedDuration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let id = rustix::time::ClockId::Boottime;
    // On macOS the monotonic clock goes on while the machine sleeps.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    SignedDuration::new(time.tv_sec, time.tv_nsec as i32)
}

/// The kernel's boot, and by how much the boot clock is shifted where this is
/// not the initial time namespace: a container can have one of its own. Not the
/// namespace's number, which the kernel gives to another one later.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot_id() -> Option<BootId> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim_end();
    if boot.is_empty() {
        return None;
    }
    match std::fs::read_link("/proc/self/ns/time") {
        Ok(namespace) if namespace.as_os_str() != INITIAL_TIME_NAMESPACE => {
            let offset = std::fs::read_to_string("/proc/self/timens_offsets").ok()?;
            Some(BootId(shifted(boot, &offset)?.into()))
        }
        _ => Some(BootId(boot.into())),
    }
}

/// The boot's identity in a namespace with these offsets: a line each, such as
/// `boottime 1000 0`, in seconds and nanoseconds (time_namespaces(7)).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn shifted(boot: &str, offsets: &str) -> Option<String> {
    let mut lines = offsets.lines().map(str::split_whitespace);
    let mut offset = lines.find_map(|mut words| (words.next()? == "boottime").then_some(words))?;
    match (offset.next()?, offset.next()?) {
        ("0", "0") => Some(boot.to_owned()),
        (seconds, nanos) => Some(format!("{boot}/{seconds}.{nanos}")),
    }
}

/// `PROC_TIME_INIT_INO` of the kernel's `proc_ns.h`, as the link shows it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const INITIAL_TIME_NAMESPACE: &str = "time:[4026531834]";

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn boot_id() -> Option<BootId> {
    let sysctl = std::process::Command::new("/usr/sbin/sysctl")
        .args(["-n", "kern.bootsessionuuid"])
        .output()
        .ok()?;
    let id = String::from_utf8(sysctl.stdout).ok()?.trim().to_owned();
    (!id.is_empty()).then(|| BootId(id.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn boot_clocks_that_are_shifted_alike_are_of_one_boot() {
        let boot = |seconds| {
            let offsets = format!("monotonic           0         0\nboottime  {seconds}  0\n");
            shifted("boot", &offsets)
        };
        assert_eq!(boot(0).as_deref(), Some("boot"));
        assert_eq!(boot(-5).as_deref(), Some("boot/-5.0"));
        assert_ne!(boot(1_000), boot(1_001));
        assert_eq!(shifted("boot", "monotonic 0 0\n"), None);
    }

    #[test]
    fn the_boot_clock_goes_on_within_one_boot() {
        let clock = SystemClock::default();
        let earlier = clock.read();
        clock.sleep(Duration::from_millis(2));
        let since = clock.read().boot_since(&earlier).expect("one boot");
        assert!(since >= SignedDuration::from_millis(2), "{since}");
    }
}
