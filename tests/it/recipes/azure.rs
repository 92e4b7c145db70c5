//! The pipeline and the template for Azure Pipelines, whose steps are run after the
//! documentation of Azure: macros, secrets, logging commands, artifacts and caches.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::files::{copy_directory, read_yaml};
use super::project::{Project, credentials};

#[test]
fn the_apply_uses_the_plan_jobs_token_out_of_the_carried_cache() {
    let Some(project) = Project::new("azure") else { return };
    let log = run_stages(&project).unwrap();
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_eq!(plan, apply);
    assert_eq!(project.cloud.counters().mints, 1, "{log}");
    assert_eq!(fs::read_dir(project.path("store/cache")).unwrap().count(), 2, "{log}");
    project.assert_nothing_leaked();
}

#[test]
fn a_carried_token_that_lives_too_short_is_not_used_for_the_apply() {
    let Some(project) = Project::new("azure") else { return };
    project.shorten_tokens();
    let log = run_stages(&project).unwrap_err();
    assert!(log.contains("cannot provide a token valid for 30m"), "{log}");
    let calls = project.take_calls();
    assert!(!calls.iter().any(|call| call.arguments.starts_with("apply")), "{calls:?}");
}

#[test]
fn a_failed_installation_fails_its_own_step() {
    let Some(project) = Project::new("azure") else { return };
    fs::remove_dir_all(project.path("release")).unwrap();
    let log = run_stages(&project).unwrap_err();
    assert_eq!(project.take_calls(), [], "{log}");
}

struct Agent<'a> {
    project: &'a Project,
    directory: PathBuf,
    /// Each is in a step's environment, and replaces `$(name)`.
    variables: BTreeMap<String, String>,
    /// Replaces `$(name)` alone.
    secrets: BTreeMap<String, String>,
    path: Vec<String>,
    /// Caches to be saved when the job has succeeded.
    caches: Vec<(PathBuf, PathBuf)>,
    log: String,
}

/// Runs the jobs of both stages, each on a machine of its own. The log is the error if one
/// fails.
fn run_stages(project: &Project) -> Result<String, String> {
    let pipeline = read_yaml(&project.repo().join("azure-pipelines.yml"));
    let mut log = String::new();
    for stage in pipeline["stages"].as_array().unwrap() {
        let name = stage["stage"].as_str().unwrap();
        let job = &stage["jobs"][0];
        let mut agent = Agent::new(project, name, &pipeline["variables"]);
        let steps = match &job["steps"] {
            Value::Null => {
                assert_eq!(job["environment"], "genesys-cloud", "an approval");
                &job["strategy"]["runOnce"]["deploy"]["steps"]
            }
            steps => steps,
        };
        let ok = agent.run_steps(steps);
        log += &agent.log;
        if !ok {
            return Err(log);
        }
        for (directory, entry) in &agent.caches {
            if directory.exists() && !entry.exists() {
                copy_directory(directory, entry);
            }
        }
    }
    Ok(log)
}

impl<'a> Agent<'a> {
    fn new(project: &'a Project, job: &str, variables: &Value) -> Agent<'a> {
        let directory = project.path("tmp").join(job);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("temp")).unwrap();
        copy_directory(&project.repo(), &directory.join("work"));
        let path = |name: &str| directory.join(name).display().to_string();
        let mut agent = Agent {
            project,
            variables: BTreeMap::from([
                ("Pipeline.Workspace".into(), path("")),
                ("Agent.TempDirectory".into(), path("temp")),
                ("Build.BuildId".into(), "7".into()),
                ("System.JobId".into(), job.into()),
            ]),
            secrets: BTreeMap::new(),
            path: Vec::new(),
            caches: Vec::new(),
            log: String::new(),
            directory,
        };
        for variable in variables.as_array().unwrap() {
            if let Some(name) = variable["name"].as_str() {
                let value = variable["value"].as_str().unwrap();
                agent.variables.insert(name.into(), value.into());
            } else {
                assert_eq!(variable["group"], "genesys-cloud");
                let [(id, client), (name, secret)] = credentials();
                agent.variables.insert(id.into(), client.into());
                agent.secrets.insert(name.into(), secret.into());
            }
        }
        agent
    }

    fn run_steps(&mut self, steps: &Value) -> bool {
        steps.as_array().unwrap().iter().all(|step| self.run_step(step))
    }

    fn run_step(&mut self, step: &Value) -> bool {
        if let Some(script) = step["bash"].as_str() {
            return self.run_bash(script, &step["env"]);
        }
        if let Some(file) = step["template"].as_str() {
            let template = read_yaml(&self.directory.join("work").join(file));
            let steps = expand(&template, &step["parameters"]);
            return self.run_steps(&steps);
        }
        let artifact = |name: &Value| {
            self.project.path("store").join("artifacts").join(name.as_str().unwrap())
        };
        if let Some(file) = step["publish"].as_str() {
            let to = artifact(&step["artifact"]);
            fs::create_dir_all(&to).unwrap();
            fs::copy(self.directory.join("work").join(file), to.join(file)).unwrap();
        } else if step["download"] == "current" {
            let name = step["artifact"].as_str().unwrap();
            copy_directory(&artifact(&step["artifact"]), &self.directory.join(name));
        } else if step["task"] == "Cache@2" {
            assert_eq!(step["condition"], "and(succeeded(), eq('true', 'true'))");
            self.restore_cache(&step["inputs"]);
        } else {
            assert_eq!(step["checkout"], "self", "{step}");
        }
        true
    }

    fn run_bash(&mut self, script: &str, mapped: &Value) -> bool {
        let file = self.directory.join("temp/script.sh");
        fs::write(&file, self.expand_macros(script)).unwrap();
        let mut command = self.project.command("bash");
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap();
        let mut path = path.to_str().unwrap().to_owned();
        for directory in &self.path {
            path = format!("{directory}:{path}");
        }
        command.args(["--noprofile", "--norc"]).arg(&file).current_dir(self.directory.join("work"));
        command.env("PATH", path);
        for (name, value) in &self.variables {
            command.env(name.to_uppercase().replace('.', "_"), value);
        }
        for (name, value) in mapped.as_object().into_iter().flatten() {
            command.env(name, self.expand_macros(value.as_str().unwrap()));
        }
        let (ok, output) = self.project.run(&mut command);
        for line in output.lines() {
            if let Some(directory) = line.strip_prefix("##vso[task.prependpath]") {
                self.path.push(directory.to_owned());
            } else if let Some(set) = line.strip_prefix("##vso[task.setvariable variable=") {
                let (name, value) = set.split_once(']').unwrap();
                self.variables.insert(name.to_owned(), value.to_owned());
            } else {
                assert!(!line.contains("##vso"), "{line}");
            }
        }
        self.log += &output;
        ok
    }

    /// Replaces `$(name)`; an unknown name stays, for the shell.
    fn expand_macros(&self, text: &str) -> String {
        let known = self.variables.iter().chain(&self.secrets);
        known
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
    }

    /// Restores the entry with this key, or else the newest with one of the prefixes.
    fn restore_cache(&mut self, inputs: &Value) {
        let input = |name: &str| self.expand_macros(inputs[name].as_str().unwrap());
        let parse = |key: &str| {
            key.split('|').map(|part| part.trim().trim_matches('"')).collect::<Vec<_>>().join("_")
        };
        let store = self.project.path("store/cache");
        fs::create_dir_all(&store).unwrap();
        let names = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap());
        let mut names: Vec<_> =
            names.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        let key = parse(&input("key"));
        let directory = PathBuf::from(input("path"));
        assert!(!directory.exists(), "this machine has a cache already");
        let restored = input("restoreKeys");
        let prefixes = [key.clone()].into_iter().chain(restored.lines().map(parse));
        let find = |prefix: String| names.iter().rev().find(|name| name.starts_with(&prefix));
        if let Some(name) = prefixes.into_iter().find_map(find) {
            copy_directory(&store.join(name), &directory);
        }
        self.caches.push((directory, store.join(key)));
    }
}

/// Expands the expressions of a template of steps.
fn expand(template: &Value, given: &Value) -> Value {
    let parameters: BTreeMap<_, _> = template["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap();
            let value = given.get(name).unwrap_or(&parameter["default"]);
            (name, value.as_str().unwrap().to_owned())
        })
        .collect();
    let mut text = template["steps"].to_string();
    for (name, value) in &parameters {
        text = text.replace(&format!("${{{{ parameters.{name} }}}}"), value);
    }
    assert!(!text.contains("${{"), "{text}");
    serde_json::from_str(&text).unwrap()
}
