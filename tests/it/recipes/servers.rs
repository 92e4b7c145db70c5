//! The recipes for Jenkins, Atlantis and HCP Terraform, whose steps are run as those systems
//! run them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{copy_directory, read_yaml};
use super::project::{Project, REGION, credentials, write_program};
use crate::clients::client::installed;

#[test]
fn jenkins_carries_plan_and_cache_to_another_agent() {
    let Some(project) = Project::new("jenkins") else { return };
    let log = Jenkins::new(&project).run(&project.read("repo/Jenkinsfile"));
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_eq!(plan, apply);
    assert_eq!(project.cloud.counters().mints, 1, "{log}");
    project.assert_nothing_leaked();
}

/// Reads a declarative pipeline line by line, in the layout of the recipe.
struct Jenkins<'a> {
    project: &'a Project,
    variables: BTreeMap<String, String>,
    workspace: PathBuf,
    agents: usize,
    log: String,
}

impl<'a> Jenkins<'a> {
    fn new(project: &'a Project) -> Jenkins<'a> {
        let workspace = PathBuf::new();
        Jenkins { project, variables: BTreeMap::new(), workspace, agents: 0, log: String::new() }
    }

    fn run(mut self, pipeline: &str) -> String {
        let mut lines = pipeline.lines().map(str::trim);
        let mut with_credentials = false;
        let mut approved = false;
        while let Some(line) = lines.next() {
            if line == "agent any" {
                self.allocate_agent();
            } else if line.starts_with("withCredentials(") {
                with_credentials = true;
            } else if line == "}" {
                with_credentials = false;
            } else if line == "sh '''" {
                let script: Vec<_> = lines.by_ref().take_while(|line| *line != "'''").collect();
                self.run_shell(&script.join("\n"), false);
            } else if let Some(script) = line.strip_prefix("sh '") {
                assert!(approved || !script.contains("apply"), "not approved: {script}");
                self.run_shell(script.strip_suffix('\'').unwrap(), with_credentials);
            } else if line.starts_with("input ") {
                approved = true;
            } else if line == "stash name: 'plan', includes: 'tfplan,.gc-token-cache/**'" {
                let stash = self.project.path("store");
                fs::copy(self.workspace.join("tfplan"), stash.join("tfplan")).unwrap();
                copy_directory(&self.workspace.join(CACHE), &stash.join(CACHE));
            } else if line == "unstash 'plan'" {
                copy_directory(&self.project.path("store"), &self.workspace);
            } else if let Some((name, value)) = line.split_once(" = '") {
                let value = value.strip_suffix('\'').unwrap();
                self.variables.insert(name.to_owned(), value.to_owned());
            }
        }
        self.log
    }

    fn allocate_agent(&mut self) {
        self.agents += 1;
        self.workspace = self.project.path("tmp").join(format!("agent-{}", self.agents));
        copy_directory(&self.project.repo(), &self.workspace);
    }

    fn run_shell(&mut self, script: &str, with_credentials: bool) {
        let file = self.project.path("tmp").join("script.sh");
        fs::write(&file, script).unwrap();
        let mut command = self.project.command("sh");
        command.arg("-xe").arg(&file).current_dir(&self.workspace).envs(&self.variables);
        command.env("WORKSPACE_TMP", format!("{}@tmp", self.workspace.display()));
        if with_credentials {
            command.envs(credentials());
        }
        let (ok, log) = self.project.run(&mut command);
        self.log += &log;
        assert!(ok, "{}", self.log);
    }
}

const CACHE: &str = ".gc-token-cache";

#[test]
fn atlantis_runs_the_workflow_with_the_servers_cache() {
    let Some(project) = Project::new("atlantis") else { return };
    let mut install = project.command("sh");
    let (ok, log) = project.run(install.arg("install-gc-token.sh").arg(project.path("bin")));
    assert!(ok, "{log}");

    let server = read_yaml(&project.repo().join("repos.yaml"));
    assert_eq!(server["repos"][0]["allow_custom_workflows"], false);
    let workflow = &server["workflows"][server["repos"][0]["workflow"].as_str().unwrap()];
    let mut log = String::new();
    for phase in ["plan", "apply"] {
        let mut variables = BTreeMap::new();
        for step in workflow[phase]["steps"].as_array().unwrap() {
            if let Some(script) = step["run"].as_str() {
                let mut command = project.command("sh");
                command.args(["-c", script]).envs(credentials()).envs(&variables);
                command.env("PLANFILE", project.path("store/default.tfplan"));
                let (ok, said) = project.run(&mut command);
                log += &said;
                assert!(ok, "{log}");
            } else {
                let text = |key: &str| step["env"][key].as_str().unwrap().to_owned();
                variables.insert(text("name"), text("value"));
            }
        }
    }
    let (plan, apply) = project.assert_plan_and_apply(&log);
    assert_eq!(plan, apply);
    assert_eq!(project.cloud.counters().mints, 1, "{log}");
    project.assert_nothing_leaked();
}

/// A resource that calls the API with the token. curl reads it from standard input.
const CALL: &str = r#"resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = "printf 'Authorization: Bearer %s' \"$TOKEN\" | curl -sf --header @- \"$API/api/v2/tokens/me\""
    environment = {
      TOKEN = ephemeral.gctoken_access_token.this.access_token
      API   = ephemeral.gctoken_access_token.this.api_url
    }
  }
}
"#;

/// HCP's runners start `terraform` on the uploaded directory, with the workspace's variables.
#[test]
fn hcp_plans_and_applies_with_uploaded_providers() {
    let stand_in = installed("GC_TOKEN_TEST_GENESYSCLOUD", "terraform-provider-genesyscloud");
    let (Some(stand_in), Some(project)) = (stand_in, Project::new("hcp")) else { return };
    let plugins = project.repo().join("terraform.d/plugins");
    let mut install = project.command(env!("CARGO_BIN_EXE_gc-token"));
    install.args(["terraform", "install", "--mirror"]).arg(&plugins);
    let (ok, log) = project.run(&mut install);
    assert!(ok, "{log}");
    add_provider(&plugins, &stand_in);
    lock_as_printed(&project);
    fs::write(project.repo().join("main.tf"), CALL).unwrap();
    // The real one: these runners install nothing.
    fs::remove_file(project.path("bin/curl")).unwrap();

    let mut log = String::new();
    for words in [
        &["init", "-input=false", "-no-color"][..],
        &["plan", "-input=false", "-no-color", "-out=tfplan"],
        &["apply", "-input=false", "-no-color", "tfplan"],
    ] {
        let mut command = project.command("terraform");
        command.args(words).envs(credentials()).env("GENESYSCLOUD_REGION", REGION);
        command.env("GC_TOKEN_LOGIN_URL", project.cloud.login_url());
        command.env("GC_TOKEN_API_URL", project.cloud.api_url());
        let (ok, said) = project.run(&mut command);
        log += &said;
        assert!(ok, "{log}");
    }
    assert!(log.contains("Apply complete! Resources: 1 added"), "{log}");
    fs::remove_dir_all(plugins).unwrap();
    fs::remove_dir_all(project.repo().join(".terraform")).unwrap();
    project.assert_nothing_leaked();
}

/// Runs the recipe's command that locks gc-token's provider, of which no registry knows.
fn lock_as_printed(project: &Project) {
    let recipe = fs::read_to_string(project.repo().join("genesys-cloud.tf")).unwrap();
    let text: String = recipe.lines().map(|line| format!("{}\n", line.trim_matches('#'))).collect();
    let commands = text.replace("\\\n", "");
    let command = commands.lines().map(str::trim).find(|line| line.starts_with("terraform prov"));
    let words = shlex::split(command.expect("the command")).unwrap();
    let (ok, log) = project.run(project.command("terraform").args(&words[1..]));
    assert!(ok, "{log}");
}

/// Adds the stand-in for the vendor's provider to the uploaded ones. A script starts it,
/// because Terraform would hash a large file.
fn add_provider(plugins: &Path, program: &Path) {
    let platform = match std::env::consts::ARCH {
        "x86_64" => "linux_amd64",
        _ => "linux_arm64",
    };
    let directory = plugins.join("registry.terraform.io/mypurecloud/genesyscloud/1.53.99");
    let directory = directory.join(platform);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("terraform-provider-genesyscloud_v1.53.99");
    write_program(&path, &format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display()));
}
