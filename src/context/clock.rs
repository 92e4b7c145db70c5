//! The only place that reads a clock or sleeps.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{BootId, Reading};
use crate::random::random_id;

/// Local clocks, and the means to let time pass.
pub trait Clock: Send + Sync {
    /// What all local clocks show now.
    fn read(&self) -> Reading;
    /// Returns why the system does not tell which boot this is, where it does not:
    /// then the readings of other processes, in cached entries, do not compare.
    fn unknown_boot(&self) -> Option<&str> {
        None
    }
    /// Lets this much time pass.
    fn sleep(&self, time: Duration);
}

/// The system's clocks.
#[derive(Default)]
pub struct SystemClock {
    boot: OnceLock<Result<BootId, String>>,
}

impl SystemClock {
    fn boot(&self) -> &Result<BootId, String> {
        self.boot.get_or_init(boot_id)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    fn read(&self) -> Reading {
        let boot_id = self.boot().as_ref().unwrap_or_else(|_| process_id());
        Reading { boot: boot_clock(), boot_id: Some(boot_id.clone()), wall: Timestamp::now() }
    }

    fn unknown_boot(&self) -> Option<&str> {
        self.boot().as_ref().err().map(String::as_str)
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The identity of this process's readings where the system does not tell its boot.
fn process_id() -> &'static BootId {
    static ID: OnceLock<BootId> = OnceLock::new();
    ID.get_or_init(|| {
        // Without random numbers: no two processes have this number at one moment.
        let fallback = || format!("{}.{}", std::process::id(), boot_clock().as_nanos());
        BootId::of_process(&random_id().unwrap_or_else(|_| fallback()))
    })
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

#[cfg(any(target_os = "linux", target_os = "android"))]
use linux::boot_id;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::OsStr;
    use std::io::{self, ErrorKind};

    use crate::clock::BootId;
    use crate::text::is_uuid;

    const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
    const NAMESPACE: &str = "/proc/self/ns/time";
    const OFFSETS: &str = "/proc/self/timens_offsets";

    /// `PROC_TIME_INIT_INO` of the kernel's `proc_ns.h`, as the link shows it.
    const INITIAL_NAMESPACE: &str = "time:[4026531834]";

    /// Returns the kernel's boot, and by how much the boot clock is shifted where
    /// this is not the initial time namespace: a container can have one of its own.
    /// The namespace's number is no part of it, as the kernel uses numbers again.
    ///
    /// # Errors
    /// The file that does not tell, and why.
    pub(super) fn boot_id() -> Result<BootId, String> {
        let boot = std::fs::read_to_string(BOOT_ID).map_err(|error| named(BOOT_ID, &error))?;
        let boot = boot.trim_end();
        if !is_identity(boot) {
            return Err(format!("{BOOT_ID} holds no identity"));
        }
        match std::fs::read_link(NAMESPACE) {
            Ok(namespace) if namespace.as_os_str() == OsStr::new(INITIAL_NAMESPACE) => {}
            Ok(_) => {
                let offsets =
                    std::fs::read_to_string(OFFSETS).map_err(|error| named(OFFSETS, &error))?;
                let shifted = shifted(boot, &offsets);
                return match shifted {
                    Some(boot) => Ok(BootId(boot.into())),
                    None => Err(format!("{OFFSETS} does not tell the boot clock's offset")),
                };
            }
            // Kernels before 5.6 have no time namespaces.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(named(NAMESPACE, &error)),
        }
        Ok(BootId(boot.into()))
    }

    fn named(file: &str, error: &io::Error) -> String {
        format!("{file}: {error}")
    }

    /// Returns whether this is a UUID, and not only noughts: some sandboxes have
    /// files there that are the same on every machine.
    pub(super) fn is_identity(text: &str) -> bool {
        is_uuid(text) && text.bytes().any(|byte| !matches!(byte, b'0' | b'-'))
    }

    /// Returns the boot's identity in a namespace with these offsets: a line each,
    /// such as `boottime 1000 0`, in seconds and nanoseconds (time_namespaces(7)).
    pub(super) fn shifted(boot: &str, offsets: &str) -> Option<String> {
        let mut lines = offsets.lines().map(str::split_whitespace);
        let mut offset =
            lines.find_map(|mut words| (words.next()? == "boottime").then_some(words))?;
        match (offset.next()?, offset.next()?) {
            ("0", "0") => Some(boot.to_owned()),
            (seconds, nanos) => Some(format!("{boot}/{seconds}.{nanos}")),
        }
    }
}

/// Returns the boot session, or why it is not known.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn boot_id() -> Result<BootId, String> {
    let sysctl = std::process::Command::new("/usr/sbin/sysctl")
        .args(["-n", "kern.bootsessionuuid"])
        .output()
        .map_err(|error| format!("/usr/sbin/sysctl: {error}"))?;
    match String::from_utf8_lossy(&sysctl.stdout).trim() {
        "" => Err("/usr/sbin/sysctl: no kern.bootsessionuuid".to_owned()),
        id => Ok(BootId(id.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn boot_clocks_that_are_shifted_alike_are_of_one_boot() {
        let boot = |seconds| {
            let offsets = format!("monotonic           0         0\nboottime  {seconds}  0\n");
            linux::shifted("boot", &offsets)
        };
        assert_eq!(boot(0).as_deref(), Some("boot"));
        assert_eq!(boot(-5).as_deref(), Some("boot/-5.0"));
        assert_ne!(boot(1_000), boot(1_001));
        assert_eq!(linux::shifted("boot", "monotonic 0 0\n"), None);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn only_a_uuid_that_can_be_unique_names_a_boot() {
        assert!(linux::is_identity("7b2b9d1e-0c2f-4f1e-9d3a-0123456789ab"));
        for none in ["", "x", "00000000-0000-0000-0000-000000000000", &"a".repeat(37)] {
            assert!(!linux::is_identity(none), "{none:?}");
        }
    }

    #[test]
    fn all_clocks_of_a_process_share_the_identity_that_stands_in_for_a_boot() {
        let unknown = || SystemClock { boot: OnceLock::from(Err("unreadable".to_owned())) };
        let (one, other) = (unknown(), unknown());
        let earlier = one.read();
        assert!(other.read().boot_since(&earlier).is_some_and(|since| !since.is_negative()));
        assert!(earlier.boot_id.is_some_and(|id| id.is_of_process()));
        assert_eq!(one.unknown_boot(), Some("unreadable"));
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
