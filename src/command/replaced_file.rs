//! Files that are replaced as a whole, so that no reader finds half of one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::platform;

/// `create` makes the new file in the directory of `file`, and decides who may read it.
pub(super) fn replace_file(
    file: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<NamedTempFile>,
) -> io::Result<()> {
    let file = &replaceable_file(file)?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Checked first, as a later error would name the temporary file.
    dir.metadata()?;
    let mut new = create(dir)?;
    new.write_all(bytes)?;
    new.persist(file)?;
    Ok(())
}

/// Returns `file`, or the regular file that it links to. Replacing a device would remove it
/// for every program.
fn replaceable_file(file: &Path) -> io::Result<PathBuf> {
    if let Some(link) = platform::foreign_link(file) {
        return Err(io::Error::other(link.to_string()));
    }
    let kind = match std::fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(file.to_owned()),
        metadata => metadata?.file_type(),
    };
    if kind.is_symlink() {
        // The result has no links.
        return replaceable_file(&file.canonicalize()?);
    }
    if kind.is_file() {
        Ok(file.to_owned())
    } else if kind.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::other("it is a device, a pipe or a socket, and would be replaced"))
    }
}
