//! Where the plugin listens: a Unix socket in a directory that only the user
//! may enter. Both go away with the value.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

use crate::context::Environment;
use crate::error::{Error, Kind, Result};

/// A listening socket in a private directory of its own.
pub(super) struct Socket {
    /// Where clients arrive.
    pub(super) listener: UnixListener,
    room: TempDir,
}

impl Socket {
    /// Listens in `TMPDIR`, or in `/tmp` where that does not serve: a socket's
    /// path has to be short.
    pub(super) fn open(env: &Environment) -> Result<Socket> {
        let mut refusal = None;
        for place in places(env.os("TMPDIR").map(PathBuf::from)) {
            match Socket::open_in(&place) {
                Ok(socket) => return Ok(socket),
                Err(error) => {
                    let why = format!("{}: {error}", place.display());
                    refusal.get_or_insert(why);
                }
            }
        }
        Err(Error::new(Kind::System, "cannot listen for Terraform")
            .with_cause(refusal.unwrap_or_default())
            .with_hint("set TMPDIR to a directory with a short path that you may write to"))
    }

    fn open_in(place: &Path) -> std::io::Result<Socket> {
        let room = tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place)?;
        let listener = UnixListener::bind(room.path().join(NAME))?;
        Ok(Socket { listener, room })
    }

    /// The path that clients connect to.
    pub(super) fn path(&self) -> PathBuf {
        self.room.path().join(NAME)
    }
}

const PREFIX: &str = "gc-token-";
const RANDOM: usize = 8;
const NAME: &str = "plugin";

/// The shortest limit of all platforms on a socket's path, `sun_path` of BSD
/// and macOS (104, Linux has 108), less the NUL at the end.
const PATH_MAX: usize = 103;

/// Directories to try, best first.
fn places(tmpdir: Option<PathBuf>) -> impl Iterator<Item = PathBuf> {
    let absolute = tmpdir.and_then(|dir| std::path::absolute(dir).ok());
    let serves = absolute.filter(|dir| serves(dir));
    serves.into_iter().chain([PathBuf::from("/tmp")])
}

/// Whether a socket below `place` can be named to Terraform: short enough, and
/// without the characters that part the handshake line.
fn serves(place: &Path) -> bool {
    let below = 1 + PREFIX.len() + RANDOM + 1 + NAME.len();
    let named = place.to_str().is_some_and(|text| !text.contains(['|', '\n']));
    named && place.as_os_str().len() + below <= PATH_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(tmpdir: &str) -> Vec<PathBuf> {
        places(Some(tmpdir.into())).collect()
    }

    #[test]
    fn a_path_that_cannot_be_used_is_not_tried() {
        let longest = format!("/{}", "x".repeat(PATH_MAX - 26));
        assert_eq!(tried(&longest), [PathBuf::from(&longest), "/tmp".into()]);
        assert_eq!(tried(&format!("{longest}x")), [PathBuf::from("/tmp")]);
        assert_eq!(tried("/a|b"), [PathBuf::from("/tmp")]);
    }

    #[tokio::test]
    async fn the_longest_path_can_be_listened_at_by_the_user_alone() {
        let base = tempfile::tempdir().unwrap();
        let filler = PATH_MAX - 26 - base.path().as_os_str().len();
        let deep = base.path().join("x".repeat(filler));
        std::fs::create_dir(&deep).unwrap();
        let env = Environment::from([("TMPDIR", deep.to_str().unwrap())]);

        let socket = Socket::open(&env).unwrap();
        assert_eq!(socket.path().as_os_str().len(), PATH_MAX);
        assert!(socket.path().starts_with(&deep));
        let room = std::fs::metadata(socket.room.path()).unwrap();
        assert_eq!(room.permissions().mode() & 0o777, 0o700);

        drop(socket);
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_directory_that_does_not_exist_is_passed_over() {
        let env = Environment::from([("TMPDIR", "/does/not/exist")]);
        let socket = Socket::open(&env).unwrap();
        assert!(socket.path().starts_with("/tmp"));
    }
}
