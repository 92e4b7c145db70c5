//! Azure Pipelines: a variable becomes part of a step's environment by itself,
//! a secret one only where the step maps it.

use serde_json::Value;

use super::{Job, Masked, SECRET, Variables, variables};

impl Job {
    /// Runs the steps; the log is the error when one fails.
    pub fn azure(&mut self, steps: &Value) -> Result<Masked, Masked> {
        let mut log = Masked::hiding(&[SECRET]);
        let mut plain = Variables::from([(
            "GENESYSCLOUD_OAUTHCLIENT_ID".to_owned(),
            "sandbox-client".to_owned(),
        )]);
        let mut secret =
            Variables::from([("GENESYSCLOUD_OAUTHCLIENT_SECRET".to_owned(), SECRET.to_owned())]);
        for step in steps.as_array().unwrap() {
            let mut env = plain.clone();
            env.extend(variables(&step["env"], |text| {
                let name = text.strip_prefix("$(").and_then(|it| it.strip_suffix(')'));
                name.map_or(text.to_owned(), |name| secret[name].clone())
            }));
            let mut output = Masked::default();
            let bash = ["--noprofile", "--norc"];
            let ok = self.script(&bash, step["bash"].as_str().unwrap(), &env, &mut output);
            for line in output.text.lines() {
                match line.strip_prefix("##vso[task.setvariable variable=") {
                    None => log.append(line),
                    Some(command) => {
                        let (name, value) = command.split_once(']').unwrap();
                        match name.strip_suffix(";issecret=true") {
                            None => plain.insert(name.into(), value.into()),
                            Some(name) => {
                                log.secrets.push(value.into());
                                secret.insert(name.into(), value.into())
                            }
                        };
                    }
                }
            }
            if !ok {
                return Err(log);
            }
        }
        Ok(log)
    }
}
