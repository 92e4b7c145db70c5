//! `init`: with questions on a real terminal, and by flags.

mod dialogue;
mod flags;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gc_token::internals::sandbox::Sandbox;

use crate::common::cloud::SECRET;
use crate::common::runner::Runner;

const CONFIG: &str = ".config/gc-token/config.toml";
const STORED: &str = ".config/gc-token/secrets/default";

/// Like the client ids of Okta.
const OKTA_ID: &str = "0oa1bC2dE3fG4hI5jK6l";

/// A machine that knows the sandbox's addresses, and no credentials.
fn new_machine(cloud: &Sandbox) -> Runner {
    Runner::bare()
        .set("GC_TOKEN_LOGIN_URL", cloud.login_url())
        .set("GC_TOKEN_API_URL", cloud.api_url())
}

fn config(runner: &Runner) -> String {
    fs::read_to_string(runner.home().join(CONFIG)).unwrap()
}

fn mode(runner: &Runner, path: &str) -> u32 {
    fs::metadata(runner.home().join(path)).unwrap().permissions().mode() & 0o7777
}

/// Asserts that the profile and the secret that belongs to it are stored for this user alone.
fn is_stored_privately(runner: &Runner) {
    assert_eq!(fs::read_to_string(runner.home().join(STORED)).unwrap(), format!("{SECRET}\n"));
    for (path, expected) in [
        (CONFIG, 0o600),
        (STORED, 0o600),
        (".config/gc-token", 0o700),
        (".config/gc-token/secrets", 0o700),
    ] {
        assert_eq!(mode(runner, path), expected, "{path}");
    }
    let files = fs::read_dir(runner.home().join(".config/gc-token")).unwrap().count();
    assert_eq!(files, 2, "a temporary file was left behind");
}
