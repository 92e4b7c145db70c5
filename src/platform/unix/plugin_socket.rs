//! The Unix socket that Terraform connects to, in a directory that only the user may enter.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use crate::error::{Error, Kind, Result};

pub(crate) struct PluginSocket {
    listener: UnixListener,
    dir: TempDir,
}

impl PluginSocket {
    pub(crate) const NETWORK: &str = "unix";

    /// Listens in `tmpdir`, the value of TMPDIR, or in `/tmp` if that is unusable: the
    /// path of a socket has to be short.
    pub(crate) fn open(tmpdir: Option<PathBuf>) -> Result<PluginSocket> {
        let mut first_error = None;
        for dir in candidate_dirs(tmpdir) {
            match PluginSocket::open_in(&dir) {
                Ok(socket) => return Ok(socket),
                Err(error) => {
                    first_error.get_or_insert(format!("{}: {error}", dir.display()));
                }
            }
        }
        Err(Error::new(Kind::System, "cannot listen for Terraform")
            .with_cause(first_error.unwrap_or_default())
            .with_hint("set TMPDIR to a directory with a short path that you may write to"))
    }

    fn open_in(parent: &Path) -> io::Result<PluginSocket> {
        let dir = tempfile::Builder::new()
            .prefix(DIR_PREFIX)
            .rand_bytes(RANDOM_LEN)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        let listener = UnixListener::bind(dir.path().join(SOCKET_NAME))?;
        Ok(PluginSocket { listener, dir })
    }

    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    pub(crate) fn address(&self) -> String {
        self.path().display().to_string()
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(SOCKET_NAME)
    }
}

const DIR_PREFIX: &str = "gc-token-";
const RANDOM_LEN: usize = 8;
const SOCKET_NAME: &str = "plugin";

/// The smallest `sun_path` of all platforms, that of BSD and macOS (104, Linux has 108),
/// without the NUL at the end.
const PATH_MAX: usize = 103;

fn candidate_dirs(tmpdir: Option<PathBuf>) -> impl Iterator<Item = PathBuf> {
    let absolute = tmpdir.and_then(|dir| std::path::absolute(dir).ok());
    let usable = absolute.filter(|dir| is_usable(dir));
    usable.into_iter().chain([PathBuf::from("/tmp")])
}

/// Checks that the path of a socket below `dir` is short enough, and has none of the
/// characters that separate the fields of the handshake line.
fn is_usable(dir: &Path) -> bool {
    let below = 1 + DIR_PREFIX.len() + RANDOM_LEN + 1 + SOCKET_NAME.len();
    let is_plain = dir.to_str().is_some_and(|text| !text.contains(['|', '\n']));
    is_plain && dir.as_os_str().len() + below <= PATH_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(tmpdir: &str) -> Vec<PathBuf> {
        candidate_dirs(Some(tmpdir.into())).collect()
    }

    #[test]
    fn a_path_that_cannot_be_used_is_not_candidates() {
        let longest = format!("/{}", "x".repeat(PATH_MAX - 26));
        assert_eq!(candidates(&longest), [PathBuf::from(&longest), "/tmp".into()]);
        assert_eq!(candidates(&format!("{longest}x")), [PathBuf::from("/tmp")]);
        assert_eq!(candidates("/a|b"), [PathBuf::from("/tmp")]);
    }

    #[tokio::test]
    async fn the_longest_path_works_and_is_private() {
        let base = tempfile::tempdir().unwrap();
        let filler = PATH_MAX - 26 - base.path().as_os_str().len();
        let deep = base.path().join("x".repeat(filler));
        std::fs::create_dir(&deep).unwrap();

        let socket = PluginSocket::open(Some(deep.clone())).unwrap();
        assert_eq!(socket.path().as_os_str().len(), PATH_MAX);
        assert!(socket.path().starts_with(&deep));
        let dir = std::fs::metadata(socket.dir.path()).unwrap();
        assert_eq!(dir.permissions().mode() & 0o777, 0o700);

        drop(socket);
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_missing_directory_is_skipped() {
        let socket = PluginSocket::open(Some("/does/not/exist".into())).unwrap();
        assert!(socket.path().starts_with("/tmp"));
    }
}
