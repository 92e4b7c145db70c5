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
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads a clock"
    )]
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

/// The kernel's boot, and the time namespace when it is not the initial one:
/// a container can have its boot clock shifted.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot_id() -> Option<BootId> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim_end();
    if boot.is_empty() {
        return None;
    }
    match std::fs::read_link("/proc/self/ns/time") {
        Ok(namespace) if namespace.as_os_str() != INITIAL_TIME_NAMESPACE => {
            Some(BootId(format!("{boot}/{}", namespace.display())))
        }
        _ => Some(BootId(boot.to_owned())),
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
    (!id.is_empty()).then_some(BootId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_on_within_one_boot() {
        let clock = SystemClock::default();
        let earlier = clock.read();
        clock.sleep(Duration::from_millis(2));
        let since = clock.read().boot_since(&earlier).expect("one boot");
        assert!(since >= SignedDuration::from_millis(2), "{since}");
    }
}
