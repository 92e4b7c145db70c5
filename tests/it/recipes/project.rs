//! A repository with a recipe in it, the release that the recipe installs, and a machine on
//! which `terraform` records its calls.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gc_token::internals::context::Environment;
use gc_token::internals::sandbox::{ConfigChange, Sandbox, SandboxConfig};
use tempfile::TempDir;

use crate::common::cloud::{CLIENT, SECRET, accepts, cloud};
use crate::common::runner::Runner;
use crate::common::{guard, missing, program};

pub(super) const REGION: &str = "eu-west-1";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const HOUR: Duration = Duration::from_secs(3600);

pub(super) struct Project {
    pub cloud: Sandbox,
    base: TempDir,
}

/// A call of `terraform`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub arguments: String,
    /// The client secret in its environment, or `unset`.
    pub secret: String,
    pub region: String,
    pub token: String,
}

/// A configuration without providers: a plan of one resource.
const MAIN: &str = "resource \"terraform_data\" \"this\" {\n  input = \"applied\"\n}\n";

impl Project {
    /// Creates a repository with the files of `gc-token ci SYSTEM`, for the sandbox. Returns
    /// `None` without a tool, which is reported.
    pub fn new(system: &str) -> Option<Project> {
        let Some(terraform) = program("terraform") else {
            missing("terraform");
            return None;
        };
        let cloud = cloud(SandboxConfig { lifetime: 2 * HOUR, ..SandboxConfig::default() });
        let project = Project { cloud, base: tempfile::tempdir().unwrap() };
        for dir in ["bin", "home", "logs", "release", "repo", "store", "tmp"] {
            fs::create_dir(project.path(dir)).unwrap();
        }
        fs::write(project.path("repo/main.tf"), MAIN).unwrap();
        project.make_release();
        project.add_program("terraform", &recorder(&project.path("calls"), &terraform));
        project.add_program("curl", &redirected_curl(&project.path("release")));
        let sums = project.path("release/SHA256SUMS");
        let repo = project.path("repo");
        let words = ["ci", system, "--region", REGION, "--sums", sums.to_str().unwrap()];
        let words = [&words[..], &["--write", repo.to_str().unwrap()]].concat();
        let printed = Runner::of(&project.cloud).run(&words).succeeded().to_owned();
        for path in printed.lines() {
            assert!(Path::new(path).starts_with(&repo), "{path}");
            guard::holds_no_secret(&fs::read(path).unwrap(), path);
        }
        assert_eq!(project.cloud.counters().login_requests, 0, "ci uses the network");
        Some(project)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Appends a byte to the release's archive.
    pub fn spoil_archive(&self) {
        for entry in fs::read_dir(self.path("release")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "gz") {
                fs::write(&path, [&fs::read(&path).unwrap()[..], b"\0"].concat()).unwrap();
            }
        }
    }

    pub fn shorten_tokens(&self) {
        let lifetime = Some(Duration::from_secs(20 * 60));
        self.cloud.change(ConfigChange { lifetime, ..ConfigChange::default() });
    }

    pub fn lengthen_tokens(&self) {
        self.cloud.change(ConfigChange { lifetime: Some(2 * HOUR), ..ConfigChange::default() });
    }

    /// A program of the machine that the jobs run on, in the repository.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = Environment::of_process().os("PATH").unwrap_or_default();
        let dirs = [self.path("bin")].into_iter().chain(std::env::split_paths(&path));
        let mut command = Command::new(program);
        command
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", std::env::join_paths(dirs).unwrap())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("STORE", self.path("store"))
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Makes the directory a repository of git, as some systems expect.
    pub fn commit(&self) {
        for words in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["remote", "add", "origin", "https://git.example.com/group/project.git"],
            &["add", "--all"],
            &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"],
        ] {
            assert!(self.command("git").args(words).status().unwrap().success(), "{words:?}");
        }
    }

    /// Runs a command; returns whether it succeeded, and its log, which is searched.
    pub fn run(&self, command: &mut Command) -> (bool, String) {
        let output = command.output().unwrap();
        let both = [output.stdout, output.stderr].concat();
        guard::holds_no_secret(&both, "the log");
        guard::holds_no_token(&both, "the log");
        (output.status.success(), String::from_utf8_lossy(&both).into_owned())
    }

    /// The calls of `terraform` since the last time.
    pub fn take_calls(&self) -> Vec<Call> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.path("calls"));
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let calls = lines.chunks(4).map(|lines| Call {
            arguments: lines[0].clone(),
            secret: lines[1].clone(),
            region: lines[2].clone(),
            token: lines[3].clone(),
        });
        calls.collect()
    }

    /// Asserts that plan and apply ran, each with a token that the API accepts and without the
    /// client secret. Returns both tokens.
    pub fn assert_plan_and_apply(&self, log: &str) -> (String, String) {
        let mut calls = self.take_calls();
        for call in &calls {
            assert_eq!((&*call.secret, &*call.region), ("unset", REGION), "{call:?}");
            let may_lack = call.arguments.starts_with("init") && call.token.is_empty();
            assert!(may_lack || accepts(&self.cloud, &call.token), "{call:?}");
        }
        calls.retain(|call| !call.arguments.starts_with("init "));
        let [plan, apply] = calls.try_into().expect("two calls besides init");
        assert!(plan.arguments.starts_with("plan ") && apply.arguments.starts_with("apply "));
        assert!(log.contains("Apply complete! Resources: 1 added"), "{log}");
        (plan.token, apply.token)
    }

    /// Searches everything that the jobs left on the machine, but for the file in which the
    /// stand-in for `terraform` records.
    pub fn assert_nothing_leaked(&self) {
        let searched: usize = ["home", "repo", "store", "tmp", "logs"]
            .into_iter()
            .map(|dir| guard::holds_nothing_below(&self.path(dir)))
            .sum();
        assert!(searched > 0);
    }

    pub fn add_program(&self, name: &str, text: &str) {
        write_program(&self.path("bin").join(name), text);
    }

    /// Writes the archive of a release, in which a script stands for the program, and its sums.
    fn make_release(&self) {
        let arch = std::env::consts::ARCH;
        let name = format!("gc-token-{VERSION}-{arch}-unknown-linux-musl");
        let dir = self.path("release").join(&name);
        fs::create_dir(&dir).unwrap();
        let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_gc-token"));
        write_program(&dir.join("gc-token"), &script);
        let script = format!("tar -czf {name}.tar.gz {name} && sha256sum *.tar.gz > SHA256SUMS");
        let mut shell = Command::new("sh");
        let status = shell.args(["-c", &script]).current_dir(self.path("release")).status();
        assert!(status.unwrap().success());
    }
}

pub(super) fn credentials() -> [(&'static str, &'static str); 2] {
    [("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT), ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)]
}

/// A `terraform` that notes how it was called, and then is the real one.
fn recorder(calls: &Path, terraform: &Path) -> String {
    format!(
        "#!/bin/sh\ncat >> '{}' <<END\n$*\n${{GENESYSCLOUD_OAUTHCLIENT_SECRET-unset}}\n\
         ${{GENESYSCLOUD_REGION-}}\n${{GENESYSCLOUD_ACCESS_TOKEN-}}\nEND\nexec '{}' \"$@\"\n",
        calls.display(),
        terraform.display()
    )
}

/// A `curl` that finds the address of the release in a directory, and refuses to be given the
/// client secret.
fn redirected_curl(release: &Path) -> String {
    let curl = program("curl").unwrap_or_else(|| {
        missing("curl");
        "curl".into()
    });
    let url = format!("{}/releases/download/v{VERSION}", env!("CARGO_PKG_REPOSITORY"));
    format!(
        "#!/bin/sh\ntest -z \"$GENESYSCLOUD_OAUTHCLIENT_SECRET\" || exit 97\nfor arg; do\n  shift\n  case $arg in '{url}/'*) arg=file://{}/${{arg##*/}};; esac\n  \
         set -- \"$@\" \"$arg\"\ndone\nexec '{}' \"$@\"\n",
        release.display(),
        curl.display()
    )
}

pub(super) fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
