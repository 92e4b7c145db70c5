//! Runs a CI system's steps as that system would: which shell, which
//! variables, what passes from one step to the next, and what the log shows.

#![allow(unreachable_pub, reason = "a module of a test")]

mod azure;
mod github;
mod gitlab;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use gc_token::internals::context::{Environment, SystemClock};
use gc_token::internals::sandbox::{ConfigChange, DEFAULT_SECRET, Sandbox, SandboxConfig};
use tempfile::TempDir;

/// The client secret, as the CI system keeps it.
pub const SECRET: &str = DEFAULT_SECRET;

/// A job on a fresh runner, and the sandbox it talks to.
pub struct Job {
    sandbox: Sandbox,
    base: TempDir,
}

/// A call of `terraform`, which is a stand-in here.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    pub arguments: String,
    /// The client secret in its environment, or `unset`.
    pub secret: String,
    pub region: String,
    pub token: String,
}

/// A job's log, as people see it.
#[derive(Debug, Default)]
pub struct Masked {
    pub text: String,
    /// The CI system can mask values at run time.
    pub masks: bool,
    secrets: Vec<String>,
}

type Variables = BTreeMap<String, String>;

/// Tells what it was called with, and prints the token, as no program should.
const TERRAFORM: &str = r#"#!/bin/sh
cat >> "$HOME/calls" <<END
$*
${GENESYSCLOUD_OAUTHCLIENT_SECRET-unset}
${GENESYSCLOUD_REGION-}
${GENESYSCLOUD_ACCESS_TOKEN-}
END
echo "terraform has ${GENESYSCLOUD_ACCESS_TOKEN-}"
"#;

/// Builds nothing: the program is there. It is told a commit and where to put it.
const CARGO: &str = r#"#!/bin/sh
case $* in
"install --locked --git https://"*" --rev "*" --root built gc-token")
  mkdir -p built/bin
  ln -s "$(command -v gc-token)" built/bin/gc-token
  ;;
*) exit 1 ;;
esac
"#;

impl Job {
    pub fn new() -> Job {
        let job = Job {
            sandbox: Sandbox::start(SandboxConfig::default(), Arc::new(SystemClock::default()))
                .unwrap(),
            base: tempfile::tempdir().unwrap(),
        };
        for dir in ["bin", "home", "work"] {
            fs::create_dir(job.base.path().join(dir)).unwrap();
        }
        job.program("terraform", TERRAFORM);
        job.program("cargo", CARGO);
        job
    }

    /// The working directory of the steps.
    pub fn dir(&self) -> PathBuf {
        self.base.path().join("work")
    }

    /// The sandbox gets another client secret; the CI system keeps the old one.
    pub fn rotate_secret(&self) {
        self.sandbox.change(ConfigChange {
            client_secret: Some("rotated".into()),
            ..ConfigChange::default()
        });
    }

    /// Runs a program with the client's credentials in its environment.
    pub fn run(&mut self, program: &str, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = self.command(program);
        command
            .args(args)
            .env("GENESYSCLOUD_OAUTHCLIENT_ID", SandboxConfig::default().client_id)
            .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
            .envs(env.iter().copied());
        command.output().unwrap()
    }

    /// The calls of `terraform` so far.
    pub fn terraform_calls(&self) -> Vec<Call> {
        let calls = fs::read_to_string(self.home().join("calls")).unwrap_or_default();
        let lines: Vec<_> = calls.lines().map(str::to_owned).collect();
        let calls = lines.chunks(4).map(|lines| Call {
            arguments: lines[0].clone(),
            secret: lines[1].clone(),
            region: lines[2].clone(),
            token: lines[3].clone(),
        });
        calls.collect()
    }

    pub fn api_accepts(&self, token: &str) -> bool {
        crate::common::cloud::accepts(&self.sandbox, token)
    }

    /// Runs a script in bash and adds what it says to the log.
    fn script(&self, flags: &[&str], script: &str, env: &Variables, log: &mut Masked) -> bool {
        let file = self.base.path().join("script.sh");
        fs::write(&file, script).unwrap();
        let mut command = self.command("bash");
        let output = command.args(flags).arg(file).envs(env).output().unwrap();
        log.append(&String::from_utf8(output.stdout).unwrap());
        log.append(&String::from_utf8(output.stderr).unwrap());
        output.status.success()
    }

    /// A program that knows where the sandbox is, and nothing of this machine's
    /// user.
    fn command(&self, program: &str) -> Command {
        let gc_token = Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
        let path = Environment::of_process().os("PATH").unwrap_or_default();
        let dirs = [self.base.path().join("bin"), gc_token.to_owned()];
        let path = dirs.into_iter().chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", self.home())
            .env("GC_TOKEN_LOGIN_URL", self.sandbox.login_url())
            .env("GC_TOKEN_API_URL", self.sandbox.api_url())
            .stdin(Stdio::null());
        command
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.base.path().join("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }
}

impl Masked {
    /// A log that hides these from the start.
    fn hiding(secrets: &[&str]) -> Masked {
        Masked { secrets: secrets.iter().map(ToString::to_string).collect(), ..Masked::default() }
    }

    /// Adds text, without what is to be hidden by now.
    fn append(&mut self, text: &str) {
        for line in text.lines() {
            if self.obey(line) {
                continue;
            }
            let mut line = line.to_owned();
            for secret in &self.secrets {
                line = line.replace(secret, "***");
            }
            self.text += &line;
            self.text += "\n";
        }
    }
}

/// A mapping's entries as variables, each value made by `expand`.
fn variables<'a>(
    mapping: &'a serde_json::Value,
    expand: impl Fn(&'a str) -> String,
) -> impl Iterator<Item = (String, String)> {
    let entries = mapping.as_object().into_iter().flatten();
    entries.map(move |(name, value)| (name.clone(), expand(value.as_str().unwrap())))
}
