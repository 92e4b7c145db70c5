//! `sandbox COMMAND`: the command finds the sandbox, and nothing is left behind.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::exec::rig::{children_of, lives, written};

/// A user who has an account, which the sandbox has to hide.
fn runner() -> Runner {
    let runner = Runner::bare()
        .set("GENESYSCLOUD_REGION", "eu-west-1")
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "the user's own")
        .set("GC_TOKEN_CLIENT_ID", "the user's own")
        .with_file(".config/gc-token/config.toml", "[default]\nregion = 'us-east-1'\n");
    fs::create_dir(runner.home().join("tmp")).unwrap();
    let tmp = runner.home().join("tmp");
    runner.set("TMPDIR", tmp)
}

/// Lists all files below HOME, apart from those that were there.
fn left_behind(runner: &Runner) -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.clone());
            if path.is_dir() {
                collect(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(runner.home(), &mut found);
    let known = ["tmp", ".config", ".config/gc-token", ".config/gc-token/config.toml"];
    found.retain(|path| !known.iter().any(|name| runner.home().join(name) == *path));
    found
}

#[test]
fn the_command_gets_tokens_and_leaves_nothing() {
    let runner = runner();
    let gc_token = env!("CARGO_BIN_EXE_gc-token");
    let script = format!(
        "[ \"$GENESYSCLOUD_OAUTHCLIENT_ID\" = sandbox-client ] || exit 1
        [ -z \"${{GENESYSCLOUD_REGION:-}}${{GC_TOKEN_CLIENT_ID:-}}\" ] || exit 2
        token=$('{gc_token}' get) || exit 3
        [ \"$token\" = \"$('{gc_token}' get)\" ] || exit 4
        '{gc_token}' cache list | grep -q . || exit 5
        '{gc_token}' doctor > /dev/null || exit 6
        read -r line; echo \"$line $*\""
    );
    for flags in [&[][..], &["--tls"], &["--lifetime", "1h", "--"]] {
        let words = [&["sandbox"], flags, &["sh", "-c", &script, "sh", "--tls"]].concat();
        let ended = runner.run_on(&words, b"typed\n");
        assert_eq!(ended.succeeded(), "typed --tls\n", "{words:?}");
        assert_eq!(ended.stderr, "", "{words:?}");
        assert_eq!(left_behind(&runner), Vec::<PathBuf>::new(), "{words:?}");
    }
}

#[test]
fn the_exit_code_is_the_commands() {
    let runner = runner();
    for (words, code) in [
        (&["sandbox", "sh", "-c", "exit 7"][..], 7),
        (&["sandbox", "--", "sh", "-c", "kill -KILL $$"], 137),
        (&["sandbox", "no-such-command"], 127),
        (&["sandbox", "/"], 126),
        (&["sandbox", "--lifetme", "5m", "true"], 2),
        (&["sandbox", "--json", "true"], 2),
        (&["sandbox", "--tls"], 2),
    ] {
        let ended = runner.run(words);
        assert_eq!(ended.status.code(), Some(code), "{ended:#?}");
        assert_eq!(ended.stdout, "");
        assert_eq!(left_behind(&runner), Vec::<PathBuf>::new(), "{words:?}");
    }
}

#[test]
fn signals_reach_the_command_and_a_kill_leaves_nothing() {
    let runner = runner();
    let script = "trap 'rm pid; exit 9' TERM; echo $$ > pid; while :; do sleep 0.05; done";
    let running = runner.start(&["sandbox", "--tls", "sh", "-c", script]);
    written(&runner, "pid");
    running.signal(Signal::TERM);
    assert_eq!(running.finish().status.code(), Some(9));
    assert_eq!(left_behind(&runner), Vec::<PathBuf>::new());

    let running = runner.start(&["sandbox", "--tls", "sh", "-c", script]);
    written(&runner, "pid");
    let family = children_of(running.pid());
    kill_process(Pid::from_raw(running.pid().cast_signed()).unwrap(), Signal::KILL).unwrap();
    running.finish();
    wait_until("all are gone", || !family.iter().any(|pid| lives(*pid)));
    wait_until("nothing is left", || left_behind(&runner).is_empty());
}
