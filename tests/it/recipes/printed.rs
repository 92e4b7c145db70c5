//! `gc-token ci` itself: what it prints for which settings, and what it refuses.
//!
//!     GC_TOKEN_WRITE_DOCS=1 cargo test --test it recipes::printed

use std::fs;
use std::path::Path;

use gc_token::internals::context::Environment;

use super::project::REGION;
use crate::common::cloud::SECRET;
use crate::common::page::{read, root};
use crate::common::process::Finished;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

const SYSTEMS: [&str; 6] = ["github", "gitlab", "azure", "jenkins", "atlantis", "hcp"];

#[test]
fn the_files_in_ci_are_what_the_program_writes() {
    let writes = Environment::of_process().text("GC_TOKEN_WRITE_DOCS").is_some();
    for system in SYSTEMS {
        let runner = Runner::bare();
        let printed = runner.run(&["ci", system, "--region", REGION, "--write", "."]);
        for path in printed.succeeded().lines() {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            let kept = root().join("ci").join(system).join(name.trim_start_matches('.'));
            let text = fs::read_to_string(runner.home().join(path)).unwrap();
            if writes {
                fs::create_dir_all(kept.parent().unwrap()).unwrap();
                fs::write(&kept, &text).unwrap();
            }
            let page = read(&format!("book/src/guides/ci/{system}.md"));
            let kept_name = kept.strip_prefix(root()).unwrap().display();
            assert!(page.contains(&format!("{{{{#include ../../../../{kept_name}}}}}")), "{page}");
            let kept_text = fs::read_to_string(&kept).unwrap_or_default();
            assert_eq!(kept_text, text, "{}: write it anew, as above", kept.display());
        }
    }
}

#[test]
fn the_first_file_is_printed() {
    for system in SYSTEMS {
        let runner = Runner::bare();
        let words = ["ci", system, "--region", REGION];
        let written = runner.run(&[&words[..], &["--write", "."]].concat()).succeeded().to_owned();
        let first = runner.home().join(written.lines().next().unwrap());
        let printed = runner.run(&words).succeeded().to_owned();
        assert_eq!(printed, fs::read_to_string(first).unwrap(), "{system}");
    }
}

#[test]
fn a_person_is_told_that_checksums_are_missing() {
    let screen = |system| Terminal::screen(&Runner::bare(), 80, &["ci", system]);
    assert!(screen("gitlab").contains("no checksum is pinned"), "{}", screen("gitlab"));
    // HCP Terraform gets the program with the configuration, and downloads none.
    assert!(!screen("hcp").contains("no checksum is pinned"), "{}", screen("hcp"));
}

#[test]
fn without_a_system_it_is_the_one_that_this_runs_on_or_a_list() {
    let list = Runner::bare().run(&["ci"]).succeeded().to_owned();
    for system in SYSTEMS {
        assert!(list.lines().any(|line| line.starts_with(&format!("{system} "))), "{list}");
    }
    for (variable, system) in [("GITHUB_ACTIONS", "github"), ("TF_BUILD", "azure")] {
        let runner = Runner::bare().set(variable, "true");
        assert_eq!(runner.run(&["ci"]).succeeded(), runner.run(&["ci", system]).succeeded());
    }
}

#[test]
fn settings_of_every_source_are_carried_and_the_secret_is_not() {
    let profile = "[work]\nregion = \"frankfurt\"\nidle_timeout = \"30m\"\nmin_ttl = \"1h 30m\"\n";
    let runner = Runner::bare()
        .with_file(".config/gc-token/config.toml", profile)
        .set("GC_TOKEN_CLIENT_ID", "some-client")
        .set("GC_TOKEN_CLIENT_SECRET", SECRET)
        .set("GC_TOKEN_SCOPE", "one two");
    let printed = runner.run(&["ci", "github", "--profile", "work", "--skew", "9s"]);
    let printed = printed.succeeded();
    for line in [
        "  GENESYSCLOUD_REGION: \"eu-central-1\"\n",
        "  GC_TOKEN_SCOPE: \"one two\"\n",
        "  GC_TOKEN_SKEW: \"9s\"\n",
        "  GC_TOKEN_IDLE_TIMEOUT: \"30m\"\n",
        "  GC_TOKEN_CLIENT_ID: ${{ vars.GC_TOKEN_CLIENT_ID }}\n",
        "          GC_TOKEN_CLIENT_SECRET: ${{ secrets.GC_TOKEN_CLIENT_SECRET }}\n",
        "gc-token exec --min-ttl 1h30m -- terraform apply",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    assert!(!printed.contains("some-client"), "{printed}");
}

#[test]
fn what_a_notation_would_change_is_refused() {
    let refused =
        |flag: &str, value: &str| error(&Runner::bare().run(&["ci", "gitlab", flag, value]), 2);
    for value in ["$HOME", "${{ secrets.X }}", "a\"b", "it's", "a\\b", "<x>"] {
        let said = refused("--scope", value);
        assert!(said.contains("--scope: ") && said.contains("cannot stand in a recipe"), "{said}");
    }
    let said = refused("--login-url", "https://user:password@login.example.com");
    assert!(!said.contains("password@"), "{said}");
    let said = refused("--audience", "k7Yq2Zr9Xw4Vt6Ub1Nc8Md3Le5Kf0JgHs");
    assert!(!said.contains("k7Yq2Zr9"), "{said}");
    assert!(refused("--region", "nowhere").contains("is not a region"));
    assert!(refused("--min-ttl", "soon").contains("--min-ttl"));
}

#[test]
fn sums_have_to_be_those_of_this_version() {
    let runner = Runner::bare().with_file("SHA256SUMS", "00  other.tar.gz\n");
    let said = error(&runner.run(&["ci", "github", "--sums", "SHA256SUMS"]), 2);
    assert!(said.contains("--sums: SHA256SUMS has no archive of this version"), "{said}");
    let pipe = runner.home().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RUSR).unwrap();
    fs::write(runner.home().join("utf-16"), b"\xff\xfe0\0").unwrap();
    for (file, cause) in [
        ("missing", "No such file"),
        ("pipe", "it is not a regular file"),
        ("/dev/zero", "it is not a regular file"),
        ("utf-16", "it is UTF-16, not UTF-8"),
    ] {
        let said = error(&runner.run(&["ci", "github", "--sums", file]), 2);
        assert!(said.contains(&format!("--sums: cannot read {file}\n  cause: {cause}")), "{said}");
    }
}

#[test]
fn files_that_exist_are_not_changed() {
    let runner = Runner::bare();
    let written = runner.run(&["ci", "github", "--write", "."]).succeeded().to_owned();
    assert_eq!(runner.run(&["ci", "github", "--write", "."]).succeeded(), written);
    let action = ".github/actions/gc-token/action.yml";
    fs::write(runner.home().join(action), "mine").unwrap();
    fs::remove_file(runner.home().join(".github/workflows/genesys-cloud.yml")).unwrap();
    let said = error(&runner.run(&["ci", "github", "--write", "."]), 3);
    assert!(said.contains(&format!("./{action} exists and has another text")), "{said}");
    assert_eq!(fs::read_to_string(runner.home().join(action)).unwrap(), "mine");
    assert!(!runner.home().join(".github/workflows/genesys-cloud.yml").exists());
}

/// Asserts a failure with this exit code and nothing on standard output; returns the message.
fn error(finished: &Finished, code: i32) -> String {
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(code), ""), "{finished:#?}");
    finished.stderr.clone()
}
