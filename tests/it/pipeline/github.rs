//! GitHub Actions: after the documentation of workflow syntax and commands.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Job, Masked, SECRET, Variables, variables};

impl Job {
    /// Runs a job's steps; the log is the error when one fails.
    pub fn github(&mut self, workflow: &Value, job: &Value) -> Result<Masked, Masked> {
        let mut log = Masked::hiding(&[SECRET]);
        log.masks = true;
        // What earlier steps have put into GITHUB_ENV.
        let mut passed_on = Variables::new();
        for step in job["steps"].as_array().unwrap() {
            let Some(run) = step["run"].as_str() else {
                self.use_action(step);
                continue;
            };
            let file = self.dir().join("github_env");
            let path = self.dir().join("github_path");
            fs::write(&file, "").unwrap();
            fs::write(&path, "").unwrap();
            let mut env: Variables = variables(&workflow["env"], expression).collect();
            env.extend(variables(&job["env"], expression));
            env.extend(passed_on.clone());
            env.extend(variables(&step["env"], expression));
            env.insert("GITHUB_ENV".into(), file.display().to_string());
            env.insert("GITHUB_PATH".into(), path.display().to_string());
            env.insert("RUNNER_TEMP".into(), self.temporary().display().to_string());
            if !self.script(&["-e"], run, &env, &mut log) {
                assert_eq!(fs::read_to_string(&file).unwrap(), "");
                return Err(log);
            }
            passed_on.extend(set(&fs::read_to_string(&file).unwrap()));
            for dir in fs::read_to_string(&path).unwrap().lines() {
                let mode =
                    fs::metadata(Path::new(dir).join("gc-token")).unwrap().permissions().mode();
                assert_ne!(mode & 0o111, 0, "{dir}/gc-token cannot be run");
            }
        }
        Ok(log)
    }

    /// An action, named by the commit that it is at: a tag can be moved. Artifacts go
    /// from job to job, which share nothing else.
    fn use_action(&self, step: &Value) {
        let action = step["uses"].as_str().expect("a step runs or uses something");
        let (name, version) = action.split_once('@').expect("an action has a version");
        let is_commit = version.len() == 40 && version.bytes().all(|it| it.is_ascii_hexdigit());
        assert!(name.contains('/') && is_commit, "{action}");
        let with = |key: &str| step["with"][key].as_str().unwrap().to_owned();
        let kept = || self.base.path().join("artifacts").join(with("name"));
        match name {
            "actions/upload-artifact" => {
                fs::create_dir_all(kept()).unwrap();
                let file = self.dir().join(with("path"));
                let kept = kept().join(file.file_name().unwrap());
                fs::copy(&file, &kept).unwrap();
                // Artifacts lose the right to be run.
                fs::set_permissions(kept, fs::Permissions::from_mode(0o644)).unwrap();
            }
            "actions/download-artifact" => {
                let temporary = self.temporary().display().to_string();
                let to = with("path").replace("${{ runner.temp }}", &temporary);
                fs::create_dir_all(&to).unwrap();
                for file in fs::read_dir(kept()).unwrap() {
                    let file = file.unwrap();
                    fs::copy(file.path(), Path::new(&to).join(file.file_name())).unwrap();
                }
            }
            _ => {}
        }
    }

    fn temporary(&self) -> PathBuf {
        self.base.path().join("temporary")
    }
}

impl Masked {
    /// A line of a step's output: a command to the runner, or something to
    /// show.
    pub(super) fn obey(&mut self, line: &str) -> bool {
        let mask = line.strip_prefix("::add-mask::").filter(|_| self.masks);
        self.secrets.extend(mask.map(str::to_owned));
        mask.is_some()
    }
}

/// Resolves an expression; panics for an unknown one.
fn expression(text: &str) -> String {
    match text {
        "${{ vars.GENESYSCLOUD_OAUTHCLIENT_ID }}" => "sandbox-client".into(),
        "${{ secrets.GENESYSCLOUD_OAUTHCLIENT_SECRET }}" => SECRET.into(),
        plain => {
            assert!(!plain.contains("${{"), "unknown expression {plain}");
            plain.into()
        }
    }
}

/// The variables in the file: `NAME<<END`, the value's lines, `END`.
fn set(file: &str) -> Variables {
    let mut set = Variables::new();
    let mut lines = file.lines().filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let (name, end) = line.split_once("<<").unwrap();
        let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
        set.insert(name.into(), value.join("\n"));
    }
    set
}
