//! The program that the data source runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use gc_token::internals::context::Environment;
use gc_token::internals::terraform::plugin::Diagnostic;

/// A program that has been found.
pub(crate) struct Program {
    argv: Vec<String>,
    path: PathBuf,
}

/// Finds the program that `argv`, which is not empty, begins with.
pub(crate) fn find(argv: Vec<String>) -> Result<Program, Diagnostic> {
    let found = match argv[0].contains('/') {
        true => Some(PathBuf::from(&argv[0])).filter(|path| is_executable(path)),
        false => in_path(&argv[0]),
    };
    match found {
        Some(path) => Ok(Program { argv, path }),
        None => Err(error(
            "External Program Lookup Failed",
            "There is no such program, or it may not be executed.",
            // The real one shows a value of Terraform's here.
            &[("Program", &format!("{:?}", argv[0]))],
        )),
    }
}

impl Program {
    /// Runs the program with `query` on its standard input; returns its
    /// standard output.
    pub(crate) fn run(
        &self,
        query: &str,
        working_dir: Option<&str>,
    ) -> Result<Vec<u8>, Diagnostic> {
        let output = self
            .output(query, working_dir)
            .map_err(|why| self.failed(&[("State", &why.to_string())]))?;
        log("stdout", &output.stdout);
        log("stderr", &output.stderr);
        if output.status.success() {
            return Ok(output.stdout);
        }
        let state = state(output.status);
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(match stderr.is_empty() {
            true => self.failed(&[("State", &state)]),
            false => self.failed(&[("Error Message", &stderr), ("State", &state)]),
        })
    }

    fn output(&self, query: &str, working_dir: Option<&str>) -> std::io::Result<Output> {
        let mut command = Command::new(&self.path);
        command.args(&self.argv[1..]);
        if let Some(dir) = working_dir {
            command.current_dir(dir);
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let query = query.to_owned();
        std::thread::spawn(move || {
            // A program need not read its query.
            stdin.map(|mut stdin| stdin.write_all(query.as_bytes()))
        });
        child.wait_with_output()
    }

    /// Reads what the program printed.
    pub(crate) fn parse(&self, stdout: &[u8]) -> Result<BTreeMap<String, String>, Diagnostic> {
        // Go's decoder takes null for an empty map, and for an empty string.
        type Printed = Option<BTreeMap<String, Option<String>>>;
        let printed: Printed = serde_json::from_slice(stdout).map_err(|why| {
            error(
                "Unexpected External Program Results",
                "The program has to print a JSON object whose values are all strings.",
                &[
                    ("Program", &self.path.display().to_string()),
                    ("Result Error", &why.to_string()),
                ],
            )
        })?;
        let pairs = printed.unwrap_or_default().into_iter();
        Ok(pairs.map(|(key, value)| (key, value.unwrap_or_default())).collect())
    }

    fn failed(&self, facts: &[(&str, &str)]) -> Diagnostic {
        let path = self.path.display().to_string();
        let mut all = vec![("Program", path.as_str())];
        all.extend(facts);
        error(
            "External Program Execution Failed",
            "The program could not be run, or reported a failure.",
            &all,
        )
    }
}

fn error(summary: &str, detail: &str, facts: &[(&str, &str)]) -> Diagnostic {
    let facts = facts.iter().map(|(name, fact)| format!("\n{name}: {fact}"));
    let detail = format!("{detail}\n{}", facts.collect::<String>());
    Diagnostic::error(summary, detail).with_attribute("program")
}

/// The exit status, in Go's format.
fn state(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => status.to_string(),
    }
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = Environment::of_process().os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(OsStr::new(name)));
    candidates.find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Logs what the program printed, as the real provider does: a line of
/// go-hclog's JSON, which shows with `TF_LOG=TRACE`.
fn log(stream: &str, bytes: &[u8]) {
    let line = serde_json::json!({
        "@level": "trace",
        "@message": "Executed external program",
        stream: String::from_utf8_lossy(bytes),
    });
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
