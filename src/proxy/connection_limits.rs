//! The numbers of connections, by the limit on open files of the process.

use crate::platform::raise_file_limit;

/// The highest number of connections of one kind. A browser has a few dozen.
const MOST: u64 = 1_024;

/// Files that no connection gets: for the program itself, and for renewals, which
/// open the cache, certificates, a connection to the issuer, and a command's pipes.
const RESERVED: u64 = 64;

/// Files for all connections of either front, and the reserved ones.
const WANTED: u64 = 8_192;

/// The highest numbers of connections to the intercepting proxy, each kind for itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// Connections that have not yet named their host.
    pub(crate) entry: usize,
    /// Connections to the cloud's hosts.
    pub(crate) hosts: usize,
    /// Tunnels to any other host.
    pub(crate) tunnels: usize,
}

/// Returns the highest number of connections to the gateway.
pub(crate) fn gateway_limit() -> usize {
    pairs(files())
}

impl ConnectionLimits {
    /// Derives the numbers from the limit on open files, which is raised first.
    pub(crate) fn of_this_process() -> ConnectionLimits {
        ConnectionLimits::of(files())
    }

    fn of(files: u64) -> ConnectionLimits {
        ConnectionLimits {
            entry: bounded(files / 8),
            hosts: pairs(files / 8 * 3),
            tunnels: pairs(files / 2),
        }
    }
}

/// The files that connections may take.
fn files() -> u64 {
    raise_file_limit(WANTED).saturating_sub(RESERVED)
}

/// Each connection of a client may need a second one, to where it goes.
fn pairs(files: u64) -> usize {
    bounded(files / 2)
}

fn bounded(count: u64) -> usize {
    usize::try_from(count.clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_shared_out_and_never_overdrawn() {
        assert_eq!(
            ConnectionLimits::of(8_128),
            ConnectionLimits { entry: 1_016, hosts: 1_024, tunnels: 1_024 }
        );
        for files in [64, 192, 960, 4_032, 8_128, u64::MAX] {
            let ConnectionLimits { entry, hosts, tunnels } = ConnectionLimits::of(files);
            assert!((entry + 2 * hosts + 2 * tunnels) as u64 <= files, "{files}");
            assert!(entry.min(hosts).min(tunnels) >= 8, "{files}");
        }
        assert_eq!(ConnectionLimits::of(0), ConnectionLimits { entry: 1, hosts: 1, tunnels: 1 });
    }
}
