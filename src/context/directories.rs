//! The user's directories, by the platform's convention.

use std::path::{Path, PathBuf};

use super::Environment;

/// `None` where the user has no home and no variable names the directory.
#[derive(Debug, Clone, Default)]
pub struct Directories {
    pub home: Option<PathBuf>,
    /// `~/.cache/gc-token`.
    pub cache: Option<PathBuf>,
    /// `~/.config/gc-token`.
    pub config: Option<PathBuf>,
    /// For keys, which are kept apart from the cache: `~/.local/state/gc-token`.
    pub state: Option<PathBuf>,
}

pub(crate) const NO_HOME: &str =
    "HOME is not set to an absolute path, so there is no home directory";

impl Directories {
    pub fn of_user(env: &Environment) -> Directories {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        // A relative path, such as a `~` that was not expanded, would depend on the working
        // directory.
        let home = home.filter(|home| home.is_absolute());
        match directories::ProjectDirs::from("", "", "gc-token").filter(|_| home.is_some()) {
            Some(dirs) => Directories {
                home,
                cache: Some(dirs.cache_dir().to_owned()),
                config: Some(dirs.config_dir().to_owned()),
                state: Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned()),
            },
            None => Directories::from_variables(env),
        }
    }

    /// Serves a user without a home. The XDG Base Directory Specification requires that
    /// relative paths are ignored.
    fn from_variables(env: &Environment) -> Directories {
        let dir = |name| {
            let base = PathBuf::from(env.os(name)?);
            base.is_absolute().then(|| base.join(Path::new("gc-token")))
        };
        Directories {
            home: None,
            cache: dir("XDG_CACHE_HOME"),
            config: dir("XDG_CONFIG_HOME"),
            state: dir("XDG_STATE_HOME"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_variable_is_enough_without_a_home() {
        let env = [("XDG_CACHE_HOME", "/c"), ("XDG_CONFIG_HOME", "c"), ("XDG_STATE_HOME", "")];
        let directories = Directories::from_variables(&env.into());
        assert_eq!(directories.cache.as_deref(), Some(Path::new("/c/gc-token")));
        assert_eq!((directories.home, directories.config, directories.state), (None, None, None));
    }
}
