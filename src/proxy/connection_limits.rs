//! Derives connection limits from the limit on open files of the process.

use crate::platform::raise_file_limit;

/// Limits each kind of connection. A browser has a few dozen.
const MAX_CONNECTIONS: u64 = 1_024;

/// Files that no connection gets, but the program itself and token refreshes: the cache,
/// certificates, a connection to the issuer, the pipes of a secret command, the connections of
/// the monitor.
const RESERVED_FILES: u64 = 96;

/// Enough for all connections of a gateway or a proxy, and the reserved files.
const WANTED_FILES: u64 = 8_192;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    pub(crate) before_connect: usize,
    pub(crate) intercepted: usize,
    pub(crate) tunnels: usize,
}

pub(crate) fn gateway_connection_limit() -> usize {
    pairs(available_files())
}

impl ConnectionLimits {
    /// Raises the limit on open files first.
    pub(crate) fn of_this_process() -> ConnectionLimits {
        ConnectionLimits::of(available_files())
    }

    fn of(files: u64) -> ConnectionLimits {
        ConnectionLimits {
            before_connect: bounded(files / 8),
            intercepted: pairs(files / 8 * 3),
            tunnels: pairs(files / 2),
        }
    }
}

fn available_files() -> u64 {
    raise_file_limit(WANTED_FILES).saturating_sub(RESERVED_FILES)
}

/// Each client connection may need another one to the upstream.
fn pairs(files: u64) -> usize {
    bounded(files / 2)
}

fn bounded(count: u64) -> usize {
    usize::try_from(count.clamp(1, MAX_CONNECTIONS)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_never_exceed_the_available_files() {
        assert_eq!(
            ConnectionLimits::of(8_128),
            ConnectionLimits { before_connect: 1_016, intercepted: 1_024, tunnels: 1_024 }
        );
        for files in [64, 192, 960, 4_032, 8_128, u64::MAX] {
            let ConnectionLimits { before_connect, intercepted, tunnels } =
                ConnectionLimits::of(files);
            assert!((before_connect + 2 * intercepted + 2 * tunnels) as u64 <= files, "{files}");
            assert!(before_connect.min(intercepted).min(tunnels) >= 8, "{files}");
        }
        assert_eq!(
            ConnectionLimits::of(0),
            ConnectionLimits { before_connect: 1, intercepted: 1, tunnels: 1 }
        );
    }
}
