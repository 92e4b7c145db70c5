//! How many connections a front has room for: each takes files, of which a
//! process may have only so many open.

use crate::world::raise_file_limit;

/// Connections of one kind, at most. A browser has a few dozen.
const MOST: u64 = 1_024;

/// Files that no connection gets: for the program itself, and for renewals, which
/// open the cache, certificates, a connection to the issuer, and a command's pipes.
const RESERVED: u64 = 64;

/// Files for all connections of either front, and the reserved ones.
const WANTED: u64 = 8_192;

/// How many connections of each kind the intercepting proxy has room for. None
/// of them takes the room of another kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Those that have not yet said where they want to go.
    pub(crate) entry: usize,
    /// Those to the cloud's hosts.
    pub(crate) hosts: usize,
    /// Those to any other host.
    pub(crate) tunnels: usize,
}

/// How many connections the gateway has room for.
pub(crate) fn clients() -> usize {
    pairs(files())
}

impl Shares {
    /// As the limit of files allows, which is raised for it.
    pub(crate) fn of_this_process() -> Shares {
        Shares::of(files())
    }

    fn of(files: u64) -> Shares {
        Shares { entry: bounded(files / 8), hosts: pairs(files / 8 * 3), tunnels: pairs(files / 2) }
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
        assert_eq!(Shares::of(8_128), Shares { entry: 1_016, hosts: 1_024, tunnels: 1_024 });
        for files in [64, 192, 960, 4_032, 8_128, u64::MAX] {
            let Shares { entry, hosts, tunnels } = Shares::of(files);
            assert!((entry + 2 * hosts + 2 * tunnels) as u64 <= files, "{files}");
            assert!(entry.min(hosts).min(tunnels) >= 8, "{files}");
        }
        assert_eq!(Shares::of(0), Shares { entry: 1, hosts: 1, tunnels: 1 });
    }
}
