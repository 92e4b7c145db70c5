//! GitHub Actions: after the documentation of workflow syntax and commands.

use std::fs;

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
                let action = step["uses"].as_str().expect("a step runs or uses something");
                let (name, version) = action.split_once('@').expect("an action has a version");
                assert!(name.contains('/') && version.starts_with('v'), "{action}");
                continue;
            };
            let file = self.dir().join("github_env");
            fs::write(&file, "").unwrap();
            let mut env: Variables = variables(&workflow["env"], expression).collect();
            env.extend(variables(&job["env"], expression));
            env.extend(passed_on.clone());
            env.extend(variables(&step["env"], expression));
            env.insert("GITHUB_ENV".into(), file.display().to_string());
            if !self.script(&["-e"], run, &env, &mut log) {
                assert_eq!(fs::read_to_string(&file).unwrap(), "");
                return Err(log);
            }
            passed_on.extend(set(&fs::read_to_string(&file).unwrap()));
        }
        Ok(log)
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

/// What the contexts hold; anything else is a mistake in the file.
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
