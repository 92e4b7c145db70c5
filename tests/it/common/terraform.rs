//! Runs the real `terraform` or `tofu`, hermetically: own home, own configuration, own
//! temporary directory, providers from a mirror of its own, and no network
//! unless the `external` provider is wanted and comes from the registry.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gc_token::internals::context::Environment;
use tempfile::TempDir;

use super::external::External;

/// Who reads the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `terraform` in the `PATH`, or what `GC_TOKEN_TEST_TERRAFORM` names.
    Terraform,
    /// What `GC_TOKEN_TEST_TOFU` names, as `tests/opentofu` prints it, or
    /// `tofu` in the `PATH`.
    OpenTofu,
}

/// A directory with a Terraform configuration, and all that Terraform needs
/// around it.
pub struct Workspace {
    terraform: PathBuf,
    wrapper: Vec<String>,
    base: TempDir,
    variables: Vec<(String, String)>,
    started: AtomicUsize,
}

/// What a finished Terraform command has said.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A Terraform command that is running.
pub struct Running {
    /// The process.
    pub child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Workspace {
    /// A workspace for Terraform with this `main.tf`; see [`Workspace::of`].
    pub fn new(main: &str) -> Option<Workspace> {
        Workspace::of(Tool::Terraform, main)
    }

    /// A workspace with this `main.tf`. `None` where the tool is missing,
    /// which is said out loud, and is a failure in CI.
    pub fn of(tool: Tool, main: &str) -> Option<Workspace> {
        let workspace = Workspace {
            terraform: tool.program()?,
            wrapper: Vec::new(),
            base: tempfile::Builder::new().prefix("gct-").tempdir().unwrap(),
            variables: Vec::new(),
            started: AtomicUsize::new(0),
        };
        for dir in ["home", "mirror", "tmp", "work"] {
            fs::create_dir(workspace.base.path().join(dir)).unwrap();
        }
        workspace.write("main.tf", main);
        workspace.configure_cli("");
        Some(workspace)
    }

    /// A workspace that has the `external` provider, too; it says where from.
    pub fn with_external(main: &str) -> Option<Workspace> {
        let workspace = Workspace::new(main)?;
        External::of_machine(&workspace.terraform).serve_to(&workspace);
        Some(workspace)
    }

    /// Sets an environment variable for the commands to come.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Has the commands to come started by another program: these are its name
    /// and its arguments, after which the tool's own command stands.
    pub fn wrap(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    /// The tool's program.
    pub fn program(&self) -> &Path {
        &self.terraform
    }

    /// All of it: what the commands have said, the home directory and `TMPDIR`
    /// included.
    pub fn base(&self) -> &Path {
        self.base.path()
    }

    /// The user's home directory.
    pub fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }

    /// Where the configuration lies and the commands run.
    pub fn dir(&self) -> PathBuf {
        self.base.path().join("work")
    }

    /// `TMPDIR` of the commands.
    pub fn tmp(&self) -> PathBuf {
        self.base.path().join("tmp")
    }

    /// Writes a file into the directory of the configuration.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a shell script next to the configuration.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\n{body}"));
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Puts a provider into the mirror, under an address such as
    /// `example.com/acme/thing`. It is a script that starts `program`, which
    /// spares Terraform the hashing of a large file, with a variable set
    /// (`NAME=value`, or nothing).
    pub fn install(&self, address: &str, version: &str, program: &Path, setting: &str) {
        let name = address.rsplit('/').next().unwrap();
        let (os, arch) = platform();
        let dir = self.base.path().join("mirror").join(address);
        let dir = dir.join(version).join(format!("{os}_{arch}"));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(format!("terraform-provider-{name}_v{version}"));
        let script = format!("#!/bin/sh\n{setting} exec '{}' \"$@\"\n", program.display());
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes the CLI configuration: this workspace's mirror, and what `more`
    /// adds to the ways of installation.
    pub fn configure_cli(&self, more: &str) {
        let mirror = self.base.path().join("mirror");
        let text = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  \
             filesystem_mirror {{\n    path = \"{}\"\n  }}\n{more}}}\n",
            mirror.display()
        );
        fs::write(self.base.path().join("terraformrc"), text).unwrap();
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        self.start(args).wait()
    }

    /// Runs a command that has to succeed; returns its standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(said.status.success(), "terraform {args:?}: {said:#?}");
        said.stdout
    }

    /// Runs a command that has to fail; returns its standard error, freed from
    /// the frame and the line breaks that Terraform puts in.
    pub fn fails(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(!said.status.success(), "terraform {args:?}: {said:#?}");
        let lines = said.stderr.lines();
        let bare = lines.map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end());
        bare.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Starts a command.
    pub fn start(&self, args: &[&str]) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let stream = |name: &str| self.base.path().join(format!("{number}.{name}"));
        let (stdout, stderr) = (stream("stdout"), stream("stderr"));
        let terraform = [self.terraform.to_str().unwrap()];
        let wrapper = self.wrapper.iter().map(String::as_str);
        let mut words = wrapper.chain(terraform).chain(args.iter().copied());
        let child = Command::new(words.next().unwrap())
            .args(words)
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", Environment::Process.os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("TMPDIR", self.tmp())
            .env("TF_CLI_CONFIG_FILE", self.base.path().join("terraformrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_CLI_ARGS", "-no-color")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .process_group(0)
            .stdin(std::process::Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Running { child, stdout, stderr }
    }
}

impl Tool {
    /// `None` where it is missing, which has been said by then.
    fn program(self) -> Option<PathBuf> {
        let (name, variable) = match self {
            Tool::Terraform => ("terraform", "GC_TOKEN_TEST_TERRAFORM"),
            Tool::OpenTofu => ("tofu", "GC_TOKEN_TEST_TOFU"),
        };
        let named = Environment::Process.text(variable);
        let found = super::program(named.as_deref().unwrap_or(name));
        if found.is_none() {
            super::missing(&format!("{name} (tests/run has it, or {variable})"));
        }
        found
    }
}

impl Running {
    /// Waits for the command's end. One that hangs is killed after two minutes.
    pub fn wait(mut self) -> Said {
        for _ in 0..1200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Said {
                    status,
                    stdout: fs::read_to_string(&self.stdout).unwrap(),
                    stderr: fs::read_to_string(&self.stderr).unwrap(),
                };
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("terraform hangs; it said: {}", fs::read_to_string(&self.stderr).unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test has failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Operating system and architecture in Go's words.
fn platform() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    (os, arch)
}
