//! A program to be run: found on the path that it will have, and started.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;

use nix::errno::Errno;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::Pid;

use crate::context::with_former_file_limit;
use crate::error::{Error, Kind, Result, is_resource_exhaustion};
use crate::text::shown;

/// A command that was found. No `Debug`: its arguments are the user's own
/// business.
pub struct Program {
    /// What is run.
    path: PathBuf,
    /// What it is told: its name as the user wrote it, and the arguments.
    args: Vec<OsString>,
}

impl Program {
    /// Finds `command`, a name and arguments, on `path`: the `PATH` that it
    /// will have. A name with a slash is a path itself.
    ///
    /// # Errors
    /// `CommandNotFound`, and `CommandUnusable` for what is no program.
    pub fn find(command: &[OsString], path: Option<&OsStr>) -> Result<Program> {
        let name = command.first().map(OsString::as_os_str).unwrap_or_default();
        let path = look_up(name, path.unwrap_or(OsStr::new(DEFAULT_PATH)))?;
        Ok(Program { path, args: command.to_vec() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes this process the command, with exactly this environment: execve(2).
    /// Returns only when that fails.
    ///
    /// # Errors
    /// `CommandUnusable`, `CommandNotFound` if it has just gone, or `System`.
    pub fn replace_process(&self, env: &BTreeMap<OsString, OsString>) -> Result<Infallible> {
        // Rust ignores SIGPIPE, and so would the command, which knows nothing of
        // it. What has a handler gets its default back at execve(2).
        let _ = signal_hook::flag::register(signal_hook::consts::SIGPIPE, Arc::default());
        self.or_by_a_shell(|program| program.execute(env))
    }

    /// Starts the command as a child in the process group `group`. Its environment and
    /// its streams are those of this process, unless `set_up` has others.
    ///
    /// # Errors
    /// `CommandUnusable`, `CommandNotFound` if it has just gone, or `System`.
    pub(crate) fn spawn(&self, group: Pid, set_up: impl Fn(&mut Command)) -> Result<Child> {
        self.or_by_a_shell(|program| {
            let mut command = Command::new(&program.path);
            command.arg0(&program.args[0]).args(&program.args[1..]);
            command.process_group(group.as_raw_pid());
            set_up(&mut command);
            with_former_file_limit(|| command.spawn())
        })
    }

    /// A script that names no interpreter is run by the shell, as execvp(3)
    /// does it; what is no text, such as a program for another machine, is not.
    fn or_by_a_shell<T>(&self, run: impl Fn(&Program) -> io::Result<T>) -> Result<T> {
        let refused = match run(self) {
            Err(error) if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => error,
            done => return done.map_err(|error| self.unusable(error)),
        };
        if !is_text(&self.path) {
            return Err(self.unusable(refused));
        }
        let args = [OsStr::new("sh"), self.path.as_os_str()].map(OsStr::to_owned);
        let args = args.into_iter().chain(self.args[1..].iter().cloned()).collect();
        let shell = Program { path: SHELL.into(), args };
        run(&shell).map_err(|error| shell.unusable(error))
    }

    fn execute<T>(&self, env: &BTreeMap<OsString, OsString>) -> io::Result<T> {
        let path = CString::new(self.path.clone().into_os_string().into_vec())?;
        let args = self.args.iter().map(|arg| CString::new(arg.clone().into_vec()));
        let args: Vec<_> = args.collect::<Result<_, _>>()?;
        let pair = |(name, value): (&OsString, &OsString)| {
            CString::new([name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat())
        };
        let env: Vec<_> = env.iter().map(pair).collect::<Result<_, _>>()?;
        match nix::unistd::execve(&path, &args, &env) {
            Err(error) => Err(error.into()),
            Ok(never) => match never {},
        }
    }

    /// Why it cannot be run. A file that is there, and still is not found, needs
    /// another one.
    fn unusable(&self, error: io::Error) -> Error {
        let name = &self.args[0];
        match error.kind() {
            io::ErrorKind::NotFound if self.path.exists() => cannot_run(name)
                .with_cause(format!("what {} needs to run is not there", self.path.display()))
                .with_hint("look at its first line, or with ldd(1): its interpreter is missing"),
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

/// Where commands are looked up without a `PATH`, as execvp(3) does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// What runs scripts that name no interpreter.
const SHELL: &str = "/bin/sh";

/// The first file on `path` that can be run. One that cannot be run is passed
/// over, and blamed when there is no other.
fn look_up(name: &OsStr, path: &OsStr) -> Result<PathBuf> {
    if name.as_encoded_bytes().contains(&b'/') {
        return match check(Path::new(name)) {
            Ok(()) => Ok(name.into()),
            Err(error) if is_absence(&error) => {
                Err(not_found(name).with_source(error).with_hint("check the path"))
            }
            Err(error) => Err(cannot_run(name).with_source(error)),
        };
    }
    let mut blamed = None;
    // The empty name of a directory is the current one (POSIX.1-2017, XBD 8.3).
    for dir in std::env::split_paths(path).filter(|_| !name.is_empty()) {
        let candidate = Path::new(".").join(dir).join(name);
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if is_absence(&error) => {}
            Err(error) => {
                let candidate = candidate.display().to_string();
                blamed.get_or_insert(anyhow::Error::new(error).context(candidate));
            }
        }
    }
    Err(match blamed {
        Some(cause) => cannot_run(name).with_source(cause),
        None => not_found(name)
            .with_cause("not found in PATH")
            .with_hint("check the spelling, or give its path"),
    })
}

/// Whether it is a file that this user may run.
fn check(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)?)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn is_text(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    read.is_ok() && !head.contains(&0)
}

fn not_found(name: &OsStr) -> Error {
    Error::new(
        Kind::CommandNotFound,
        format!("there is no command {}", shown::quoted(&name.to_string_lossy())),
    )
}

fn cannot_run(name: &OsStr) -> Error {
    Error::new(
        Kind::CommandUnusable,
        format!("cannot run {}", shown::quoted(&name.to_string_lossy())),
    )
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

    /// Two directories: in the first `tool` cannot be run, in the second it can.
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
    fn the_first_that_can_be_run_is_found() {
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
    fn without_a_path_the_usual_one_counts() {
        let found = Program::find(&["sh".into()], None);
        assert_eq!(found.map(|it| it.path).ok().unwrap(), Path::new("/bin/sh"));
    }
}
