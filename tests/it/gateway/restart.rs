//! Clients that keep their token for longer than a gateway lives.

use std::path::{Path, PathBuf};

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::rig::{Front, Reply};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;

const PREFIX: &str = "--prefix-file=prefix";

/// A call with the token that a client has from elsewhere.
fn call(front: &Front, token: &str) -> Reply {
    let fields = format!("Authorization: Bearer {token}\r\n");
    front.connect().send(front.bare("GET", "/api/v2/organizations/me", &fields))
}

/// Everything below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A gateway that has handed out a token, which it returns, and has ended.
fn first(cloud: &Sandbox, runner: Runner, args: &[&str]) -> (Runner, String) {
    let front = Front::start(runner, args);
    let token = front.token.clone();
    assert_eq!(call(&front, &token).status, 200);
    let (_, runner) = front.finish_and_keep();
    cloud.revoke_all();
    (runner, token)
}

#[test]
fn a_restarted_gateway_recognizes_earlier_tokens() {
    for (args, cache) in [
        (&[][..], true),
        (&[PREFIX], true),
        (&[PREFIX], false),
        (&["--stand-in-token"], true),
        (&["--stand-in-token", PREFIX], false),
    ] {
        let cloud = cloud(SandboxConfig::default());
        let runner = Runner::of(&cloud).set("GC_TOKEN_NO_CACHE", (!cache).to_string());
        let (runner, token) = first(&cloud, runner, args);
        let (runner, _) = first(&cloud, runner, args);
        let front = Front::start(runner, args);
        assert_eq!(call(&front, &token).status, 200, "{args:?} {cache}");
        assert_eq!(call(&front, "another").status, 401, "{args:?} {cache}");
        let (_, runner) = front.finish_and_keep();
        for file in files(runner.home()) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            let name = file.display().to_string();
            assert!(!text.contains(&token) && !name.contains(&token), "{name}");
        }
    }
}

#[test]
fn concurrent_gateways_recognize_each_others_tokens() {
    let cloud = cloud(SandboxConfig::default());
    let prefix = tempfile::tempdir().unwrap();
    let args = [format!("--prefix-file={}", prefix.path().join("prefix").display())];
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let start = || Front::start(Runner::of(&cloud).set("GC_TOKEN_NO_CACHE", "true"), &args);
    let (one, other) = (start(), start());
    assert_ne!(one.token, other.token);
    // Those that are made later are told of, too.
    for _ in 0..2 {
        cloud.revoke_all();
        let (token, others) = (one.current(), other.current());
        assert_eq!(call(&one, &others).status, 200);
        assert_eq!(call(&other, &token).status, 200);
    }
    one.finish();
    other.finish();
}

#[test]
fn a_read_only_prefix_directory_falls_back_to_the_cache() {
    // A file, as good as no leave to make a directory; one that is open to others.
    for what in ["printf '' > prefix.issued", "mkdir prefix.issued && chmod 777 prefix.issued"] {
        let cloud = cloud(SandboxConfig::default());
        let runner = Runner::of(&cloud).with_file("prefix", "sixteen-letters_\n");
        assert_eq!(runner.shell("sh", what).status.code(), Some(0));
        let (runner, token) = first(&cloud, runner, &[PREFIX]);
        // The cache has the same token still, which shows nothing.
        let (runner, _) = first(&cloud, runner, &[PREFIX]);
        let front = Front::start(runner, &[PREFIX]);
        assert_eq!(call(&front, &token).status, 200, "{what}");
        let (finished, runner) = front.finish_and_keep();
        assert!(!finished.stderr.contains("warning"), "{finished:#?}");
        let beside = runner.home().join("prefix.issued");
        assert!(!beside.is_dir() || files(&beside).is_empty(), "{what}");
    }
}

#[test]
fn a_prefix_without_a_token_store_is_a_warning() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GC_TOKEN_NO_CACHE", "true").with_file("prefix.issued", "");
    let front = Front::start(runner, &[PREFIX]);
    let said = front.finish().stderr;
    assert!(
        said.contains("warning: clients' tokens will not be recognized after a restart: "),
        "{said}"
    );
}

#[test]
fn tokens_of_another_oauth_client_are_not_recognized() {
    let cloud = cloud(SandboxConfig::default());
    let (runner, token) = first(&cloud, Runner::of(&cloud), &[PREFIX]);
    let front = Front::start(runner.set("GC_TOKEN_SCOPE", "another"), &[PREFIX]);
    assert_eq!(call(&front, &token).status, 401);
    front.finish();
}

#[test]
fn without_a_cache_and_a_prefix_no_file_is_written() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GC_TOKEN_NO_CACHE", "true");
    let (runner, token) = first(&cloud, runner, &[]);
    assert_eq!(files(runner.home()), Vec::<PathBuf>::new());
    let front = Front::start(runner, &[]);
    assert_eq!(call(&front, &token).status, 401);
    front.finish();
}

#[test]
fn clearing_the_cache_forgets_tokens_and_pruning_does_not() {
    let cloud = cloud(SandboxConfig::default());
    let (runner, token) = first(&cloud, Runner::of(&cloud), &[]);
    let remembered = |runner: &Runner| {
        let files = files(&runner.cache());
        files.iter().filter(|file| file.parent().unwrap() != runner.cache()).count()
    };
    assert_eq!(remembered(&runner), 1);
    runner.run(&["cache", "prune"]).succeeded();
    assert_eq!(remembered(&runner), 1);
    runner.run(&["cache", "clear"]).succeeded();
    assert_eq!(files(&runner.cache()), Vec::<PathBuf>::new());
    let front = Front::start(runner, &[]);
    assert_eq!(call(&front, &token).status, 401);
    front.finish();
}
