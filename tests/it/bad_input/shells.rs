//! A script that wants the token must not go on without it.

use crate::common::cloud::{cloud, faults};
use crate::common::process::Finished;
use crate::common::runner::Runner;
use crate::common::{missing, program};
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

const SHELLS: [&str; 4] = ["bash", "dash", "zsh", "fish"];

/// Ways in which `gc-token env` fails: usage, settings, and later errors.
const FAILURES: &[(&str, i32)] = &[
    ("--nonsense", 2),
    ("--skew", 2),
    ("nonsense", 2),
    ("--skew=nonsense", 2),
    ("--var=1st", 2),
    ("--profile=nope", 2),
    ("--cache-dir=/dev/null", 9),
    ("--min-ttl=3d", 7),
    ("--client-secret-file=wrong", 4),
];

/// The script of a job that evaluates what `env` prints and goes on.
fn job(shell: &str, args: &str) -> String {
    match shell {
        // It has no `set -e`: its scripts look at the status themselves.
        "fish" => format!("gc-token env --shell fish {args} | source; or exit 1; echo still here"),
        _ => format!("set -e; eval \"$(gc-token env {args})\"; echo still here"),
    }
}

fn each_shell(cloud: &Sandbox, mut check: impl FnMut(&str, &Runner)) {
    for shell in SHELLS {
        match program(shell) {
            None => missing(shell),
            Some(_) => check(shell, &Runner::of(cloud).with_file("wrong", "wrong")),
        }
    }
}

fn stopped(finished: &Finished) {
    assert!(!finished.status.success(), "{finished:#?}");
    assert_eq!(finished.stdout, "", "it went on: {finished:#?}");
    assert!(finished.stderr.contains("gc-token: error: "), "{finished:#?}");
}

#[test]
fn a_job_stops_where_env_fails() {
    let cloud = cloud(SandboxConfig::default());
    each_shell(&cloud, |shell, runner| {
        for (args, code) in FAILURES {
            stopped(&runner.shell(shell, &job(shell, args)));
            let alone = runner.run(&["env", args]);
            assert_eq!(alone.stdout, "false\n", "{alone:#?}");
            assert_eq!(alone.status.code(), Some(*code), "{alone:#?}");
        }
    });
}

#[test]
fn a_job_stops_where_the_issuer_fails() {
    let cloud = cloud(faults("99*garbage"));
    each_shell(&cloud, |shell, runner| {
        stopped(&runner.shell(shell, &job(shell, "")));
    });
}

/// Whichever way the dialect was named, the failing statement is one in it.
#[test]
fn a_dialect_that_is_no_shells_gets_nothing_on_failure() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    for (dialect, printed) in [
        ("posix", "false\n"),
        ("fish", "false\n"),
        ("dotenv", ""),
        ("json", ""),
        ("github", ""),
        ("gitlab", ""),
        ("azure", ""),
        ("nonsense", "false\n"),
    ] {
        for args in [
            &["env", "--shell", dialect, "--nonsense"][..],
            &["env", "--nonsense", "-s", dialect],
            &["env", &format!("-s{dialect}"), "--skew=x"],
            &["env", &format!("--shell={dialect}"), "--skew=x"],
        ] {
            let finished = runner.run(args);
            assert_eq!(finished.stdout, printed, "{finished:#?}");
            assert_eq!(finished.status.code(), Some(2), "{finished:#?}");
        }
        let runner = Runner::of(&cloud).set("GC_TOKEN_SHELL", dialect);
        let finished = runner.run(&["env", "--nonsense"]);
        assert_eq!(finished.stdout, printed, "{finished:#?}");
    }
}

#[test]
fn a_job_goes_on_where_env_succeeds() {
    let cloud = cloud(SandboxConfig::default());
    each_shell(&cloud, |shell, runner| {
        let script = job(shell, "").replace("still here", "$GENESYSCLOUD_ACCESS_TOKEN");
        let token = runner.run(&["get"]).token().to_owned();
        let finished = runner.shell(shell, &script);
        assert_eq!(finished.succeeded().trim_end(), token);
    });
}
