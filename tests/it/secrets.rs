//! No secret shows where it must not: every verb in success and in failure, as
//! talkative as can be, with the client secret from every source.
//!
//! What a process says is searched by the harness (`crate::common::process`); here it
//! is made to say everything, and files and arguments are searched, too.

mod arguments;
mod border;
mod debug;
mod memory;
mod processes;
mod shell;
mod worth;

use std::collections::BTreeSet;
use std::fs;

use crate::common::cloud::{SECRET, cloud};
use crate::common::guard;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use clap::CommandFactory;
use gc_token::internals::cli::Cli;
use gc_token::internals::sandbox::{ExpiresInField, Sandbox, SandboxConfig, TokenFormat};

/// A verb, and how to make it succeed and fail.
struct Case {
    verb: &'static str,
    succeeds: &'static [&'static str],
    fails: &'static [&'static str],
}

const CASES: &[Case] = &[
    case("external", &[], &["--min-ttl=3d"]),
    case("env", &[], &["--shell=nonsense"]),
    case("get", &["--format=json"], &["--min-ttl=3d"]),
    case("exec", &["--", "true"], &["--min-ttl=3d", "--", "true"]),
    case("exec-watchdog", &[], &["nonsense"]),
    case("status", &["--json"], &["--skew=nonsense"]),
    case("doctor", &[], &["--min-ttl=3d"]),
    case("revoke", &[], &["--skew=nonsense"]),
    case("cache path", &[], &["--lock-timeout=nonsense"]),
    case("cache list", &["--json"], &["--lock-timeout=nonsense"]),
    case("cache prune", &[], &["--lock-timeout=nonsense"]),
    case("cache clear", &[], &["--lock-timeout=nonsense"]),
    case("init", &["--help"], &["--yes", "--region=nonsense"]),
    case("config show", &["--json"], &["--json=nonsense"]),
    case("config check", &["-v"], &["--skew=nonsense"]),
    case("config schema", &[], &["nonsense"]),
    case("ci", &["github"], &["github", "--scope=$nonsense"]),
    case("regions", &[], &["nonsense"]),
    case("gateway", &["--until-stdin-closes", "--log-format=json"], &["--log-format=nonsense"]),
    // These two take long, and are tried in full where they are tested.
    case("demo", &["--help"], &["nonsense"]),
    case("terraform install", &["--help"], &["--mirror=/dev/null"]),
    case("sandbox", &["--until-stdin-closes"], &["--listen-api=0.0.0.0:0"]),
    case("completions", &["bash"], &["nonsense"]),
    case("version", &["--json"], &["nonsense"]),
    case("man", &[], &["nonsense"]),
];

const fn case(
    verb: &'static str,
    succeeds: &'static [&'static str],
    fails: &'static [&'static str],
) -> Case {
    Case { verb, succeeds, fails }
}

/// A source of the client secret.
struct Source {
    name: &'static str,
    arrange: fn(Runner) -> Runner,
    stdin: &'static str,
}

const SOURCES: &[Source] = &[
    source("the provider's variable", |runner| runner),
    source("our variable", |runner| without(runner).set("GC_TOKEN_CLIENT_SECRET", SECRET)),
    source("a file", |runner| {
        without(runner).with_file("secret", SECRET).set("GC_TOKEN_CLIENT_SECRET_FILE", "secret")
    }),
    Source {
        stdin: SECRET,
        ..source("standard input", |runner| without(runner).set("GC_TOKEN_CLIENT_SECRET_FILE", "-"))
    },
    source("a profile", |runner| {
        let profile = format!("[default]\nclient_secret = '{SECRET}'\n");
        without(runner).with_file(".config/gc-token/config.toml", &profile)
    }),
    source("the vendor's profile", |runner| {
        let profile = format!("[DEFAULT]\nclient_secret = '{SECRET}'\n");
        without(runner).with_file(".gc/config.toml", &profile)
    }),
    source("a command", |runner| {
        let profile = "[default]\nclient_secret_command = ['cat', 'secret']\n";
        without(runner)
            .with_file("secret", SECRET)
            .with_file(".config/gc-token/config.toml", profile)
    }),
];

const fn source(name: &'static str, arrange: fn(Runner) -> Runner) -> Source {
    Source { name, arrange, stdin: "{}" }
}

fn without(runner: Runner) -> Runner {
    runner.unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
}

fn talkative(cloud: &Sandbox, source: &Source) -> Runner {
    (source.arrange)(Runner::of(cloud)).set("GC_TOKEN_VERBOSE", "2")
}

/// Runs a verb, and searches all that it leaves behind.
fn run(runner: &Runner, verb: &str, args: &[&str], stdin: &str) -> Finished {
    let words: Vec<_> = verb.split(' ').chain(args.iter().copied()).collect();
    let finished = runner.run_on(&words, stdin.as_bytes());
    search(runner);
    finished
}

/// Returns how many files were searched.
fn search(runner: &Runner) -> usize {
    const OURS: [&str; 2] = [".cache", ".local"];
    const PUT_THERE: [&str; 3] = [".config", ".gc", "secret"];
    for entry in fs::read_dir(runner.home()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = OURS.contains(&&*name) || PUT_THERE.contains(&&*name);
        assert!(known, "{name} appeared in HOME");
    }
    OURS.map(|dir| guard::holds_nothing_below(&runner.home().join(dir))).iter().sum()
}

#[test]
fn every_verb_is_among_the_cases() {
    let mut verbs = BTreeSet::new();
    let mut cli = Cli::command();
    cli.build();
    let is_verb = |verb: &&clap::Command| verb.get_name() != "help";
    for verb in cli.get_subcommands().filter(is_verb) {
        let below: Vec<_> = verb.get_subcommands().filter(is_verb).collect();
        for verb_below in &below {
            verbs.insert(format!("{} {}", verb.get_name(), verb_below.get_name()));
        }
        if below.is_empty() {
            verbs.insert(verb.get_name().to_owned());
        }
    }
    let cases: BTreeSet<_> = CASES.iter().map(|case| case.verb.to_owned()).collect();
    assert_eq!(cases, verbs);
}

#[test]
fn no_verb_shows_a_secret_from_any_source() {
    for format in [TokenFormat::Opaque, TokenFormat::Jwt] {
        let cloud = cloud(SandboxConfig { format, ..SandboxConfig::default() });
        // At once, for `doctor` waits for the turn of a second.
        std::thread::scope(|scope| {
            for source in SOURCES {
                scope.spawn(|| every_verb(&cloud, source));
            }
        });
    }
}

fn every_verb(cloud: &Sandbox, source: &Source) {
    let runner = talkative(cloud, source);
    for case in CASES {
        let place = format!("{} with the secret from {}", case.verb, source.name);
        // A secret in the place of a query is no query.
        let no_query = case.verb == "external" && source.stdin == SECRET;
        let finished = run(&runner, case.verb, case.succeeds, source.stdin);
        assert_eq!(finished.status.success(), !no_query, "{place}: {finished:#?}");
        let finished = run(&runner, case.verb, case.fails, source.stdin);
        assert!(!finished.status.success(), "{place}: {finished:#?}");
    }
    assert_eq!(run(&runner, "get", &[], source.stdin).status.code(), Some(0));
    assert!(search(&runner) > 0, "nothing was kept, so nothing was searched");
}

/// Issuers that refuse, fail, or repeat what they were told.
#[test]
fn no_issuer_makes_a_verb_show_a_secret() {
    let token = "t0ken-".repeat(15);
    let mut faults: Vec<String> =
        ["cut", "garbage", "huge", "redirect", "400", "401"].map(str::to_owned).into();
    for told in guard::spellings() {
        let json = serde_json::json!({ "error": "invalid_client", "error_description": told });
        faults.push(format!("reply:400:application/json:{json}"));
        // As it came: in a page, and in JSON that is none.
        faults.push(format!("reply:403:text/html:<title>no {told} here</title>"));
        faults.push(format!("reply:401:text/plain:you sent {told}, it seems"));
        faults.push(format!("reply:200:application/json:{{\"error\":\"{told}\",}}"));
    }
    for body in ["<html>TOKEN", "{\"access_token\":\"TOKEN \"}", "{\"access_token\":[\"TOKEN\"]}"] {
        faults.push(format!("reply:200:text/html:{body}").replace("TOKEN", &token));
    }
    for fault in faults {
        let plan = SandboxConfig {
            faults: vec![fault.parse().expect(&fault); 100],
            ..SandboxConfig::default()
        };
        fails_everywhere(plan, &fault);
    }
    for expires_in in ["0", "-1", "1e300", "\"soon\""] {
        let plan = SandboxConfig {
            expires_in: expires_in.parse::<ExpiresInField>().unwrap(),
            ..SandboxConfig::default()
        };
        fails_everywhere(plan, expires_in);
    }
}

fn fails_everywhere(plan: SandboxConfig, place: &str) {
    let cloud = cloud(plan);
    let runner = talkative(&cloud, &SOURCES[0]).set("GC_TOKEN_TIMEOUT", "100ms");
    for verb in ["get", "env", "external"] {
        let finished = run(&runner, verb, &[], "{}");
        assert!(!finished.status.success(), "{place}: {finished:#?}");
    }
}

/// Mistakes of people who have not read the help.
#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let cloud = cloud(SandboxConfig::default());
    let runner = talkative(&cloud, &SOURCES[0]);
    let query = format!("{{\"client_secret\":\"{SECRET}\"}}");
    assert_eq!(run(&runner, "external", &[], &query).status.code(), Some(3));
    let query = format!("{{\"region\":{{\"secret\":\"{SECRET}\"}}}}");
    assert_eq!(run(&runner, "external", &[], &query).status.code(), Some(3));
    let flag = format!("--client-secret={SECRET}");
    assert_eq!(run(&runner, "get", &[&flag], "").status.code(), Some(2));
    let url = format!("https://id:{}@issuer.example", guard::spellings()[3]);
    assert_eq!(run(&runner, "get", &["--login-url", &url], "").status.code(), Some(2));
    let runner = without(runner).with_file("secret", &format!("{SECRET}\n{SECRET}\n"));
    let file = ["--client-secret-file", "secret"];
    // The first line counts, and no message shows the others.
    assert_eq!(run(&runner, "get", &[&file[..], &["-vv"]].concat(), "").status.code(), Some(0));
    let profile = format!("[default]\nclient_secret = {SECRET}\n");
    let runner = runner.with_file(".config/gc-token/config.toml", &profile);
    assert_eq!(run(&runner, "get", &[], "").status.code(), Some(3));
}
