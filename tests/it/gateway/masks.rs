//! What a CI system is told to keep out of its log: the gateway's path, which
//! lets in whoever knows it.

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;

const PATH: &str = "GENESYSCLOUD_GATEWAY_PATH_VALUE";
const URL: &str = "GC_TOKEN_GATEWAY_URL";

/// Returns the output for `shell`, up to its last variable.
fn printed(runner: &Runner, shell: &str, until: &str) -> String {
    let mut running = runner.start(&["gateway", "--shell", shell]);
    let printed = running.wait_until_it_prints(until);
    running.signal(Signal::TERM);
    assert!(running.finish().status.success());
    printed
}

#[test]
fn github_actions_masks_the_path_and_values_that_contain_it() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file(".cache/github_env", "");
    let file = runner.home().join(".cache/github_env");
    let runner = runner.set("GITHUB_ENV", &file);
    let printed = printed(&runner, "github-actions", "http://");
    let lines: Vec<_> = printed.lines().filter(|line| !line.is_empty()).collect();
    let masks: Vec<_> = lines.iter().filter_map(|it| it.strip_prefix("::add-mask::")).collect();
    assert_eq!(masks.len(), lines.len(), "{printed}");
    let prefix = masks[0];
    assert_eq!(prefix.len(), 22, "the path by itself, as a log may show it: {printed}");
    let file = std::fs::read_to_string(file).unwrap();
    let url = file.lines().find(|line| line.starts_with("http://")).unwrap();
    assert_eq!(masks[1..], [format!("/{prefix}"), url.to_owned()]);
    // What is not secret can be read in the log.
    assert!(!masks.contains(&"127.0.0.1"));
}

#[test]
fn azure_pipelines_hides_the_path_and_values_that_contain_it() {
    let cloud = cloud(SandboxConfig::default());
    let printed = printed(&Runner::of(&cloud), "azure-pipelines", URL);
    let lines: Vec<_> = printed.lines().collect();
    let prefix = lines[0].strip_prefix("##vso[task.setsecret]").unwrap();
    assert_eq!(prefix.len(), 22, "{printed}");
    for line in &lines[1..] {
        let (command, value) = line.split_once(']').unwrap();
        let is_secret = command.ends_with(";issecret=true");
        assert_eq!(is_secret, value.contains(prefix), "{line}");
        assert_eq!(is_secret, command.contains(PATH) || command.contains(URL), "{line}");
    }
}
