//! The pipeline and the component for GitLab, under `gitlab-ci-local`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use gc_token::internals::context::Environment;

use super::project::{Project, credentials};
use crate::common::{guard, missing, program};

#[test]
fn the_apply_uses_the_plan_jobs_token_out_of_the_carried_cache() {
    let Some(project) = project() else { return };
    let (ok, log) = project.run(&mut pipeline(&project));
    assert!(ok, "{log}");
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_eq!(plan, apply);
    assert_eq!(project.cloud.counters().mints, 1, "{log}");
    let cache = project.repo().join(".gitlab-ci-local/cache/gc-token/.gc-token-cache");
    assert!(fs::read_dir(cache).unwrap().count() > 0, "{log}");
    assert_nothing_leaked(&project);
}

#[test]
fn a_carried_token_that_lives_too_short_is_not_used_for_the_apply() {
    let Some(project) = project() else { return };
    project.shorten_tokens();
    let (ok, log) = project.run(&mut pipeline(&project));
    assert!(!ok && log.contains("cannot provide a token valid for 30m"), "{log}");
    let calls = project.take_calls();
    assert!(!calls.iter().any(|call| call.arguments.starts_with("apply")), "{calls:?}");

    project.lengthen_tokens();
    let (ok, log) = project.run(&mut pipeline(&project));
    assert!(ok, "{log}");
    project.assert_plan_and_apply(&log);
    assert_nothing_leaked(&project);
}

/// A project with its variables, which GitLab keeps outside the repository.
fn project() -> Option<Project> {
    for tool in ["node", "rsync"] {
        if program(tool).is_none() {
            missing(tool);
            return None;
        }
    }
    gitlab_ci_local()?;
    let project = Project::new("gitlab")?;
    let [id, secret] = credentials().map(|(name, value)| format!("{name}: \"{value}\"\n"));
    fs::write(project.path("variables.yml"), id + &secret + "CI_DEFAULT_BRANCH: main\n").unwrap();
    project.commit();
    Some(project)
}

fn gitlab_ci_local() -> Option<PathBuf> {
    let modules = Environment::of_process().text("GC_TOKEN_TEST_NODE_MODULES").map(PathBuf::from);
    let script = modules.map(|modules| modules.join(".bin/gitlab-ci-local"));
    let found = script.filter(|script| script.exists()).or_else(|| program("gitlab-ci-local"));
    if found.is_none() {
        missing("gitlab-ci-local (tests/run installs it in GC_TOKEN_TEST_NODE_MODULES)");
    }
    found
}

/// Runs the whole pipeline, in which the manual job is started.
fn pipeline(project: &Project) -> Command {
    let mut command = project.command("node");
    command
        .arg(gitlab_ci_local().unwrap())
        .args(["--force-shell-executor", "--shell-isolation", "--manual", "apply"])
        .args(["--variables-file", "../variables.yml"]);
    command
}

/// `gitlab-ci-local` writes the jobs' scripts with their variables, credentials included. As a
/// real runner does that, too, only the rest is searched.
fn assert_nothing_leaked(project: &Project) {
    let local = project.repo().join(".gitlab-ci-local");
    for part in ["artifacts", "cache", "output"] {
        guard::holds_nothing_below(&local.join(part));
    }
    fs::remove_dir_all(&local).unwrap();
    project.assert_nothing_leaked();
}
