//! A home directory with files of profiles.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

pub(super) struct Home {
    directory: TempDir,
    pub(super) shown: String,
}

impl Home {
    pub(super) fn new(files: &[(&str, &str)]) -> Home {
        let directory = tempfile::tempdir().unwrap();
        let shown = directory.path().display().to_string();
        fs::create_dir(directory.path().join(".aws")).unwrap();
        let home = Home { directory, shown };
        for (name, text) in files {
            home.write(name, text);
        }
        home
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        set_mode(&self.path(name), 0o600);
    }

    pub(super) fn env<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [&[("HOME", &*self.shown), ("PATH", "/usr/bin:/bin")], more].concat()
    }

    pub(super) fn error(&self, more: &[(&str, &str)]) -> (String, String) {
        let error = refused(&self.env(more));
        let (fault, message, cause, hint) = parts(&error);
        assert_eq!(fault, StoreFault::Misconfigured);
        assert_eq!(message, "the store s3://tokens/ci/a%20b cannot be used");
        (cause.replace(&self.shown, "~"), hint.replace(&self.shown, "~"))
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
