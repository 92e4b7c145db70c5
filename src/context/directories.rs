//! The user's directories.

use std::path::{Path, PathBuf};

use super::Environment;

/// The user's directories, by the platform's convention. `None` where the user
/// has no home and no variable names the directory.
#[derive(Debug, Clone, Default)]
pub struct Directories {
    /// The home directory.
    pub home: Option<PathBuf>,
    /// Cached tokens: `~/.cache/gc-token`.
    pub cache: Option<PathBuf>,
    /// `config.toml`: `~/.config/gc-token`.
    pub config: Option<PathBuf>,
    /// Keys that are kept apart from the cache: `~/.local/state/gc-token`.
    pub state: Option<PathBuf>,
}

/// Why there is no home directory, as the cause of an error.
pub(crate) const NO_HOME: &str =
    "HOME is not set to an absolute path, so there is no home directory";

impl Directories {
    /// The directories of the process's user.
    pub fn of_user(env: &Environment) -> Directories {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        // A relative one, such as the `~` that nothing has expanded, would be another
        // directory in each working directory.
        let home = home.filter(|home| home.is_absolute());
        match directories::ProjectDirs::from("", "", "gc-token").filter(|_| home.is_some()) {
            Some(dirs) => Directories {
                home,
                cache: Some(dirs.cache_dir().to_owned()),
                config: Some(dirs.config_dir().to_owned()),
                state: Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned()),
            },
            None => Directories::of_variables(env),
        }
    }

    /// The directories of a user without a home: those that the variables of the XDG
    /// Base Directory Specification name, which is to ignore relative ones.
    fn of_variables(env: &Environment) -> Directories {
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
        let directories = Directories::of_variables(&env.into());
        assert_eq!(directories.cache.as_deref(), Some(Path::new("/c/gc-token")));
        assert_eq!((directories.home, directories.config, directories.state), (None, None, None));
    }
}
