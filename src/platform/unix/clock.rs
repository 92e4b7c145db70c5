//! The boot clock, and the identity of the boot that it counts from.

use jiff::SignedDuration;

/// Time since boot, suspend included.
pub(crate) fn boot_clock() -> SignedDuration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let id = rustix::time::ClockId::Boottime;
    // On macOS the monotonic clock goes on while the machine sleeps.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    SignedDuration::new(time.tv_sec, time.tv_nsec as i32)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::boot_id;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::OsStr;
    use std::io::{self, ErrorKind};

    use crate::text::is_uuid;

    const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
    const NAMESPACE: &str = "/proc/self/ns/time";
    const OFFSETS: &str = "/proc/self/timens_offsets";

    /// `PROC_TIME_INIT_INO` of the kernel's `proc_ns.h`, as the link shows it.
    const INITIAL_NAMESPACE: &str = "time:[4026531834]";

    /// Returns the kernel's boot id. In another time namespace than the initial one, as
    /// containers may have, the offset of its boot clock is appended; the number of the
    /// namespace is not, because the kernel reuses it.
    ///
    /// # Errors
    /// The file that could not be used, and why.
    pub(crate) fn boot_id() -> Result<String, String> {
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
                return with_boottime_offset(boot, &offsets)
                    .ok_or_else(|| format!("{OFFSETS} does not tell the boot clock's offset"));
            }
            // Kernels before 5.6 have no time namespaces.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(named(NAMESPACE, &error)),
        }
        Ok(boot.to_owned())
    }

    fn named(file: &str, error: &io::Error) -> String {
        format!("{file}: {error}")
    }

    /// Rejects the null UUID: some sandboxes have the same file on every machine.
    pub(super) fn is_identity(text: &str) -> bool {
        is_uuid(text) && text.bytes().any(|byte| !matches!(byte, b'0' | b'-'))
    }

    /// Appends the offset in a line such as `boottime 1000 0`, in seconds and nanoseconds
    /// (time_namespaces(7)).
    pub(super) fn with_boottime_offset(boot: &str, offsets: &str) -> Option<String> {
        let mut lines = offsets.lines().map(str::split_whitespace);
        let mut offset =
            lines.find_map(|mut words| (words.next()? == "boottime").then_some(words))?;
        match (offset.next()?, offset.next()?) {
            ("0", "0") => Some(boot.to_owned()),
            (seconds, nanos) => Some(format!("{boot}/{seconds}.{nanos}")),
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn boot_id() -> Result<String, String> {
    let sysctl = std::process::Command::new("/usr/sbin/sysctl")
        .args(["-n", "kern.bootsessionuuid"])
        .output()
        .map_err(|error| format!("/usr/sbin/sysctl: {error}"))?;
    match String::from_utf8_lossy(&sysctl.stdout).trim() {
        "" => Err("/usr/sbin/sysctl: no kern.bootsessionuuid".to_owned()),
        id => Ok(id.to_owned()),
    }
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests {
    use super::linux::{is_identity, with_boottime_offset};

    #[test]
    fn equal_offsets_of_the_boot_clock_are_one_boot() {
        let boot = |seconds| {
            let offsets = format!("monotonic           0         0\nboottime  {seconds}  0\n");
            with_boottime_offset("boot", &offsets)
        };
        assert_eq!(boot(0).as_deref(), Some("boot"));
        assert_eq!(boot(-5).as_deref(), Some("boot/-5.0"));
        assert_ne!(boot(1_000), boot(1_001));
        assert_eq!(with_boottime_offset("boot", "monotonic 0 0\n"), None);
    }

    #[test]
    fn only_a_unique_uuid_identifies_a_boot() {
        assert!(is_identity("7b2b9d1e-0c2f-4f1e-9d3a-0123456789ab"));
        for rejected in ["", "x", "00000000-0000-0000-0000-000000000000", &"a".repeat(37)] {
            assert!(!is_identity(rejected), "{rejected:?}");
        }
    }
}
