//! A program: found in `PATH`, and started.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::error::{Error, Kind, Result};
use crate::platform::{
    self, DEFAULT_PATH, ProcessGroup, SHELL, find_executable, is_resource_exhaustion,
    with_original_file_limit,
};
use crate::text::shown;

/// A command that was found. No `Debug`, as its arguments are the user's own business.
pub(crate) struct Program {
    path: PathBuf,
    /// The name as the user wrote it, and the arguments.
    args: Vec<OsString>,
}

impl Program {
    /// Looks up `command`, a name and its arguments, in `path`: the `PATH` of its own
    /// environment. A name with a slash is a path itself.
    ///
    /// # Errors
    /// `CommandNotFound`, or `CommandUnusable` for a file that cannot be executed.
    pub(crate) fn find(command: &[OsString], path: Option<&OsStr>) -> Result<Program> {
        let name = command.first().map(OsString::as_os_str).unwrap_or_default();
        let path = look_up(name, path.unwrap_or(OsStr::new(DEFAULT_PATH)))?;
        Ok(Program { path, args: command.to_vec() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the command in place of this process, with exactly this environment. Returns
    /// only when that fails.
    ///
    /// # Errors
    /// `CommandUnusable`, `CommandNotFound` if it was removed after the look-up, or `System`.
    pub(crate) fn exec_replace(&self, env: &BTreeMap<OsString, OsString>) -> Result<Infallible> {
        self.or_by_shell(|program| platform::replace_process(&program.path, &program.args, env))
    }

    /// Starts the command as a child in the process group `group`. It inherits the
    /// environment and the streams of this process, unless `set_up` changes them.
    ///
    /// # Errors
    /// `CommandUnusable`, `CommandNotFound` if it was removed after the look-up, or `System`.
    pub(crate) fn spawn(
        &self,
        group: ProcessGroup,
        set_up: impl Fn(&mut Command),
    ) -> Result<Child> {
        self.or_by_shell(|program| {
            let mut command = Command::new(&program.path);
            command.args(&program.args[1..]);
            platform::prepare_child(&mut command, &program.args[0], group);
            set_up(&mut command);
            with_original_file_limit(|| command.spawn())
        })
    }

    /// Runs a script that names no interpreter by the shell, as execvp(3) does. A file
    /// that is not text, such as a program for another machine, is an error.
    fn or_by_shell<T>(&self, run: impl Fn(&Program) -> io::Result<T>) -> Result<T> {
        let format_error = match run(self) {
            Err(error) if platform::is_exec_format_error(&error) => error,
            result => return result.map_err(|error| self.cannot_start(error)),
        };
        if !is_text(&self.path) {
            return Err(self.cannot_start(format_error));
        }
        let args = [OsStr::new("sh"), self.path.as_os_str()].map(OsStr::to_owned);
        let args = args.into_iter().chain(self.args[1..].iter().cloned()).collect();
        let shell = Program { path: SHELL.into(), args };
        run(&shell).map_err(|error| shell.cannot_start(error))
    }

    fn cannot_start(&self, error: io::Error) -> Error {
        let name = &self.args[0];
        match error.kind() {
            io::ErrorKind::NotFound if self.path.exists() => cannot_run(name)
                .with_cause(format!("a file that {} needs is missing", self.path.display()))
                .with_hint("its interpreter is missing: check its first line, or run ldd(1) on it"),
            io::ErrorKind::NotFound => not_found(name).with_source(error),
            _ if is_resource_exhaustion(&error) => {
                let name = shown::quoted(&name.to_string_lossy());
                Error::new(Kind::System, format!("cannot start {name}")).with_source(error)
            }
            io::ErrorKind::ArgumentListTooLong => cannot_run(name)
                .with_source(error)
                .with_hint("its arguments and its environment together are too long"),
            _ => {
                let path = self.path.display();
                cannot_run(name).with_source(anyhow::Error::new(error).context(path.to_string()))
            }
        }
    }
}

/// Returns the first executable file on `path`. If there is none, the error names the first
/// file that is not executable.
fn look_up(name: &OsStr, path: &OsStr) -> Result<PathBuf> {
    if platform::is_path(name) {
        return match find_executable(Path::new(name)) {
            Ok(found) => Ok(found),
            Err(error) if is_absence(&error) => {
                Err(not_found(name).with_source(error).with_hint("check the path"))
            }
            Err(error) => Err(cannot_run(name).with_source(error).with_hint(NOT_EXECUTABLE_HINT)),
        };
    }
    let mut unusable = None;
    // The empty name of a directory is the current one (POSIX.1-2017, XBD 8.3).
    for dir in std::env::split_paths(path).filter(|_| !name.is_empty()) {
        let candidate = Path::new(".").join(dir).join(name);
        match find_executable(&candidate) {
            Ok(found) => return Ok(found),
            Err(error) if is_absence(&error) => {}
            Err(error) => {
                let candidate = candidate.display().to_string();
                unusable.get_or_insert(anyhow::Error::new(error).context(candidate));
            }
        }
    }
    Err(match unusable {
        Some(cause) => cannot_run(name).with_source(cause).with_hint(NOT_EXECUTABLE_HINT),
        None => not_found(name)
            .with_cause("not found in PATH")
            .with_hint("check the spelling, or give its path"),
    })
}

const NOT_EXECUTABLE_HINT: &str =
    "check that it is a program, and that this user may execute it (chmod +x)";

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn is_text(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    read.is_ok() && !head.contains(&0)
}

fn not_found(name: &OsStr) -> Error {
    let name = shown::quoted(&name.to_string_lossy());
    Error::new(Kind::CommandNotFound, format!("there is no command {name}"))
}

fn cannot_run(name: &OsStr) -> Error {
    let name = shown::quoted(&name.to_string_lossy());
    Error::new(Kind::CommandUnusable, format!("cannot run {name}"))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(path: &Path, mode: u32) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Two directories: `tool` is executable only in the second one.
    fn machine() -> (tempfile::TempDir, OsString) {
        let root = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| root.path().join(name));
        fs::create_dir(&one).unwrap();
        fs::create_dir_all(two.join("dir")).unwrap();
        file(&one.join("tool"), 0o644);
        file(&one.join("plain"), 0o644);
        file(&two.join("tool"), 0o755);
        let path = std::env::join_paths([root.path().join("none"), one, two]).unwrap();
        (root, path)
    }

    fn kind(name: &str, path: &OsStr) -> Result<PathBuf, Kind> {
        look_up(OsStr::new(name), path).map_err(|error| error.kind)
    }

    #[test]
    fn the_first_executable_is_found() {
        let (root, path) = machine();
        assert_eq!(kind("tool", &path), Ok(root.path().join("two/tool")));
        assert_eq!(kind("plain", &path), Err(Kind::CommandUnusable));
        assert_eq!(kind("dir", &path), Err(Kind::CommandUnusable));
        assert_eq!(kind("nothing", &path), Err(Kind::CommandNotFound));
        assert_eq!(kind("", &path), Err(Kind::CommandNotFound));
    }

    #[test]
    fn a_name_with_a_slash_is_not_looked_up() {
        let (root, path) = machine();
        let at = |name: &str| kind(&format!("{}/{name}", root.path().display()), &path);
        assert_eq!(at("two/tool"), Ok(root.path().join("two/tool")));
        assert_eq!(at("one/tool"), Err(Kind::CommandUnusable));
        assert_eq!(at("two"), Err(Kind::CommandUnusable));
        assert_eq!(at("two/tool/below"), Err(Kind::CommandNotFound));
        assert_eq!(kind("./tool", &path), Err(Kind::CommandNotFound));
    }

    #[test]
    fn without_path_the_default_one_is_searched() {
        let found = Program::find(&["sh".into()], None);
        assert_eq!(found.map(|program| program.path).ok().unwrap(), Path::new("/bin/sh"));
    }
}
