//! `terraform-examples/ci-env` is run against the sandbox: its script in the
//! shells, the steps of its pipelines as the CI systems run them, and the
//! commands of its README.

use std::fs;

use crate::pipeline::{Job, Masked, SECRET};
use serde_json::Value;

/// Set by the pipelines, besides the sandbox's variables.
const REGION: &str = "eu-west-1";

#[test]
fn with_token_runs_its_command_with_a_token_and_without_the_secret() {
    for shell in ["bash", "dash"] {
        if crate::common::program(shell).is_none() {
            crate::common::missing(shell);
            continue;
        }
        let mut job = Job::new();
        let script = example("with-token.sh");
        let script = script.to_str().unwrap();
        let output = job.run(shell, &[script, "terraform", "apply it"], &[]);
        assert!(output.status.success(), "{shell}: {output:?}");
        let calls = job.terraform_calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].arguments, "apply it");
        assert_eq!(calls[0].secret, "unset");
        assert!(job.api_accepts(&calls[0].token));

        let minutes = job.run(shell, &[script, "terraform"], &[("MIN_TTL", "2d")]);
        assert_eq!(minutes.status.code(), Some(1), "{shell}: {minutes:?}");
        let said = String::from_utf8_lossy(&minutes.stderr);
        assert!(said.contains("cannot provide a token valid for"), "{said}");
        assert_eq!(job.terraform_calls().len(), 1, "{shell} went on");
    }
}

#[test]
fn with_token_stops_without_a_token() {
    for shell in ["bash", "dash"] {
        if crate::common::program(shell).is_none() {
            crate::common::missing(shell);
            continue;
        }
        let mut job = Job::new();
        let script = example("with-token.sh");
        let wrong = [("GENESYSCLOUD_OAUTHCLIENT_SECRET", "wrong-secret")];
        let output = job.run(shell, &[script.to_str().unwrap(), "terraform"], &wrong);
        assert!(!output.status.success(), "{shell} went on");
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("authentication failed"), "{said}");
        assert!(!said.contains("wrong-secret"), "{said}");
        assert_eq!(job.terraform_calls(), []);
    }
}

#[test]
fn github_runs_both_jobs_and_its_log_stays_clean() {
    let workflow = yaml(&text("github-actions.yml"));
    assert_eq!(workflow["on"]["push"]["branches"][0], "main");
    let jobs = after_the_build(&workflow);
    assert_eq!(jobs.len(), 2);
    for (name, steps, mut job) in jobs {
        let log = job.github(&workflow, steps).unwrap();
        assert_applied(name, &job, &log);
    }
}

/// The build runs in a job without secrets; later jobs download its artifact.
fn after_the_build(workflow: &Value) -> Vec<(&str, &Value, Job)> {
    let jobs = workflow["jobs"].as_object().unwrap();
    let build = &jobs["build"];
    for place in [build, &workflow["env"]] {
        assert!(!place.to_string().contains("secrets."), "{place}");
    }
    let others = jobs.iter().filter(|(name, _)| *name != "build");
    others
        .map(|(name, steps)| {
            assert_eq!(steps["needs"], "build", "{name}");
            assert!(!steps.to_string().contains("cargo"), "{name} builds something");
            let mut job = Job::new();
            job.github(workflow, build).unwrap();
            (name.as_str(), steps, job)
        })
        .collect()
}

#[test]
fn github_stops_at_the_step_that_gets_no_token() {
    let workflow = yaml(&text("github-actions.yml"));
    for (name, steps, mut job) in after_the_build(&workflow) {
        job.rotate_secret();
        let log = job.github(&workflow, steps).unwrap_err();
        assert!(log.text.contains("authentication failed"), "{name}: {log:?}");
        assert!(!log.text.contains(SECRET), "{name}: {log:?}");
        let calls = job.terraform_calls();
        assert!(!calls.iter().any(|call| call.arguments.starts_with("apply")), "{name}: {calls:?}");
    }
}

#[test]
fn gitlab_runs_its_job() {
    let pipeline = yaml(&text("gitlab-ci.yml"));
    let mut job = Job::new();
    let log = job.gitlab(&pipeline, &pipeline["apply"]).unwrap();
    assert_applied("apply", &job, &log);
}

#[test]
fn gitlab_stops_where_it_gets_no_token() {
    let pipeline = yaml(&text("gitlab-ci.yml"));
    let mut job = Job::new();
    job.rotate_secret();
    let log = job.gitlab(&pipeline, &pipeline["apply"]).unwrap_err();
    assert!(log.text.contains("authentication failed"), "{log:?}");
    assert_eq!(job.terraform_calls(), []);
}

#[test]
fn gitlabs_dotenv_report_is_an_artifact_that_expires() {
    let pipeline = yaml(&block("yaml", "dotenv:"));
    let artifacts = &pipeline["token"]["artifacts"];
    assert_eq!(artifacts["expire_in"], "1 hour");
    let mut job = Job::new();
    job.gitlab(&pipeline, &pipeline["token"]).unwrap();
    let report = artifacts["reports"]["dotenv"].as_str().unwrap();
    let report = fs::read_to_string(job.dir().join(report)).unwrap();
    let token = report.strip_prefix("GENESYSCLOUD_ACCESS_TOKEN=").unwrap();
    assert!(job.api_accepts(token.trim_end()), "{report}");
}

#[test]
fn azure_hands_the_secret_variable_to_the_step_that_maps_it() {
    let pipeline = yaml(&block("yaml", "azure-pipelines"));
    let mut job = Job::new();
    let log = job.azure(&pipeline["steps"]).unwrap();
    let calls = job.terraform_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].arguments, "apply -input=false -auto-approve");
    assert_eq!(calls[0].secret, "unset");
    assert!(job.api_accepts(&calls[0].token));
    assert!(!log.text.contains(&calls[0].token));
}

#[test]
fn the_readmes_commands_work() {
    for (shell, tool) in [("bash", "curl"), ("dash", "curl")] {
        let missing = [shell, tool].into_iter().find(|it| crate::common::program(it).is_none());
        if let Some(missing) = missing {
            crate::common::missing(missing);
            continue;
        }
        let mut job = Job::new();
        fs::copy(example("with-token.sh"), job.dir().join("with-token.sh")).unwrap();
        let script = format!("set -eu\n{CLEAN_UP}\n{}", block("sh", "gc-token sandbox"));
        let output = job.run(shell, &["-c", &script], &[]);
        assert!(output.status.success(), "{shell}: {output:?}");
        let me: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(me["OAuthClient"]["name"], "sandbox", "{shell}");
    }
}

/// Should a command fail before the sandbox is stopped.
const CLEAN_UP: &str = r#"trap 'kill "$sandbox" 2>/dev/null || :' EXIT"#;

/// Terraform was called as in the file, each time without the client secret and with a
/// token that works, unless it is `init`, which needs none.
fn assert_applied(name: &str, job: &Job, log: &Masked) {
    assert!(["one-command", "several-steps", "apply"].contains(&name), "{name}");
    let calls = job.terraform_calls();
    let arguments: Vec<_> = calls.iter().map(|call| &*call.arguments).collect();
    assert_eq!(
        arguments,
        ["init -input=false", "apply -input=false -auto-approve"],
        "{name}: {log:?}"
    );
    for call in calls {
        assert_eq!((&*call.secret, &*call.region), ("unset", REGION), "{name}");
        let needs_none = call.arguments.starts_with("init") && call.token.is_empty();
        assert!(needs_none || job.api_accepts(&call.token), "{name}");
        // `exec` tells nobody to mask the token.
        if log.masks && name == "several-steps" {
            assert!(!log.text.contains(&call.token), "{name}: {log:?}");
            assert!(log.text.contains("terraform has ***"), "{name}: {log:?}");
        }
    }
    assert!(!log.text.contains(SECRET), "{name}: {log:?}");
}

fn example(name: &str) -> std::path::PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("terraform-examples/ci-env").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(example(name)).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// The README's block in this language that holds `words`.
fn block(language: &str, words: &str) -> String {
    crate::common::example::block(&text("README.md"), language, words)
}
