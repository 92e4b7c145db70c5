//! The provider's zips in a folder with the files of a release.

use std::fs::{self, Permissions};
use std::io;
use std::path::Path;

use ring::digest::{SHA256, digest};

use super::VERSION;
use crate::context::Reporter;
use crate::error::{Error, Kind, Result};
use crate::platform::OpenedFile;

/// Far more than a program can be large.
const MAX_BYTES: u64 = 1 << 28;

/// A zip whose checksum has been verified.
pub(super) struct Archive {
    /// By Terraform's names, such as `linux_amd64`.
    pub(super) platform: String,
    pub(super) bytes: Vec<u8>,
    pub(super) permissions: Permissions,
}

/// Returns the zips in `dir`, in the order of the release's checksums. It may lack some of
/// those.
pub(super) fn read_archives(dir: &Path, reporter: &Reporter) -> Result<Vec<Archive>> {
    let list = dir.join(format!("terraform-provider-gctoken_{VERSION}_SHA256SUMS"));
    let opened = OpenedFile::open_regular(&list).map_err(|error| {
        unreadable(&list, error)
            .with_hint(format!("name a directory with the files of the release {VERSION}"))
    })?;
    if let Some(risk) = opened.tamper_risk() {
        reporter.warn(risk.warning(list.display(), &list));
    }
    let text = opened.read(MAX_BYTES).map_err(|error| unreadable(&list, error))?;
    let mut archives = Vec::new();
    for (platform, checksum) in checksums(&String::from_utf8_lossy(&text)) {
        let path = dir.join(archive_name(platform));
        match read(&path) {
            Ok((bytes, permissions)) if hex(&bytes) == checksum => {
                archives.push(Archive { platform: platform.to_owned(), bytes, permissions });
            }
            Ok(_) => return Err(changed(&path, &list)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&path, error)),
        }
    }
    if archives.is_empty() {
        let message = format!("{} holds no zip that its checksums list", dir.display());
        return Err(Error::new(Kind::Configuration, message)
            .with_cause(format!("there is no {}", archive_name("OS_ARCH")))
            .with_hint("download the zip of each platform that Terraform runs on"));
    }
    Ok(archives)
}

pub(super) fn archive_name(platform: &str) -> String {
    format!("terraform-provider-gctoken_{VERSION}_{platform}.zip")
}

/// Returns the platforms in the output of `sha256sum`, with the checksums of their zips.
fn checksums(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let (before, after) = (format!("terraform-provider-gctoken_{VERSION}_"), ".zip");
    text.lines().filter_map(move |line| {
        let (checksum, name) = line.split_once("  ")?;
        let platform = name.strip_prefix(&before)?.strip_suffix(after)?;
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        platform.bytes().all(is_word).then_some((platform, checksum))
    })
}

fn read(path: &Path) -> io::Result<(Vec<u8>, Permissions)> {
    let mut bytes = OpenedFile::open_regular(path)?.read(MAX_BYTES)?;
    Ok((std::mem::take(&mut bytes), fs::metadata(path)?.permissions()))
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Configuration, format!("cannot read {}, from --from", path.display()))
        .with_source(error)
}

fn changed(path: &Path, list: &Path) -> Error {
    Error::new(Kind::Configuration, format!("{} is not what was released", path.display()))
        .with_cause(format!("{} lists another checksum", list.display()))
        .with_hint("download both again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zips_of_this_version_and_with_harmless_names_are_listed() {
        let name = archive_name("linux_amd64");
        let text = format!(
            "aa  {name}\nbb  terraform-provider-gctoken_{VERSION}_manifest.json\n\
             cc  {}\ndd  terraform-provider-gctoken_0.0.0_linux_arm64.zip\nee {name}\n",
            archive_name("../../linux_amd64")
        );
        assert_eq!(checksums(&text).collect::<Vec<_>>(), [("linux_amd64", "aa")]);
    }
}
