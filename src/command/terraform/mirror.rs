//! The provider's directory in a filesystem mirror, where a version is a program for each
//! platform (Terraform's unpacked layout) or a zip (the packed one).

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::VERSION;
use super::archives::{Archive, archive_name};
use crate::platform;
use crate::terraform::LOCAL_SOURCE;

pub(super) struct Mirror {
    dir: PathBuf,
}

impl Mirror {
    pub(super) fn new(root: &Path) -> Mirror {
        Mirror { dir: root.join(LOCAL_SOURCE) }
    }

    pub(super) fn program(&self, platform: &str) -> PathBuf {
        self.unpacked(platform).join(format!("terraform-provider-gctoken_v{VERSION}"))
    }

    pub(super) fn install_program(&self, platform: &str, program: &Path) -> io::Result<()> {
        let permissions = fs::metadata(program)?.permissions();
        self.replace(&self.program(platform), &fs::read(program)?, permissions)?;
        ignore_missing(fs::remove_file(self.packed(platform)))
    }

    pub(super) fn install_archive(&self, archive: &Archive) -> io::Result<()> {
        let target = self.packed(&archive.platform);
        self.replace(&target, &archive.bytes, archive.permissions.clone())?;
        // Terraform would prefer it.
        ignore_missing(fs::remove_dir_all(self.unpacked(&archive.platform)))
    }

    pub(super) fn packed(&self, platform: &str) -> PathBuf {
        self.dir.join(archive_name(platform))
    }

    fn unpacked(&self, platform: &str) -> PathBuf {
        self.dir.join(VERSION).join(platform)
    }

    /// Writes a new file and renames it, so that a running program is not disturbed. The new
    /// file is outside the directory of a platform, of which Terraform computes a checksum.
    fn replace(&self, target: &Path, bytes: &[u8], permissions: Permissions) -> io::Result<()> {
        for dir in [Some(self.dir.as_path()), target.parent()].into_iter().flatten() {
            platform::create_dirs(dir, true)?;
        }
        let mut fresh = tempfile::Builder::new().prefix(".").tempfile_in(&self.dir)?;
        fresh.write_all(bytes)?;
        fresh.as_file().set_permissions(permissions)?;
        fresh.persist(target)?;
        Ok(())
    }
}

fn ignore_missing(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}
