//! Links the unwinder into the program, and records what a release was built from.
//!
//! On Linux with glibc the default is a shared library, libgcc_s.so.1: loading it takes a
//! tenth of the time of a cached `get`, and slim container images lack it.

use std::env;
use std::path::Path;
use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "cargo passes the target in variables")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    println!("cargo::rustc-env=GC_TOKEN_BUILD_TARGET={}", variable("TARGET"));
    // A debug build would be built anew after each commit.
    if variable("PROFILE") == "release" {
        let package = variable("CARGO_MANIFEST_DIR");
        let version = output(&variable("RUSTC"), &["--version"]).unwrap_or_default();
        println!("cargo::rustc-env=GC_TOKEN_BUILD_RUSTC={version}");
        let recorded = of_repository(&package).or_else(|| of_package(Path::new(&package)));
        if let Some((commit, seconds)) = recorded {
            println!("cargo::rustc-env=GC_TOKEN_BUILD_COMMIT={commit}");
            println!("cargo::rustc-env=GC_TOKEN_BUILD_COMMIT_SECONDS={seconds}");
        }
    }
}

/// Returns the commit and its time in seconds since 1970. A repository that merely contains the
/// package, as where it is vendored, does not count.
fn of_repository(package: &str) -> Option<(String, String)> {
    if !Path::new(package).join(".git").exists() {
        return None;
    }
    let git = |args: &[&str]| output("git", &[&["-C", package], args].concat());
    let shown = git(&["log", "-1", "--format=%H %ct"])?;
    // Those that exist: cargo takes a missing file for a changed one.
    let head = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(head.as_deref()) {
        let path =
            git(&["rev-parse", "--git-path", name]).map(|path| Path::new(package).join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    let (commit, seconds) = shown.split_once(' ')?;
    Some((commit.to_owned(), seconds.to_owned()))
}

/// Returns the commit that `cargo package` has written into the package, without its time.
fn of_package(package: &Path) -> Option<(String, String)> {
    let info = std::fs::read_to_string(package.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = info.split_once("\"sha1\"")?;
    let commit = after.split('"').nth(1)?;
    let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| (commit.to_owned(), String::new()))
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
