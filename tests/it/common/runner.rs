//! A CI runner: its own home directory, and an environment with nothing but the variables that
//! the test sets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use gc_token::internals::context::Environment;
use gc_token::internals::sandbox::Sandbox;
use tempfile::TempDir;

use super::cloud::{CLIENT, SECRET};
use super::process::{Finished, Running};

pub struct Runner {
    home: TempDir,
    /// Output files, apart from the files that the program itself writes.
    caught: TempDir,
    count: AtomicUsize,
    env: BTreeMap<OsString, OsString>,
    program: PathBuf,
    user: Option<u32>,
    /// Text that differs from run to run, and its replacement in the output.
    names: Vec<(String, &'static str)>,
}

impl Runner {
    /// Creates a runner that has only PATH and HOME set.
    pub fn bare() -> Runner {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().display().to_string();
        Runner {
            env: [
                ("PATH".into(), Environment::of_process().os("PATH").unwrap()),
                ("HOME".into(), path.as_str().into()),
            ]
            .into(),
            names: vec![(path, "HOME")],
            home,
            caught: tempfile::tempdir().unwrap(),
            count: AtomicUsize::new(0),
            program: env!("CARGO_BIN_EXE_gc-token").into(),
            user: None,
        }
    }

    /// Creates a runner with the URLs and the credentials of `cloud` in its environment.
    pub fn of(cloud: &Sandbox) -> Runner {
        Runner::bare()
            .at(&cloud.login_url())
            .set("GC_TOKEN_API_URL", cloud.api_url())
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
    }

    /// Sets the issuer's URL; its host is replaced by LOGIN in all output.
    pub fn at(mut self, login_url: &str) -> Runner {
        let host = login_url.split("://").last().unwrap();
        self.names.push((host.to_owned(), "LOGIN"));
        self.set("GC_TOKEN_LOGIN_URL", login_url).set("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT)
    }

    pub fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Runner {
        self.env.insert(name.into(), value.as_ref().to_owned());
        self
    }

    pub fn unset(mut self, name: &str) -> Runner {
        self.env.remove(OsStr::new(name));
        self
    }

    /// Replaces a text that differs from run to run in all output.
    pub fn also_named(mut self, text: &str, name: &'static str) -> Runner {
        self.names.push((text.to_owned(), name));
        self
    }

    /// Returns the variables whose names begin with one of these prefixes.
    pub fn variables(&self, prefixes: &[&str]) -> Vec<(String, OsString)> {
        let all = self.env.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
        let named = all.filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        named.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// Writes a private file below HOME.
    pub fn with_file(self, path: &str, text: &str) -> Runner {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    /// Gives HOME to another user, as whom everything then runs. Needs root.
    pub fn owned_by(mut self, uid: u32) -> Runner {
        let program = self.caught.path().join("gc-token");
        // Copied by another process: a child that this one forks meanwhile would hold the
        // copy open for writing, and running it would fail with ETXTBSY.
        let copied = Command::new("cp").arg(&self.program).arg(&program).status();
        assert!(copied.unwrap().success());
        let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755));
        open(self.caught.path()).unwrap();
        std::os::unix::fs::chown(self.home(), Some(uid), Some(uid)).unwrap();
        self.program = program;
        self.user = Some(uid);
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/gc-token")
    }

    /// Returns the only file with this extension in the cache.
    pub fn cached(&self, extension: &str) -> PathBuf {
        let paths = fs::read_dir(self.cache()).unwrap();
        let mut paths = paths
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some(OsStr::new(extension)));
        let path = paths.next().expect("there is one");
        assert_eq!(paths.next(), None);
        path
    }

    /// Runs `gc-token` to its end, with nothing on standard input.
    pub fn run(&self, args: &[&str]) -> Finished {
        self.start(args).finish()
    }

    /// Runs `gc-token` to its end, with `stdin` on standard input.
    pub fn run_on(&self, args: &[&str], stdin: &[u8]) -> Finished {
        let path = self.next_file("stdin");
        fs::write(&path, stdin).unwrap();
        let command = self.gc_token(args);
        self.spawn(command, File::open(path).unwrap().into(), args).finish()
    }

    pub fn start(&self, args: &[&str]) -> Running {
        self.spawn(self.gc_token(args), Stdio::null(), args)
    }

    /// Starts `gc-token` with this standard input.
    pub fn start_on(&self, args: &[&str], stdin: Stdio) -> Running {
        self.spawn(self.gc_token(args), stdin, args)
    }

    /// Starts another program; `words` are its command line.
    pub fn start_program(&self, words: &[&str]) -> Running {
        let mut command = self.command(words[0]);
        command.args(&words[1..]);
        self.spawn(command, Stdio::null(), words)
    }

    /// Starts `gc-token` with a limit on open files.
    pub fn start_with_files(&self, files: u32, args: &[&str]) -> Running {
        let mut command = self.command("sh");
        command.args(["-c", "ulimit -n \"$0\"; exec \"$@\"", &files.to_string()]);
        command.arg(&self.program).args(args);
        self.spawn(command, Stdio::null(), args)
    }

    /// Runs a script in a shell in which `gc-token` is on the PATH.
    pub fn shell(&self, shell: &str, script: &str) -> Finished {
        self.start_shell(shell, script).finish()
    }

    /// Starts a script in a shell in which `gc-token` is on the PATH.
    pub fn start_shell(&self, shell: &str, script: &str) -> Running {
        let mut command = self.command_with_path(shell);
        command.args(["-c", script]);
        self.spawn(command, Stdio::null(), &["env", "in", shell])
    }

    /// Builds the command of a program that finds `gc-token` on its PATH.
    pub fn command_with_path(&self, program: &str) -> Command {
        let dir = self.program.parent().unwrap().to_owned();
        let path = std::env::join_paths(
            [dir].into_iter().chain(std::env::split_paths(&self.env[OsStr::new("PATH")])),
        );
        let mut command = self.command(program);
        command.env("PATH", path.unwrap());
        command
    }

    fn gc_token(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.program);
        command.args(args);
        command
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).current_dir(self.home());
        if let Some(uid) = self.user {
            command.uid(uid).gid(uid);
        }
        command
    }

    fn spawn(&self, mut command: Command, stdin: Stdio, args: &[&str]) -> Running {
        let (stdout, stderr) = (self.next_file("stdout"), self.next_file("stderr"));
        command
            .stdin(stdin)
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap());
        Running::new(command, args, stdout, stderr, self.names.clone())
    }

    fn next_file(&self, kind: &str) -> PathBuf {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.caught.path().join(format!("{number}.{kind}"))
    }
}
