//! Help: what it looks like, and that its examples work.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use clap::CommandFactory;
use gc_token::internals::cli::{Cli, usage_examples};
use gc_token::internals::context::Environment;
use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::runner::Runner;
use crate::common::servers::redis::RedisServer;
use crate::common::{missing, program};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The names of all commands, those below others included.
fn commands() -> Vec<Vec<String>> {
    fn collect(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
        found.push(above.to_owned());
        let visible =
            |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
        for command in command.get_subcommands().filter(visible) {
            collect(command, &[above, &[command.get_name().to_owned()]].concat(), found);
        }
    }
    let mut cli = Cli::command();
    cli.build();
    let mut found = Vec::new();
    collect(&cli, &[], &mut found);
    found
}

#[test]
fn every_help_fits_the_terminal_and_ends_with_examples_and_an_address() {
    for (columns, widest) in [("80", 80), ("120", 100)] {
        let runner = Runner::bare().set("COLUMNS", columns);
        for command in commands() {
            let words: Vec<_> = command.iter().map(String::as_str).collect();
            let help = |flag| runner.run(&[&words[..], &[flag]].concat()).succeeded().to_owned();
            let (short, long) = (help("-h"), help("--help"));
            for line in short.lines().chain(long.lines()) {
                // An address cannot be broken.
                let fits = line.chars().count() <= widest || line.starts_with("https://");
                assert!(fits, "{words:?} at {columns}: {line}");
            }
            assert!(long.contains("\nExamples:\n"), "{words:?}: {long}");
            let last = long.lines().last().unwrap();
            assert!(last.contains("https://") && last.ends_with(".md"), "{words:?}: {last}");
            assert!(short.lines().count() < long.lines().count(), "{words:?}");
            assert!(short.contains("--help"), "{words:?}: {short}");
        }
    }
}

#[test]
fn without_a_command_the_help_is_as_it_is_with_a_flag() {
    let runner = Runner::bare().set("COLUMNS", "80");
    let help = runner.run(&["-h"]).succeeded().to_owned();
    let bare = runner.run(&[]);
    assert_eq!((bare.status.code(), &*bare.stdout, &*bare.stderr), (Some(2), "", &*help));
}

#[test]
fn short_help_at_80_columns() {
    let runner = Runner::bare().set("COLUMNS", "80");
    let short = |words: &[&str]| runner.run(words).succeeded().to_owned();
    insta::assert_snapshot!("overview", short(&["-h"]));
    insta::assert_snapshot!("get", short(&["get", "-h"]));
    insta::assert_snapshot!("exec", short(&["exec", "-h"]));
}

/// In a directory of its own, with a stand-in for Terraform on the PATH.
#[test]
fn the_examples_of_help_work() {
    let cloud = cloud(SandboxConfig::default());
    let store = RedisServer::start(&[]);
    let mut count = 0;
    for example in usage_examples() {
        // Takes long, and is tested elsewhere.
        if example.line == "gc-token demo" {
            continue;
        }
        let shell = if example.line.ends_with("| source") { "fish" } else { "bash" };
        if program(shell).is_none() {
            missing(shell);
            continue;
        }
        let sums = format!("{:064}  gc-token-{VERSION}-x86_64-unknown-linux-musl.tar.gz\n", 0);
        let runner = Runner::of(&cloud)
            .set("GENESYSCLOUD_REGION", "eu-west-1")
            .with_file("FILE", SECRET)
            .with_file("SHA256SUMS", &sums);
        let bin = runner.home().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("terraform"), "#!/bin/sh\n[ -n \"$GENESYSCLOUD_ACCESS_TOKEN\" ]\n")
            .unwrap();
        fs::set_permissions(bin.join("terraform"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut line = example.line.replace(" ID ", &format!(" {CLIENT} "));
        let serves = ["gc-token gateway", "gc-token sandbox"];
        let runs_a_command = line.contains(" sh -c ") || line.contains(" -- ");
        if serves.iter().any(|command| line.starts_with(command)) && !runs_a_command {
            // A free port, and an end.
            line = line.replace(":9000", ":0").replace(":9464", ":0");
            line += " --until-stdin-closes < /dev/null";
        }
        let path = std::env::join_paths(
            [bin]
                .into_iter()
                .chain(std::env::split_paths(&Environment::of_process().os("PATH").unwrap())),
        );
        let mut runner = runner.set("PATH", path.unwrap());
        if line.contains("--store") {
            let Some(store) = &store else {
                continue;
            };
            runner = runner.set("GC_TOKEN_STORE", store.location());
        }
        let script = if shell == "bash" { format!("set -e -o pipefail\n{line}") } else { line };
        let ended = runner.shell(shell, &script);
        assert!(ended.status.success(), "{}: {ended:#?}", example.line);
        count += 1;
    }
    assert!(count > 25, "{count}");
}
