//! Cached entries that are none, or not ours. (Cuts at every length and flips
//! of every bit are tested where entries are decoded.)

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::Report;
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::say;
use gc_token::internals::sandbox::SandboxConfig;

/// Damages the file of a cache entry, of its lock, or of a recorded failure.
type Damage = fn(&Path);

/// A miss, and a word about it.
const MISSES: &[(&str, Damage)] = &[
    ("empty", |file| cut(file, |_| 0)),
    ("cut in its first line", |file| cut(file, |_| 10)),
    ("cut in its header", |file| cut(file, |_| 100)),
    ("cut in the middle", |file| cut(file, |length| length - 60)),
    ("cut by one byte", |file| cut(file, |length| length - 1)),
    ("a byte more", |file| {
        let length = fs::metadata(file).unwrap().len();
        poke(file, length, b"x");
    }),
    ("another format", |file| poke(file, 21, b"2")),
    ("a header that is no JSON", |file| poke(file, 23, b"[")),
    ("a header with other words", |file| {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        let at = text.find("the-client").unwrap();
        poke(file, at as u64, b"The");
    }),
    ("a flipped bit in the seal", |file| {
        let bytes = fs::read(file).unwrap();
        poke(file, bytes.len() as u64 - 1, &[bytes[bytes.len() - 1] ^ 1]);
    }),
    ("noughts", |file| {
        let length = fs::metadata(file).unwrap().len();
        fs::write(file, vec![0; length as usize]).unwrap();
    }),
    ("three mebibytes", |file| cut(file, |_| 3 << 20)),
];

/// Somebody else could have put it there, or may read it.
const REFUSALS: &[(&str, Damage)] = &[
    ("readable by the group", |file| mode(file, 0o640)),
    ("readable by all", |file| mode(file, 0o604)),
    ("writable by all", |file| mode(file, 0o602)),
    ("a symbolic link", |file| {
        fs::rename(file, file.with_extension("aside")).unwrap();
        symlink(file.with_extension("aside"), file).unwrap();
    }),
    ("a symbolic link to nowhere", |file| {
        fs::remove_file(file).unwrap();
        symlink("/nowhere", file).unwrap();
    }),
    ("a directory", |file| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
        mode(file, 0o700);
    }),
    ("a pipe that nobody writes to", |file| {
        fs::remove_file(file).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, file, rustix::fs::Mode::RUSR).unwrap();
    }),
];

fn cut(file: &Path, length: fn(u64) -> u64) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(length(file.metadata().unwrap().len())).unwrap();
}

fn poke(file: &Path, at: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

fn mode(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// A runner with a token in its cache.
///
/// Its cache was named: one that nobody named is of no consequence, see `optional`.
fn runner(cloud: &gc_token::internals::sandbox::Sandbox) -> Runner {
    let runner = Runner::of(cloud);
    let cache = runner.cache();
    let runner = runner.set("GC_TOKEN_CACHE_DIR", cache);
    runner.run(&["get"]).token();
    runner
}

#[test]
fn an_entry_that_is_damaged_is_a_miss_with_a_warning() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (name, damage) in MISSES {
        let runner = runner(&cloud);
        damage(&runner.cached("token"));
        // These look at it, too.
        runner.run(&["status"]).succeeded();
        runner.run(&["cache", "list"]).succeeded();
        let finished = runner.run(&["get"]);
        report.warning(name, &finished);
        // The new one took its place.
        assert_eq!(runner.run(&["get"]).token(), finished.stdout.trim_end());
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_file_that_others_can_touch_is_refused() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (name, damage) in REFUSALS {
        for extension in ["token", "lock"] {
            let runner = runner(&cloud);
            let mints = cloud.counters().mints;
            damage(&runner.cached(extension));
            let finished = runner.run(&["get", "--force-refresh"]);
            report.failure(&format!("{extension}: {name}"), &finished);
            assert_eq!(cloud.counters().mints, mints, "{name}");
            runner.run(&["cache", "list"]).succeeded();
            if extension == "token" {
                assert_eq!(runner.run(&["status"]).status.code(), Some(9), "{name}");
            }
        }
    }
    insta::assert_snapshot!(report.0);
}

/// The least of all files: without it each process finds out by itself.
#[test]
fn a_word_of_failure_that_is_damaged_says_nothing() {
    let cloud = cloud(SandboxConfig::default());
    for (_, damage) in REFUSALS {
        let runner = runner(&cloud);
        let file = runner.cached("token").with_extension("failure");
        fs::write(&file, "nonsense").unwrap();
        mode(&file, 0o600);
        damage(&file);
        let entry = runner.cached("token");
        fs::remove_file(entry).unwrap();
        runner.run(&["get"]).succeeded();
    }
}

#[test]
fn an_entry_under_another_name_is_a_miss() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let entry = runner.cached("token");
    let bytes = fs::read(&entry).unwrap();
    runner.run(&["get", "--scope", "another"]).succeeded();
    let names = fs::read_dir(runner.cache()).unwrap();
    let other = names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension() == entry.extension() && *path != entry)
        .unwrap();
    fs::write(other, bytes).unwrap();
    let mut report = Report::default();
    let finished = runner.run(&["get", "--scope", "another"]);
    report.warning("another entry's bytes", &finished);
    insta::assert_snapshot!(report.0);
}

#[test]
fn the_key_of_the_seals_is_checked_like_an_entry() {
    let cloud = cloud(SandboxConfig::default());
    let profile = "[default]\nclient_secret_command = ['cat', 'secret']\n";
    let damages: [(&str, Damage); 5] = [
        ("empty", |file| cut(file, |_| 0)),
        ("cut by one byte", |file| cut(file, |length| length - 1)),
        REFUSALS[1],
        REFUSALS[3],
        REFUSALS[5],
    ];
    let mut report = Report::default();
    for (name, damage) in damages {
        let runner = Runner::of(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file("secret", crate::common::cloud::SECRET)
            .with_file(".config/gc-token/config.toml", profile);
        let token = runner.run(&["get"]).token().to_owned();
        assert_eq!(runner.run(&["get"]).token(), token);
        damage(&runner.home().join(".local/state/gc-token/seal.key"));
        report.warning(name, &runner.run(&["get"]));
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn files_of_another_user_are_refused() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let others = |finished: &crate::common::process::Finished| {
        assert_eq!(finished.status.code(), Some(9), "{finished:#?}");
        assert!(finished.stderr.contains(" belongs to another user\n"), "{finished:#?}");
        assert_eq!(finished.stdout, "");
    };
    if !rustix::process::geteuid().is_root() {
        say("as an ordinary user this tries a directory of root's only");
        return others(&runner.run(&["get", "--cache-dir", "/usr"]));
    }
    let mut report = Report::default();
    for extension in ["token", "lock"] {
        let file = runner.cached(extension);
        chown(&file, Some(54_321), None).unwrap();
        let finished = runner.run(&["get", "--force-refresh"]);
        others(&finished);
        report.failure(extension, &finished);
        chown(&file, Some(0), None).unwrap();
    }
    chown(runner.cache(), Some(54_321), None).unwrap();
    report.failure("the directory", &runner.run(&["get", "--force-refresh"]));
    insta::assert_snapshot!(report.0);
}

#[test]
fn an_entry_that_cannot_be_read_is_a_miss_with_a_warning() {
    let cloud = cloud(SandboxConfig::default());
    let mut runner = Runner::of(&cloud);
    if rustix::process::geteuid().is_root() {
        // Root reads everything.
        runner = runner.owned_by(54_321);
    }
    runner.run(&["get"]).token();
    mode(&runner.cached("token"), 0o000);
    let mut report = Report::default();
    report.warning("mode 0000", &runner.run(&["get"]));
    insta::assert_snapshot!(report.0);
}
