//! The command line's surface: the order of words, aliases, flags of every command, help.

mod help;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;

#[test]
fn flags_may_stand_before_the_command() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let token = runner.run(&["get"]).succeeded().to_owned();
    for words in [
        &["--min-ttl", "1h", "get"][..],
        &["--min-ttl=1h", "-v", "get"],
        &["-v", "--verify", "never", "get", "--format=text"],
        &["token"],
        &["-q", "token"],
    ] {
        assert_eq!(runner.run(words).succeeded(), token, "{words:?}");
    }
    let header = runner.run(&["--format", "header", "get"]).succeeded().to_owned();
    assert_eq!(header, format!("Authorization: Bearer {token}"));
    let length = ["--min-ttl", "1h", "exec", "sh", "-c", "echo ${#GENESYSCLOUD_ACCESS_TOKEN}"];
    assert_eq!(runner.run(&length).succeeded(), format!("{}\n", token.trim_end().len()));
    let listed = runner.run(&["--json", "cache", "list"]).succeeded().to_owned();
    assert!(listed.starts_with('['), "{listed}");
}

#[test]
fn a_mistake_before_the_command_is_explained_as_behind_it() {
    let runner = Runner::bare();
    for (before, behind) in [
        (&["--regoin", "x", "get"][..], &["get", "--regoin", "x"][..]),
        (&["--region", "moon", "get"], &["get", "--region", "moon"]),
        (&["--client-secret", "hunter2", "get"], &["get", "--client-secret", "hunter2"]),
        (&["--region", "x", "gte"], &["gte", "--region", "x"]),
        (&["--gateway", "get"], &["get", "--gateway"]),
    ] {
        let (before, behind) = (runner.run(before), runner.run(behind));
        assert_eq!(before.stderr, behind.stderr);
        assert_eq!(before.status.code(), behind.status.code());
        assert!(!before.status.success() && before.stdout.is_empty(), "{before:#?}");
    }
    // The statement that makes a shell fail does not depend on the order.
    for words in [["env", "--nonsense"], ["--nonsense", "env"]] {
        assert_eq!(runner.run(&words).stdout, "false\n", "{words:?}");
    }
}

/// The first word that is no flag begins the command of `exec`; the rest belongs to it.
#[test]
fn the_command_of_exec_needs_no_dashes() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let script = "printf '%s|' \"$@\"";
    for dashes in [&[][..], &["--"]] {
        let flags = ["exec", "--min-ttl", "1h"];
        let command =
            ["sh", "-c", script, "sh", "--min-ttl", "-v", "--", "-auto-approve", "--help"];
        let words = [&flags[..], dashes, &command].concat();
        let printed = runner.run(&words).succeeded().to_owned();
        assert_eq!(printed, "--min-ttl|-v|--|-auto-approve|--help|");
    }
    for words in [&["exec", "--gateway", "true"][..], &["run", "true"], &["exec", "-v", "true"]] {
        runner.run(words).succeeded();
    }
    for words in [
        &["exec", "--min-tll", "3", "true"][..],
        &["exec", "-auto-approve", "true"],
        &["exec", "--gatway", "--", "true"],
    ] {
        let refused = runner.run(words);
        assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
        assert!(refused.stderr.contains("unexpected argument"), "{refused:#?}");
    }
    assert_eq!(runner.run(&["exec", "no-such-command"]).status.code(), Some(127));
    assert_eq!(runner.run(&["exec", "/"]).status.code(), Some(126));
}

#[test]
fn a_quiet_command_writes_errors_alone() {
    let cloud = cloud(SandboxConfig::default());
    // A warning: nothing reads that variable.
    let runner = || Runner::of(&cloud).set("GC_TOKEN_REGOIN", "eu-west-1");
    let said = |runner: Runner, words: &[&str]| runner.run(words).stderr;
    assert!(said(runner(), &["get"]).contains("warning: "));
    for words in [&["get", "--quiet"][..], &["get", "-q"], &["-q", "get"]] {
        assert_eq!(said(runner(), words), "", "{words:?}");
    }
    let quiet = || runner().set("GC_TOKEN_QUIET", "1");
    assert_eq!(said(quiet(), &["get"]), "");
    // The flag is nearer than the variable, and two flags contradict each other.
    assert_eq!(said(runner().set("GC_TOKEN_VERBOSE", "2"), &["get", "-q"]), "");
    assert!(said(quiet(), &["get", "-v"]).contains("warning: "));
    assert!(said(quiet(), &["doctor", "-v", "--html=page"]).contains("wrote page"));
    assert!(said(runner(), &["get", "-v", "-q"]).contains("cannot be used with"));
    assert_eq!(said(runner().set("GC_TOKEN_QUIET", "perhaps"), &["get", "-q"]), "");
    assert!(said(quiet(), &["get", "--min-ttl", "3d"]).contains("error: "));
    let odd = Runner::bare().set("GC_TOKEN_QUIET", "perhaps").run(&["regions"]);
    assert_eq!(odd.status.code(), Some(3), "{odd:#?}");
    assert!(odd.stderr.contains("GC_TOKEN_QUIET"), "{odd:#?}");
    let odd = Runner::bare().set("GC_TOKEN_QUIET", "perhaps").run(&["config", "check"]);
    assert!(odd.stderr.contains("GC_TOKEN_QUIET: \"perhaps\" is neither"), "{odd:#?}");
    assert!(odd.stderr.contains("found 1 mistake in"), "{odd:#?}");
    // In a shell, the command line of `env` has to fail.
    let odd = Runner::of(&cloud).set("GC_TOKEN_QUIET", "perhaps").run(&["env"]);
    assert_eq!((odd.status.code(), &*odd.stdout), (Some(3), "false\n"), "{odd:#?}");
    // Without use, 'exec --gateway' says so, if it may.
    let unused = ["exec", "--gateway", "true"];
    assert!(said(runner(), &unused).contains("no request came"));
    assert_eq!(said(quiet(), &unused), "");
    for words in [&["regions", "-q"][..], &["cache", "list", "-q"], &["config", "schema", "-q"]] {
        quiet().run(words).succeeded();
    }
}

#[test]
fn json_is_a_format_of_get() {
    let cloud = cloud(SandboxConfig::default());
    let runner = || Runner::of(&cloud);
    let is_json = |runner: Runner, words: &[&str]| {
        runner.run(words).succeeded().starts_with("{\"access_token\"")
    };
    assert!(is_json(runner(), &["get", "--json"]));
    assert!(is_json(runner().set("GC_TOKEN_JSON", "1"), &["get"]));
    assert!(is_json(runner().set("GC_TOKEN_FORMAT", "header"), &["get", "--json"]));
    assert!(!is_json(runner().set("GC_TOKEN_JSON", "1"), &["get", "--format", "text"]));
    let both = runner().run(&["get", "--json", "--format", "header"]);
    assert_eq!(both.status.code(), Some(2), "{both:#?}");
    assert!(both.stderr.contains("'--json' cannot be used with '--format <FORMAT>'"), "{both:#?}");
    let variables = runner().set("GC_TOKEN_JSON", "1").set("GC_TOKEN_FORMAT", "text");
    let contradiction = variables.run(&["get"]);
    assert_eq!(contradiction.status.code(), Some(3), "{contradiction:#?}");
    let said = "error: GC_TOKEN_JSON: contradicts GC_TOKEN_FORMAT \"text\"";
    assert!(contradiction.stderr.contains(said), "{contradiction:#?}");
}

#[test]
fn dashes_announce_a_command() {
    let runner = Runner::bare();
    for words in [&["sandbox", "--"][..], &["sandbox", "--lifetime=5m", "--"], &["exec", "--"]] {
        let refused = runner.run(words);
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(2), ""), "{refused:#?}");
        assert!(refused.stderr.contains("Usage: gc-token "), "{refused:#?}");
    }
    let said = runner.run(&["sandbox", "--"]).stderr;
    assert!(said.contains("'--' stands before the command to run, and there is none"), "{said}");
}

#[test]
fn init_writes_the_profile_that_other_commands_read() {
    let help = |command| Runner::bare().run(&[command, "--help"]).succeeded().to_owned();
    assert!(help("init").contains("The profile to write [default: default]"));
    assert!(help("get").contains("The profile to read [default: default]"));
}

#[test]
fn a_name_from_another_program_leads_to_the_right_one() {
    let runner = Runner::bare();
    for (word, tip) in [
        ("login", "'gc-token get'"),
        ("proxy", "'gc-token gateway'"),
        ("check", "'gc-token config check'"),
    ] {
        let refused = runner.run(&[word]);
        assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
        assert!(refused.stderr.contains(tip), "{refused:#?}");
        assert_eq!(refused.stdout, "");
    }
    let help = |word| runner.run(&[word, "--help"]).succeeded().to_owned();
    assert_eq!(
        [help("token"), help("run"), help("serve")],
        [help("get"), help("exec"), help("gateway")]
    );
}
