//! What `deny.toml` allows is all that there is: licences, crates, sources.
//! Bans and sources are looked up in `Cargo.lock`, for every platform; licences
//! in what cargo has downloaded, for this one. With `cargo-deny` on the
//! `PATH`, that has to agree.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use spdx::{Expression, ParseMode};

/// `deny.toml`, as far as it is enforced here.
#[derive(Deserialize)]
struct Policy {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

/// A package, in `Cargo.lock` or in cargo's metadata.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// `None` is this very repository.
    source: Option<String>,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[test]
fn no_banned_crate_is_locked_and_all_come_from_allowed_sources() {
    let (policy, lock): (Policy, Lock) = (read("deny.toml"), read("Cargo.lock"));
    assert!(lock.package.len() > 100, "all packages are looked at");
    for package in &lock.package {
        let ban = policy.bans.deny.iter().find(|ban| ban.name == package.name);
        let reason = ban.map(|ban| &ban.reason);
        assert_eq!(reason, None, "{} is banned", package.name);
        if let Some(source) = &package.source {
            assert!(policy.sources.allow(source), "{}: {source}", package.name);
        }
    }
    let own = lock.package.iter().filter(|it| it.source.is_none());
    assert_eq!(own.map(|it| &*it.name).collect::<Vec<_>>(), ["gc-token"]);
}

#[test]
fn every_licence_is_allowed() {
    let policy: Policy = read("deny.toml");
    let packages = packages();
    assert!(packages.len() > 100, "all packages are looked at");
    for package in packages {
        let Package { name, version, .. } = &package;
        let Some(license) = &package.license else {
            panic!("{name} {version} states no licence");
        };
        // Older crates write a slash for OR.
        let license = Expression::parse_mode(license, ParseMode::LAX)
            .unwrap_or_else(|why| panic!("{name} {version}: {why}"));
        let allowed = license.evaluate(|one| {
            let id = one.license.to_string();
            one.addition.is_none() && policy.licenses.allow(name, &id)
        });
        assert!(allowed, "{name} {version} is under {license}");
    }
}

/// No crate in use has a known hole, nor was it withdrawn. The advisories are fetched;
/// where that cannot be done, no crate was checked, and that is said: it is the
/// network's fault and not this commit's.
#[test]
fn no_advisory_is_known_of_a_crate_in_use() {
    if crate::common::program("cargo-deny").is_none() {
        return crate::common::missing("cargo-deny");
    }
    let output = cargo().args(["deny", "--locked", "check", "advisories"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("failed to fetch advisory database") {
        return crate::common::say("NOT TESTED: the database of advisories could not be fetched");
    }
    assert!(output.status.success(), "{said}");
}

#[test]
fn cargo_deny_agrees() {
    if crate::common::program("cargo-deny").is_none() {
        return crate::common::missing("cargo-deny");
    }
    let check = ["deny", "--locked", "check", "licenses", "bans", "sources"];
    let output = cargo().args(check).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

impl Licences {
    fn allow(&self, name: &str, license: &str) -> bool {
        let exceptions = self.exceptions.iter().filter(|it| it.name == name);
        let mut allowed = exceptions.flat_map(|it| &it.allow).chain(&self.allow);
        allowed.any(|allowed| allowed == license)
    }
}

impl Sources {
    fn allow(&self, source: &str) -> bool {
        match source.split_once('+') {
            Some(("registry", url)) => self.allow_registry.iter().any(|it| it == url),
            Some(("git", url)) => self.allow_git.iter().any(|it| url.starts_with(it)),
            _ => false,
        }
    }
}

/// The packages of this platform's build, tests included: cargo has them all.
fn packages() -> Vec<Package> {
    let host = run(Command::new("rustc").arg("-vV"));
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let platform = format!("--filter-platform={}", host.expect("rustc names its host"));
    let metadata = ["metadata", "--locked", "--offline", "--format-version=1"];
    let metadata = run(cargo().args(metadata).arg(platform));
    let metadata: Metadata = serde_json::from_str(&metadata).unwrap();
    metadata.packages
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(&path).unwrap();
    toml::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
}
