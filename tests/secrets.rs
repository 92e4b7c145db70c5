//! No secret shows where it must not: every verb in success and in failure, as
//! talkative as can be, with the client secret from every source.
//!
//! What a process says is searched by the harness (`common::process`); here it
//! is made to say everything, and files and arguments are searched, too.

mod common;

use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory;
use common::cloud::{SECRET, cloud};
use common::gate::Gate;
use common::guard;
use common::process::{Finished, wait_until};
use common::runner::Runner;
use gc_token::broker::{Broker, Network};
use gc_token::cache::{Seal, Slot, seal_of};
use gc_token::cli::Cli;
use gc_token::sandbox::{ExpiresIn, Faults, Plan, Sandbox, TokenFormat};
use gc_token::settings::{Layers, Query, resolve};
use gc_token::world::{Environment, Places, World};

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
    case("status", &["--json"], &["--skew=nonsense"]),
    case("cache path", &[], &["--lock-timeout=nonsense"]),
    case("cache list", &["--json"], &["--lock-timeout=nonsense"]),
    case("cache prune", &[], &["--lock-timeout=nonsense"]),
    case("cache clear", &[], &["--lock-timeout=nonsense"]),
    case("regions", &[], &["nonsense"]),
    case(
        "sandbox",
        &["--until-stdin-closes"],
        &["--listen-api=0.0.0.0:0"],
    ),
    case("completions", &["bash"], &["nonsense"]),
    case("man", &[], &["nonsense"]),
];

const fn case(
    verb: &'static str,
    succeeds: &'static [&'static str],
    fails: &'static [&'static str],
) -> Case {
    Case {
        verb,
        succeeds,
        fails,
    }
}

/// A source of the client secret.
struct Source {
    name: &'static str,
    arrange: fn(Runner) -> Runner,
    stdin: &'static str,
}

const SOURCES: &[Source] = &[
    source("the provider's variable", |runner| runner),
    source("our variable", |runner| {
        without(runner).set("GC_TOKEN_CLIENT_SECRET", SECRET)
    }),
    source("a file", |runner| {
        without(runner)
            .with_file("secret", SECRET)
            .set("GC_TOKEN_CLIENT_SECRET_FILE", "secret")
    }),
    Source {
        stdin: SECRET,
        ..source("standard input", |runner| {
            without(runner).set("GC_TOKEN_CLIENT_SECRET_FILE", "-")
        })
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
    Source {
        name,
        arrange,
        stdin: "{}",
    }
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
    OURS.map(|dir| guard::holds_nothing_below(&runner.home().join(dir)))
        .iter()
        .sum()
}

#[test]
fn every_verb_is_among_the_cases() {
    let mut verbs = BTreeSet::new();
    for verb in Cli::command().get_subcommands() {
        let below: Vec<_> = verb.get_subcommands().collect();
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
        let cloud = cloud(Plan {
            format,
            ..Plan::default()
        });
        for source in SOURCES {
            let runner = talkative(&cloud, source);
            for case in CASES {
                let place = format!("{} with the secret from {}", case.verb, source.name);
                // A secret in the place of a query is no query.
                let no_query = case.verb == "external" && source.stdin == SECRET;
                let finished = run(&runner, case.verb, case.succeeds, source.stdin);
                assert_eq!(
                    finished.status.success(),
                    !no_query,
                    "{place}: {finished:#?}"
                );
                let finished = run(&runner, case.verb, case.fails, source.stdin);
                assert!(!finished.status.success(), "{place}: {finished:#?}");
            }
            assert_eq!(
                run(&runner, "get", &[], source.stdin).status.code(),
                Some(0)
            );
            assert!(
                search(&runner) > 0,
                "nothing was kept, so nothing was searched"
            );
        }
    }
}

/// Issuers that refuse, fail, or repeat what they were told.
#[test]
fn no_issuer_makes_a_verb_show_a_secret() {
    let token = "t0ken-".repeat(15);
    let mut faults: Vec<String> = ["cut", "garbage", "huge", "redirect", "400", "401"]
        .map(str::to_owned)
        .into();
    for told in guard::spellings() {
        faults.push(format!(
            "reply:400:application/json:{{\"error\":\"invalid_client\",\"error_description\":\"{told}\"}}"
        ));
    }
    for body in [
        "<html>TOKEN",
        "{\"access_token\":\"TOKEN \"}",
        "{\"access_token\":[\"TOKEN\"]}",
    ] {
        faults.push(format!("reply:200:text/html:{body}").replace("TOKEN", &token));
    }
    for fault in faults {
        let plan = Plan {
            faults: vec![fault.parse().expect(&fault); 100],
            ..Plan::default()
        };
        fails_everywhere(plan, &fault);
    }
    for expires_in in ["0", "-1", "1e300", "\"soon\""] {
        let plan = Plan {
            expires_in: expires_in.parse::<ExpiresIn>().unwrap(),
            ..Plan::default()
        };
        fails_everywhere(plan, expires_in);
    }
}

fn fails_everywhere(plan: Plan, place: &str) {
    let cloud = cloud(plan);
    let runner = talkative(&cloud, &SOURCES[0]).set("GC_TOKEN_TIMEOUT", "100ms");
    for verb in ["get", "env", "external"] {
        let finished = run(&runner, verb, &[], "{}");
        assert!(!finished.status.success(), "{place}: {finished:#?}");
    }
}

/// What people try before they read the help.
#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let cloud = cloud(Plan::default());
    let runner = talkative(&cloud, &SOURCES[0]);
    let query = format!("{{\"client_secret\":\"{SECRET}\"}}");
    assert_eq!(run(&runner, "external", &[], &query).status.code(), Some(3));
    let query = format!("{{\"region\":{{\"secret\":\"{SECRET}\"}}}}");
    assert_eq!(run(&runner, "external", &[], &query).status.code(), Some(3));
    let flag = format!("--client-secret={SECRET}");
    assert_eq!(run(&runner, "get", &[&flag], "").status.code(), Some(2));
    let url = format!("https://id:{}@issuer.example", guard::spellings()[3]);
    assert_eq!(
        run(&runner, "get", &["--login-url", &url], "")
            .status
            .code(),
        Some(2)
    );
    let runner = without(runner).with_file("secret", &format!("{SECRET}\n{SECRET}\n"));
    let file = ["--client-secret-file", "secret"];
    assert_eq!(run(&runner, "get", &file, "").status.code(), Some(3));
    let profile = format!("[default]\nclient_secret = {SECRET}\n");
    let runner = runner.with_file(".config/gc-token/config.toml", &profile);
    assert_eq!(run(&runner, "get", &[], "").status.code(), Some(3));
}

/// Other users of a machine can read every process's arguments.
#[test]
fn no_process_has_a_secret_in_its_arguments() {
    if !fs::exists("/proc/self/cmdline").unwrap() {
        return common::missing("/proc");
    }
    let cloud = cloud(Plan::default());
    for source in SOURCES.iter().filter(|source| source.stdin != SECRET) {
        let gate = Gate::before(&cloud.login_url());
        let runner = talkative(&cloud, source).at(&gate.url());
        let running = runner.start(&["get"]);
        gate.wait_for(1);
        assert!(search_arguments() > 1);
        gate.open();
        running.finish().succeeded();
    }
}

/// The command that prints the secret gets the user's environment, and
/// nothing from us.
#[test]
fn the_secret_command_is_told_nothing() {
    if !fs::exists("/proc/self/environ").unwrap() {
        return common::missing("/proc");
    }
    let cloud = cloud(Plan::default());
    let script = "#!/bin/sh\necho $$ > .cache/pid.new; mv .cache/pid.new .cache/pid\n\
                  while [ -e .cache/made ] && ! [ -e .cache/go ]; do sleep 0.01; done; cat secret\n";
    let profile = "[default]\nclient_secret_command = ['sh', '.config/command']\n";
    let runner = without(Runner::of(&cloud))
        .with_file("secret", SECRET)
        .with_file(".config/command", script)
        .with_file(".config/gc-token/config.toml", profile)
        .with_file(".cache/made", "");
    let running = runner.start(&["get", "-vv"]);
    let pid = runner.home().join(".cache/pid");
    wait_until("the command runs", || pid.exists());
    for pid in [
        fs::read_to_string(pid).unwrap().trim(),
        &running.pid().to_string(),
    ] {
        let place = format!("/proc/{pid}/environ");
        let environment = fs::read(&place).unwrap();
        assert!(!environment.is_empty());
        guard::holds_no_secret(&environment, &place);
    }
    assert!(search_arguments() > 2);
    let _runner = runner.with_file(".cache/go", "");
    running.finish().succeeded();
}

/// Searches the arguments of every process; returns how many there were.
fn search_arguments() -> usize {
    let processes = fs::read_dir("/proc").unwrap();
    let paths = processes.map(|entry| entry.unwrap().path().join("cmdline"));
    // Those that have ended in the meantime have nothing to show any more.
    let searched = paths.filter_map(|path| Some((fs::read(&path).ok()?, path)));
    searched
        .inspect(|(arguments, path)| {
            guard::holds_no_secret(arguments, &path.display().to_string());
            guard::holds_no_token(arguments, &path.display().to_string());
        })
        .count()
}

#[test]
fn debug_shows_no_secret() {
    let cloud = cloud(Plan::default());
    let home = tempfile::tempdir().unwrap();
    let login_url = cloud.login_url();
    let mut world = World {
        env: Environment::from([
            ("GC_TOKEN_LOGIN_URL", login_url.as_str()),
            ("GENESYSCLOUD_OAUTHCLIENT_ID", common::cloud::CLIENT),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
        ]),
        places: Places {
            cache: Some(home.path().join("cache")),
            ..Places::default()
        },
        ..World::real()
    };
    let layers = Layers::new(Vec::new(), Query::default(), &world.env);
    let settings = resolve(&layers, &mut world).unwrap();
    let remote = Network {
        settings: &settings,
        env: &world.env,
        clock: &*world.clock,
        talk: &world.talk,
    };
    let broker = Broker {
        settings: &settings,
        remote: &remote,
        clock: &*world.clock,
        talk: &world.talk,
    };
    let given = broker.get().unwrap();
    guard_sees(given.token.access_token.expose());
    let dir = settings.cache.dir.as_deref().unwrap();
    let slot = Slot::new(dir, &settings, seal_of(&settings).unwrap());
    let lookup = slot.read().unwrap();
    let lock = slot.try_lock().unwrap();
    let shown = [
        format!("{settings:?} {settings:#?}"),
        format!("{given:?} {:?}", given.token.access_token),
        format!("{slot:?} {lookup:?} {lock:?}"),
        format!("{:?}", Seal::under(SECRET.as_bytes())),
        format!("{:?} {:?}", cloud.counters(), Faults::default()),
    ];
    for shown in shown {
        guard::holds_no_secret(shown.as_bytes(), "Debug");
        guard::holds_no_token(shown.as_bytes(), "Debug");
    }
}

/// A guard that sees nothing would let everything pass.
fn guard_sees(token: &str) {
    let finds = |search: fn(&[u8], &str), text: &str| {
        let text = format!("gc-token: {text}.\n");
        std::panic::catch_unwind(|| search(text.as_bytes(), "a rehearsal")).is_err()
    };
    assert!(finds(guard::holds_no_token, token));
    for secret in guard::spellings() {
        assert!(finds(guard::holds_no_secret, &secret));
    }
    assert!(!finds(guard::holds_no_secret, "nothing at all"));
}
