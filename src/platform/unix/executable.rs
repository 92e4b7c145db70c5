//! Executables: how they are found, started as a child, or put in place of this process.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use nix::errno::Errno;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::Pid;

/// The `PATH` where the environment has none, as for execvp(3).
pub(crate) const DEFAULT_PATH: &str = "/bin:/usr/bin";

pub(crate) const SHELL: &str = "/bin/sh";

pub(crate) type ProcessGroup = Pid;

pub(crate) fn is_path(command: &OsStr) -> bool {
    command.as_bytes().contains(&b'/')
}

/// Returns the file to run for `candidate`: itself, if this user may run it.
pub(crate) fn find_executable(candidate: &Path) -> io::Result<PathBuf> {
    if candidate.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    accessat(CWD, candidate, Access::EXEC_OK, AtFlags::EACCESS)?;
    Ok(candidate.to_owned())
}

pub(crate) fn is_exec_format_error(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ENOEXEC as i32)
}

pub(crate) fn prepare_child(command: &mut Command, name: &OsStr, group: ProcessGroup) {
    command.arg0(name).process_group(group.as_raw_pid());
}

/// Puts the program in place of this process, with exactly this environment (execve(2)).
pub(crate) fn replace_process(
    path: &Path,
    args: &[OsString],
    env: &BTreeMap<OsString, OsString>,
) -> io::Result<Infallible> {
    // Rust ignores SIGPIPE, which the program would inherit. A signal with a handler gets
    // its default back at execve(2).
    let _ = signal_hook::flag::register(signal_hook::consts::SIGPIPE, Arc::default());
    let path = CString::new(path.as_os_str().as_bytes())?;
    let args = args.iter().map(|arg| CString::new(arg.as_bytes()));
    let args: Vec<_> = args.collect::<Result<_, NulError>>()?;
    let pair = |(name, value): (&OsString, &OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    let env: Vec<_> = env.iter().map(pair).collect::<Result<_, NulError>>()?;
    Ok(nix::unistd::execve(&path, &args, &env)?)
}
