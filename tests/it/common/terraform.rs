//! Runs the real `terraform` or `tofu` hermetically: its own home, configuration, temporary
//! directory and provider mirror, and no network unless the `external` provider comes from
//! the registry.

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `terraform` in the `PATH`, or what `GC_TOKEN_TEST_TERRAFORM` names.
    Terraform,
    /// `tofu`: the path in `GC_TOKEN_TEST_TOFU`, as `tests/opentofu` prints it, or in the
    /// `PATH`.
    OpenTofu,
}

/// A directory with a Terraform configuration, and its environment.
pub struct Workspace {
    terraform: PathBuf,
    wrapper: Vec<String>,
    base: TempDir,
    variables: Vec<(String, String)>,
    started: AtomicUsize,
}

#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

pub struct Running {
    pub child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Workspace {
    /// Creates a workspace for Terraform; see [`Workspace::of`].
    pub fn new(main: &str) -> Option<Workspace> {
        Workspace::of(Tool::Terraform, main)
    }

    /// Creates a workspace with this `main.tf`. Returns `None` if the tool is missing, which
    /// is reported, and is a failure in CI.
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

    /// Creates a workspace with the `external` provider.
    pub fn with_external(main: &str) -> Option<Workspace> {
        let workspace = Workspace::new(main)?;
        External::of_machine(&workspace.terraform).serve_to(&workspace);
        Some(workspace)
    }

    /// Sets an environment variable for later commands.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Runs later commands through a wrapper: its name and arguments go in front of the
    /// tool's own command.
    pub fn wrap(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    pub fn program(&self) -> &Path {
        &self.terraform
    }

    /// The directory of everything: the output of commands, the home directory, `TMPDIR`.
    pub fn base(&self) -> &Path {
        self.base.path()
    }

    pub fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }

    /// The directory of the configuration, in which commands run.
    pub fn dir(&self) -> PathBuf {
        self.base.path().join("work")
    }

    /// `TMPDIR` of the commands.
    pub fn tmp(&self) -> PathBuf {
        self.base.path().join("tmp")
    }

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

    /// Adds a provider to the mirror, under an address such as `example.com/acme/thing`. It
    /// is a script that starts `program`, because Terraform would hash a large file, with the
    /// variable in `setting` (`NAME=value`, or nothing).
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

    /// Writes the CLI configuration: this workspace's mirror, and `more` installation
    /// methods.
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
    pub fn run(&self, args: &[&str]) -> Output {
        self.start(args).wait()
    }

    /// Runs a command that must succeed; returns its standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "terraform {args:?}: {output:#?}");
        output.stdout
    }

    /// Runs a command that must fail; returns its standard error without Terraform's frame
    /// and line breaks.
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "terraform {args:?}: {output:#?}");
        let lines = output.stderr.lines();
        let bare = lines.map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end());
        bare.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

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
            .env("PATH", Environment::of_process().os("PATH").unwrap_or_default())
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
    /// Returns `None` if the tool is missing, which is reported.
    fn program(self) -> Option<PathBuf> {
        let (name, variable) = match self {
            Tool::Terraform => ("terraform", "GC_TOKEN_TEST_TERRAFORM"),
            Tool::OpenTofu => ("tofu", "GC_TOKEN_TEST_TOFU"),
        };
        let named = Environment::of_process().text(variable);
        let found = super::program(named.as_deref().unwrap_or(name));
        if found.is_none() {
            super::missing(&format!("{name} (tests/run has it, or {variable})"));
        }
        found
    }
}

impl Running {
    /// Waits for the command; panics after two minutes.
    pub fn wait(mut self) -> Output {
        for _ in 0..1200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Output {
                    status,
                    stdout: fs::read_to_string(&self.stdout).unwrap(),
                    stderr: fs::read_to_string(&self.stderr).unwrap(),
                };
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("terraform hangs; it printed: {}", fs::read_to_string(&self.stderr).unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test has failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The operating system and architecture, by Go's names.
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
