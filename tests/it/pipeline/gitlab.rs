//! GitLab CI: all lines of a job's script in one shell, which stops at the
//! first failure, as the runner's own prologue makes it.

use serde_json::Value;

use super::{Job, Masked, SECRET, Variables, variables};

impl Job {
    /// Runs a job's script; the log is the error when it fails.
    pub fn gitlab(&mut self, pipeline: &Value, job: &Value) -> Result<Masked, Masked> {
        let mut log = Masked::hiding(&[SECRET]);
        let lines = job["script"].as_array().unwrap().iter();
        let lines: Vec<_> = lines.map(|line| line.as_str().unwrap()).collect();
        let script = format!("set -eo pipefail\nset +o noclobber\n{}\n", lines.join("\n"));
        // Variables of the project.
        let mut env = Variables::from([
            ("GENESYSCLOUD_OAUTHCLIENT_ID".into(), "sandbox-client".into()),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET".into(), SECRET.into()),
        ]);
        env.extend(variables(&pipeline["variables"], str::to_owned));
        env.extend(variables(&job["variables"], str::to_owned));
        match self.script(&[], &script, &env, &mut log) {
            true => Ok(log),
            false => Err(log),
        }
    }
}
