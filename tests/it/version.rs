//! `version`, and what `build.rs` records of a release.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::page::root;
use crate::common::runner::Runner;
use crate::common::{missing, program};

#[test]
fn the_version_fits_a_report_of_a_fault() {
    let runner = Runner::bare();
    let text = runner.run(&["version"]).succeeded().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.starts_with(&format!("gc-token {version}\n")), "{text}");
    for name in ["commit", "target", "libc", "rustc", "provider"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} in {text}");
    }
    let short = runner.run(&["--version"]).succeeded().to_owned();
    assert_eq!(short, format!("gc-token {version}\n"));
    let json: Value =
        serde_json::from_str(runner.run(&["version", "--json"]).succeeded()).expect("JSON");
    assert_eq!(json["version"], version);
    assert_eq!(json["provider_protocol"], "6");
    let target = json["target"].as_str().expect("a text");
    assert!(target.starts_with(std::env::consts::ARCH), "{target}");
    // The build script records no commit in a debug build, which would be built anew for each.
    assert_eq!(json["commit"], Value::Null);
}

/// The build script of a release, run in packages as they come.
#[test]
fn a_release_records_the_commit_of_its_own_repository() {
    if program("git").is_none() {
        return missing("git");
    }
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("build-script");
    let built = Command::new("rustc")
        .args(["--edition", "2024", "-A", "warnings", "-o"])
        .args([&script, &root().join("build.rs")])
        .status();
    assert!(built.expect("rustc").success());

    let package = dir.path().join("package");
    fs::create_dir(&package).unwrap();
    assert_eq!(recorded(&script, &package, "release"), "");

    let packed = r#"{"git":{"sha1":"0123456789abcdef0123456789abcdef01234567"},"path_in_vcs":""}"#;
    fs::write(package.join(".cargo_vcs_info.json"), packed).unwrap();
    let of_package = "COMMIT=0123456789abcdef0123456789abcdef01234567\nCOMMIT_SECONDS=\n";
    assert_eq!(recorded(&script, &package, "release"), of_package);

    // Somebody keeps the package in a repository: its commits are not the package's.
    commit_in(dir.path());
    assert_eq!(recorded(&script, &package, "release"), of_package);

    let commit = commit_in(&package);
    let of_repository = format!("COMMIT={commit}\nCOMMIT_SECONDS=1764187200\n");
    assert_eq!(recorded(&script, &package, "release"), of_repository);
    assert_eq!(recorded(&script, &package, "debug"), "");
    // Another folder gives the same.
    let elsewhere = dir.path().join("elsewhere");
    git(dir.path(), &["clone", "--quiet", "package", "elsewhere"]);
    assert_eq!(recorded(&script, &elsewhere, "release"), of_repository);
}

/// Returns the variables about the commit that the build script sets.
fn recorded(script: &Path, package: &Path, profile: &str) -> String {
    let mut command = Command::new(script);
    command.current_dir(package).env("CARGO_MANIFEST_DIR", package).env("PROFILE", profile);
    let output = command.env("RUSTC", "rustc").env("TARGET", "a-target").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("cargo::rustc-env=GC_TOKEN_BUILD_TARGET=a-target\n"), "{text}");
    for file in text.lines().filter_map(|line| line.strip_prefix("cargo::rerun-if-changed=")) {
        // Cargo would run the script at each build for one that is missing.
        assert!(file == "build.rs" || Path::new(file).exists(), "{text}");
    }
    let lines =
        text.lines().filter_map(|line| line.strip_prefix("cargo::rustc-env=GC_TOKEN_BUILD_"));
    let about_commit = lines.filter(|line| line.starts_with("COMMIT"));
    about_commit.map(|line| format!("{line}\n")).collect()
}

fn commit_in(dir: &Path) -> String {
    git(dir, &["init", "--quiet"]);
    git(dir, &["commit", "--quiet", "--allow-empty", "--message", "a commit"]);
    git(dir, &["rev-parse", "HEAD"]).trim().to_owned()
}

fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(dir).args(["-c", "user.name=a", "-c", "user.email=a@localhost"]);
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        command.env(name, "2025-11-26T20:00:00Z");
    }
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
