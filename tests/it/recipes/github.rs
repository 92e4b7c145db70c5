//! The workflow and the action for GitHub, under `act`.

use std::fs;
use std::path::Path;
use std::process::Command;

use gc_token::internals::context::Environment;

use super::project::{Project, credentials};
use crate::common::{guard, missing, program};

const WORKFLOW: &str = ".github/workflows/genesys-cloud.yml";

/// Actions of others, with the commits that the recipe names, have stand-ins in tests/ci.
const STAND_INS: [&str; 4] = [
    "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830",
    "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093",
    "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02",
    "hashicorp/setup-terraform@b9cd54a3c349d3f38e8881555d616ced269862dd",
];

#[test]
fn the_apply_uses_the_plan_jobs_token_out_of_the_carried_cache() {
    let Some(project) = project() else { return };
    let (ok, log) = project.run(&mut unmasked(&project));
    assert!(ok, "{log}");
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_eq!(plan, apply);
    assert_eq!(project.cloud.counters().mints, 1, "{log}");
    assert_eq!(fs::read_dir(project.path("store/cache")).unwrap().count(), 2, "{log}");
    project.assert_nothing_leaked();
}

#[test]
fn a_carried_token_that_lives_too_short_is_not_used_for_the_apply() {
    let Some(project) = project() else { return };
    project.shorten_tokens();
    let (ok, log) = project.run(&mut unmasked(&project));
    assert!(!ok && log.contains("cannot provide a token valid for 30m"), "{log}");
    let calls = project.take_calls();
    assert!(!calls.iter().any(|call| call.arguments.starts_with("apply")), "{calls:?}");

    let before = project.cloud.counters().mints;
    project.lengthen_tokens();
    let (ok, log) = project.run(&mut unmasked(&project));
    assert!(ok, "{log}");
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_ne!(plan, apply);
    assert_eq!(project.cloud.counters().mints - before, 1, "{log}");
    project.assert_nothing_leaked();
}

#[test]
fn a_token_for_later_steps_is_masked() {
    let Some(project) = project() else { return };
    let steps = "
on: push
jobs:
  job:
    runs-on: ubuntu-latest
    env:
      GC_TOKEN_LOGIN_URL: LOGIN
      GC_TOKEN_API_URL: API
      GENESYSCLOUD_OAUTHCLIENT_ID: ${{ vars.GENESYSCLOUD_OAUTHCLIENT_ID }}
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/gc-token
        with:
          token: true
          client-secret: ${{ secrets.GENESYSCLOUD_OAUTHCLIENT_SECRET }}
      - run: echo \"secret ${GENESYSCLOUD_OAUTHCLIENT_SECRET-unset} token $GENESYSCLOUD_ACCESS_TOKEN\"
";
    let urls = steps.replace("LOGIN\n", &format!("{}\n", project.cloud.login_url()));
    let urls = urls.replace("API\n", &format!("{}\n", project.cloud.api_url()));
    fs::write(project.repo().join(".github/workflows/token.yml"), urls).unwrap();
    let mut act = act(&project, ".github/workflows/token.yml");
    let (ok, log) = project.run(&mut act);
    assert!(ok, "{log}");
    assert!(log.contains("secret unset token ***"), "{log}");
    assert_eq!(project.cloud.counters().mints, 1);
}

#[test]
fn a_changed_archive_is_refused() {
    let Some(project) = project() else { return };
    project.spoil_archive();
    let (ok, log) = project.run(&mut unmasked(&project));
    assert!(!ok && log.contains("download.tar.gz: FAILED"), "{log}");
    assert_eq!(project.take_calls(), []);
}

/// A project with the credentials in files, where `act` looks for them.
fn project() -> Option<Project> {
    act_program()?;
    let project = Project::new("github")?;
    let [id, secret] = credentials().map(|(name, value)| format!("{name}=\"{value}\"\n"));
    fs::write(project.path("vars"), id).unwrap();
    fs::write(project.path("secrets"), secret).unwrap();
    project.commit();
    Some(project)
}

fn act_program() -> Option<std::path::PathBuf> {
    let named = Environment::of_process().text("GC_TOKEN_TEST_ACT").map(std::path::PathBuf::from);
    let found = named.or_else(|| program("act"));
    if found.is_none() {
        missing("act (tests/run installs it, or GC_TOKEN_TEST_ACT names it)");
    }
    found
}

/// Runs the recipe without any mask, so that the search of the log finds what was printed.
fn unmasked(project: &Project) -> Command {
    let mut act = act(project, WORKFLOW);
    act.arg("--insecure-secrets");
    act
}

/// Runs a workflow on this machine.
fn act(project: &Project, workflow: &str) -> Command {
    let mut command = project.command(act_program().unwrap());
    command.args(["push", "--platform", "ubuntu-latest=-self-hosted", "--pull=false"]);
    command.args(["--no-cache-server", "--workflows", workflow]);
    for (flag, file) in [("--var-file", "vars"), ("--secret-file", "secrets")] {
        command.arg(flag).arg(project.path(file));
    }
    let actions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ci/github");
    for action in STAND_INS {
        let (name, _) = action.split_once('@').unwrap();
        let dir = actions.join(name.rsplit('/').next().unwrap());
        command.arg("--local-repository").arg(format!("{action}={}", dir.display()));
    }
    command
}

#[test]
fn every_action_of_others_is_named_by_its_commit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["workflow.yml", "action.yml"] {
        let text = fs::read_to_string(root.join("src/ci/github").join(file)).unwrap();
        guard::holds_no_secret(text.as_bytes(), file);
        let uses = text.lines().filter_map(|line| line.trim().split_once("uses: "));
        let actions: Vec<_> = uses.map(|(_, action)| action).collect();
        assert!(!actions.is_empty());
        for action in actions {
            let commit = action.split(['@', ' ']).nth(1).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(action == "./.github/actions/gc-token" || is_commit, "{action}");
        }
    }
}
