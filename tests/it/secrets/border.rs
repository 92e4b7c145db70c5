//! The border around the secret: what other processes of the same user, and first
//! of all the command that is served, can find out about a process that holds it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use gc_token::internals::context::{Context, Reporter, StandardStreams};
use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::gate::Gate;
use crate::common::plugin::COOKIE;
use crate::common::process::{Running, wait_until};
use crate::common::runner::Runner;
use crate::common::{guard, missing, say};

/// Files of a process that contain its secrets, or lead to them.
const PLACES: [&str; 4] = ["environ", "mem", "maps", "auxv"];

const FRONTS: [&str; 2] = ["--gateway", "--intercept"];

/// A machine whose user is not root, who may look into every process.
fn unprivileged(runner: Runner) -> Runner {
    let runner = runner.set("GENESYSCLOUD_REGION", "eu-west-1");
    match rustix::process::geteuid().is_root() {
        true => runner.owned_by(54_321),
        false => runner,
    }
}

fn has_proc() -> bool {
    let has = Path::new("/proc/self/environ").exists();
    if !has {
        missing("/proc");
    }
    has
}

/// Statements of sh that print which places of the process `pid` can be opened.
fn opens(pid: &str) -> String {
    let places = PLACES.join(" ");
    format!(
        "for place in {places}; do (exec 3< /proc/{pid}/$place) 2> /dev/null && echo $place; done; \
         ls /proc/{pid}/fd > /dev/null 2>&1 && echo fd"
    )
}

/// Which places of the process another one of the same user can open.
fn opened(runner: &Runner, pid: u32) -> String {
    let script = format!("{}; echo end", opens(&pid.to_string()));
    let finished = runner.start_program(&["sh", "-c", &script]).finish();
    finished.succeeded().trim_end_matches("end\n").to_owned()
}

#[test]
fn the_command_cannot_look_into_the_process_that_serves_it() {
    if !has_proc() {
        return;
    }
    let cloud = cloud(SandboxConfig::default());
    for front in FRONTS {
        let runner = unprivileged(Runner::of(&cloud));
        let script = format!(
            "{{ {}; echo that was gc-token; {}; }} > looked.new; mv looked.new looked",
            opens("$PPID"),
            opens("$$")
        );
        runner.run(&["exec", front, "--", "sh", "-c", &script]).succeeded();
        let looked = fs::read_to_string(runner.home().join("looked")).unwrap();
        // A shell's own places are open to it: so it is not for want of /proc.
        let own = format!("{}\nfd\n", PLACES.join("\n"));
        assert_eq!(looked, format!("that was gc-token\n{own}"), "{front}");
    }
}

/// No process of the same user can, and into none that holds the secret.
#[test]
fn a_process_with_the_secret_cannot_be_inspected() {
    if !has_proc() {
        return;
    }
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let check = |verb: &str, runner: &Runner, running: &Running| {
        assert_eq!(opened(runner, running.pid()), "", "{verb}");
    };
    for (before, verb) in ["get", "env", "exec"].into_iter().enumerate() {
        let runner = unprivileged(Runner::of(&cloud).at(&gate.url()));
        let args: &[_] = if verb == "exec" { &["exec", "--", "true"] } else { &[verb] };
        let running = runner.start(args);
        gate.wait_for(before + 1);
        check(verb, &runner, &running);
        running.kill();
    }
    let runner = unprivileged(Runner::of(&cloud));
    let mut running = runner.start(&["gateway"]);
    running.wait_until_it_prints("GC_TOKEN_GATEWAY_URL");
    check("gateway", &runner, &running);
    running.kill();
    let runner =
        unprivileged(Runner::of(&cloud)).set(COOKIE.0, COOKIE.1).set("TF_DISABLE_PLUGIN_TLS", "1");
    let mut running = runner.start(&[]);
    running.wait_until_it_prints("|grpc");
    check("the provider", &runner, &running);
    running.kill();
}

/// The watchdog was started by a process that has the secret in its environment.
#[test]
fn the_watchdog_has_no_secret_in_its_environment() {
    if !has_proc() {
        return;
    }
    let cloud = cloud(SandboxConfig::default());
    for front in FRONTS {
        let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", "eu-west-1");
        // It leads the command's process group.
        let script = "set -- $(cat /proc/$$/stat); echo $5 > group.new; mv group.new group; \
                      until [ -e go ]; do sleep 0.01; done";
        let running = runner.start(&["exec", front, "--", "sh", "-c", script]);
        let group = runner.home().join("group");
        wait_until("the command runs", || group.exists());
        let place = format!("/proc/{}/environ", fs::read_to_string(group).unwrap().trim());
        match fs::read(&place) {
            Ok(environment) => {
                guard::holds_no_secret(&environment, &place);
                guard::holds_no_token(&environment, &place);
            }
            // That of an ordinary user, who cannot look into it at all.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
        }
        let runner = runner.with_file("go", "");
        running.finish().succeeded();
        drop(runner);
    }
}

/// gc-token leaves no core after a crash, whatever limit the user has set.
#[test]
fn a_crash_leaves_no_core() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", "eu-west-1");
    let crash = |command: &str, until: &str| {
        let script = format!("ulimit -S -c $(ulimit -H -c); exec {command}");
        let mut running = runner.start_shell("sh", &script);
        running.wait_until_it_prints(until);
        running.signal(Signal::ABORT);
        running.finish().status
    };
    let other = crash("sh -c 'echo here; exec sleep 100'", "here");
    assert_eq!(other.signal(), Some(Signal::ABORT.as_raw()), "{other}");
    if !other.core_dumped() {
        say("NOT TESTED: no program leaves a core dump on this machine");
    }
    let crashed = crash("gc-token gateway", "GC_TOKEN_GATEWAY_URL");
    assert_eq!(crashed.signal(), Some(Signal::ABORT.as_raw()), "{crashed}");
    assert!(!crashed.core_dumped(), "{crashed}");
}

/// The protection is not inherited: the command leaves cores if it could before.
#[test]
fn the_commands_core_dumps_are_up_to_the_user() {
    let cloud = cloud(SandboxConfig::default());
    for front in ["", "--gateway", "--intercept"] {
        let runner = Runner::of(&cloud).set("GENESYSCLOUD_REGION", "eu-west-1");
        let script = format!(
            "ulimit -S -c $(ulimit -H -c); ulimit -c; \
             exec gc-token exec {front} -- sh -c 'ulimit -c'"
        );
        let finished = runner.shell("sh", &script);
        let limits: Vec<_> = finished.succeeded().lines().collect();
        assert_eq!(limits.len(), 2, "{finished:?}");
        assert_eq!(limits[0], limits[1], "{front}");
        if limits[0] == "0" {
            say("NOT TESTED: core dumps are forbidden on this machine anyway");
        }
    }
}

/// Runs in this process, which is not protected.
#[test]
fn a_run_says_when_it_is_not_protected() {
    if !has_proc() {
        return;
    }
    let cloud = cloud(SandboxConfig::default());
    let (login, api) = (cloud.login_url(), cloud.api_url());
    let env = [
        ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
        ("GC_TOKEN_LOGIN_URL", login.as_str()),
        ("GC_TOKEN_API_URL", &api),
        ("GC_TOKEN_NO_CACHE", "true"),
    ];
    let (reporter, said) = Reporter::collected();
    let context = Context::with_env(env.into(), reporter);
    let mut streams = StandardStreams::without_input(std::io::sink());
    let args = ["gc-token", "gateway", "--until-stdin-closes"].map(OsString::from);
    assert_eq!(gc_token::run(&args, &context, &mut streams), 0);
    let said = said.take();
    assert!(said.iter().any(|it| it.contains("can read this process's memory")), "{said:?}");
}
