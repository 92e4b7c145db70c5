//! `terraform install`: where the provider is put, from which files, and what becomes of older
//! installations. `release/checks/provider` has real zips.

use std::fs;
use std::path::PathBuf;

use gc_token::internals::terraform::LOCAL_SOURCE;

use crate::common::process::Finished;
use crate::common::runner::Runner;

#[test]
fn an_installation_under_an_address_that_anybody_could_register_is_told() {
    let runner = Runner::bare();
    let old = ".terraform.d/plugins/registry.terraform.io/gc-token/gctoken";
    fs::create_dir_all(runner.home().join(old)).unwrap();
    let installed = runner.run(&["terraform", "install"]);
    let warning = format!(
        "gc-token: warning: HOME/{old} holds an older version, under an address that anybody could \
         register; set the source to {LOCAL_SOURCE}, then remove that directory\n"
    );
    assert_eq!(installed.stderr, warning);
    assert!(installed.succeeded().contains(&format!("source  = \"{LOCAL_SOURCE}\"")));
    assert!(runner.home().join(old).exists(), "old configurations would ask the registry");
}

/// The zips of a release, which no more than look like zips, and their checksums.
struct Release {
    runner: Runner,
}

impl Release {
    fn new() -> Release {
        let release = Release { runner: Runner::bare() };
        let mut sums = String::new();
        for platform in ["linux_amd64", "darwin_arm64"] {
            let bytes = format!("the zip for {platform}");
            let checksum = ring::digest::digest(&ring::digest::SHA256, bytes.as_bytes());
            let hex: String = checksum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            sums += &format!("{hex}  {}\n", zip(platform));
            release.write(&zip(platform), &bytes);
        }
        // Of another platform, for which there is no zip.
        sums += &format!("{}  {}\n", "0".repeat(64), zip("plan9_386"));
        release.write(&format!("terraform-provider-gctoken_{VERSION}_SHA256SUMS"), &sums);
        release
    }

    fn write(&self, name: &str, text: &str) {
        let dir = self.runner.home().join("release");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(name), text).unwrap();
    }

    fn install(&self) -> Finished {
        self.runner.run(&["terraform", "install", "--from=~/release"])
    }

    fn mirror(&self) -> PathBuf {
        self.runner.home().join(".terraform.d/plugins").join(LOCAL_SOURCE)
    }
}

fn zip(platform: &str) -> String {
    format!("terraform-provider-gctoken_{VERSION}_{platform}.zip")
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_zips_of_a_release_take_the_place_of_the_program() {
    let release = Release::new();
    release.runner.run(&["terraform", "install"]).succeeded();
    let unpacked = release.mirror().join(VERSION).join("linux_amd64");
    assert!(unpacked.exists());

    let installed = release.install();
    let command = format!(
        "#   terraform providers lock -fs-mirror=\"HOME/.terraform.d/plugins\" \
         -platform=linux_amd64 -platform=darwin_arm64 {LOCAL_SOURCE}\n"
    );
    assert!(installed.succeeded().ends_with(&command), "{installed:?}");
    assert!(!installed.stdout.contains("provider_installation"), "{installed:?}");
    let use_of_token = "#     access_token = ephemeral.gctoken_access_token.this.access_token\n";
    assert!(installed.stdout.contains(use_of_token), "{installed:?}");
    let read = |platform| fs::read_to_string(release.mirror().join(zip(platform))).unwrap();
    assert_eq!(read("darwin_arm64"), "the zip for darwin_arm64");
    assert!(!unpacked.exists(), "Terraform would prefer it to the zip");

    release.runner.run(&["terraform", "install"]).succeeded();
    assert!(unpacked.exists() && !release.mirror().join(zip("linux_amd64")).exists());
    assert_eq!(read("darwin_arm64"), "the zip for darwin_arm64");
}

#[test]
fn a_changed_zip_is_refused_and_nothing_is_installed() {
    let release = Release::new();
    release.write(&zip("darwin_arm64"), "another zip");
    let refused = release.install();
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(refused.stdout, "");
    let message = format!(
        "gc-token: error: HOME/release/{} is not what was released\n  cause: \
         HOME/release/terraform-provider-gctoken_{VERSION}_SHA256SUMS lists another checksum\n  \
         hint: download both again\n",
        zip("darwin_arm64")
    );
    assert_eq!(refused.stderr, message);
    assert!(!release.mirror().exists());
}

#[test]
fn a_directory_without_a_release_is_refused() {
    let release = Release::new();
    fs::remove_file(release.runner.home().join("release").join(zip("linux_amd64"))).unwrap();
    fs::remove_file(release.runner.home().join("release").join(zip("darwin_arm64"))).unwrap();
    let refused = release.install();
    assert_eq!(refused.status.code(), Some(3));
    let message = "gc-token: error: HOME/release holds no zip that its checksums list\n";
    assert!(refused.stderr.starts_with(message), "{refused:?}");

    fs::remove_dir_all(release.runner.home().join("release")).unwrap();
    let refused = release.install();
    let message = format!(
        "gc-token: error: cannot read HOME/release/terraform-provider-gctoken_{VERSION}_SHA256SUMS, \
         from --from\n"
    );
    assert!(refused.stderr.starts_with(&message), "{refused:?}");
    assert!(!release.mirror().exists());
}

#[test]
fn nothing_waits_for_a_pipe_in_place_of_a_zip() {
    let release = Release::new();
    let path = release.runner.home().join("release").join(zip("linux_amd64"));
    fs::remove_file(&path).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    let refused = release.install();
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains("cause: it is not a regular file\n"), "{refused:?}");
}

/// HCP Terraform reads that folder, and no CLI configuration.
#[test]
fn the_folder_beside_a_configuration_needs_no_cli_configuration() {
    let runner = Runner::bare();
    let installed = runner.shell("sh", "gc-token terraform install --mirror terraform.d/plugins");
    let text = installed.succeeded();
    assert!(text.contains("terraform.d/plugins"), "{text}");
    assert!(!text.contains("provider_installation"), "{text}");
}
