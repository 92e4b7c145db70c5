//! What nobody asked for and the machine does not have: without it, a token all the
//! same, and a word about it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use super::Report;
use crate::common::cloud::{SECRET, cloud};
use crate::common::missing;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const SOMEBODY: u32 = 54_321;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs a script after `mount`, whose mounts end with it. `None`, and a failure in CI,
/// where nothing can be mounted.
fn mounted(runner: &Runner, mount: &str, script: &str) -> Option<Finished> {
    let unshare = if is_root() { "unshare -m" } else { "unshare -rm" };
    let run = |script: &str| runner.shell("sh", &format!("{unshare} sh -ec '{mount}; {script}'"));
    if !run("true").status.success() {
        missing("unshare with the permission to mount");
        return None;
    }
    Some(run(script))
}

const NO_BOOT_ID: &str = "mount --bind /dev/null /proc/sys/kernel/random/boot_id";

#[test]
fn with_an_unknown_boot_a_cached_token_is_verified_once() {
    let proc_files = [
        NO_BOOT_ID,
        "mount -t tmpfs none /proc/sys",
        "mount -t tmpfs none /proc",
        "mount --bind /etc/hostname /proc/sys/kernel/random/boot_id",
    ];
    for mount in proc_files {
        let cloud = cloud(SandboxConfig::default());
        let runner = Runner::of(&cloud);
        let Some(first) = mounted(&runner, mount, "exec gc-token get") else {
            return;
        };
        let again = mounted(&runner, mount, "exec gc-token get").unwrap();
        assert_eq!(first.token(), again.token(), "{mount}");
        let forced = mounted(&runner, mount, "exec gc-token get --force-refresh").unwrap();
        assert_ne!(forced.token(), first.token(), "{mount}");
        assert_eq!(cloud.counters().mints, 2, "{mount}");
        // One that does know its boot cannot compare it with an unknown one.
        assert_eq!(runner.run(&["get"]).token(), forced.token(), "{mount}");
        assert_eq!(cloud.counters().mints, 2, "{mount}");
    }
}

#[test]
fn an_unknown_boot_is_told_by_verbose_and_by_doctor() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let Some(get) = mounted(&runner, NO_BOOT_ID, "exec gc-token get -v") else {
        return;
    };
    let told = "this boot cannot be identified (/proc/sys/kernel/random/boot_id holds no \
                identity): tokens that other processes have cached are checked by a remote clock\n";
    assert!(get.stderr.contains(told), "{get:#?}");
    let doctor = mounted(&runner, NO_BOOT_ID, "exec gc-token doctor").unwrap();
    assert!(doctor.succeeded().contains(told), "{doctor:#?}");
    assert!(!runner.run(&["doctor"]).succeeded().contains("boot cannot be identified"));
}

#[test]
fn a_command_is_served_without_proc() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let script = "exec gc-token exec --gateway -- echo served";
    if let Some(exec) = mounted(&runner, "mount -t tmpfs none /proc", script) {
        assert_eq!(exec.succeeded(), "served\n");
    }
}

/// HOME is another user's (a container that changes the user, `su` without a dash).
#[test]
fn profiles_that_nobody_named_and_nobody_can_read_are_none() {
    if !is_root() {
        return missing("root, to take a file away from a user");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (what, path, open) in [
        ("the file", ".config/gc-token/config.toml", 0o000),
        ("its directory", ".config/gc-token", 0o000),
        ("the vendor's file", ".gc/config.toml", 0o000),
        ("the vendor's directory", ".gc", 0o600),
    ] {
        let runner = Runner::of(&cloud)
            .with_file(".config/gc-token/config.toml", "")
            .with_file(".gc/config.toml", "[DEFAULT]\nclient_secret = 'hunter2'\n")
            .owned_by(SOMEBODY);
        for own in [".config", ".config/gc-token", ".config/gc-token/config.toml", ".gc"] {
            chown(runner.home().join(own), Some(SOMEBODY), None).unwrap();
        }
        chown(runner.home().join(".gc/config.toml"), Some(SOMEBODY), None).unwrap();
        mode(&runner.home().join(path), open);
        runner.run(&["get"]).token();
        report.failure(what, &runner.run(&["get", "--profile", "x"]));
        if !path.starts_with(".gc") {
            // The vendor's file is found then.
            fs::remove_file(runner.home().join(".gc/config.toml")).unwrap();
        }
        let runner = runner.unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
        report.failure(&format!("{what}, and no secret"), &runner.run(&["get"]));
        let verbose = runner.run(&["get", "-v", "--client-secret-file", "/dev/null"]).stderr;
        assert!(verbose.contains("passed over: cannot read the profiles in HOME/"), "{verbose}");
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_vendors_file_with_a_mistake_in_it_is_none() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for text in [
        "[DEFAULT]\nclient_secret = hunter2",
        "DEFAULT = 'hunter2'",
        "[DEFAULT]\nclient_secret = ['hunter2']",
        "[DEFAULT]\nenvironment = 'moon'",
    ] {
        let runner = Runner::of(&cloud).with_file(".gc/config.toml", text);
        runner.run(&["get"]).token();
        let text = text.escape_debug();
        report.failure(&format!("{text}"), &runner.run(&["get", "--profile", "DEFAULT"]));
        let runner = runner.unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
        report.failure(&format!("{text}, and no secret"), &runner.run(&["get"]));
        let doctor = runner.run(&["doctor"]);
        assert!(doctor.stdout.contains("in HOME/.gc/config.toml"), "{doctor:#?}");
    }
    let directory = Runner::of(&cloud).with_file(".gc/config.toml/file", "");
    directory.run(&["get"]).token();
    let pipe = Runner::of(&cloud).with_file(".gc/file", "");
    let path = pipe.home().join(".gc/config.toml");
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
    pipe.run(&["get"]).token();
    insta::assert_snapshot!(report.0);
}

#[test]
fn without_a_home_an_absolute_xdg_variable_is_enough() {
    if !is_root() {
        return missing("root, to be a user without a home directory");
    }
    let cloud = cloud(SandboxConfig::default());
    for home in ["", "relative", "~"] {
        let runner = Runner::of(&cloud).owned_by(SOMEBODY).set("HOME", home);
        let dir = |name: &str| runner.home().join(name).display().to_string();
        let (cache, config) = (dir("cache"), dir("config"));
        let runner = runner.set("XDG_CACHE_HOME", &cache).set("XDG_CONFIG_HOME", &config);
        let token = runner.run(&["get"]).token().to_owned();
        assert_eq!(runner.run(&["get"]).token(), token, "HOME={home}");
        let path = runner.run(&["cache", "path"]).succeeded().to_owned();
        assert_eq!(path, "HOME/cache/gc-token\n", "HOME={home}");
        let runner = runner.with_file("config/gc-token/config.toml", "[p]\nskew = '6s'\n");
        chown(Path::new(&config).join("gc-token/config.toml"), Some(SOMEBODY), None).unwrap();
        runner.run(&["get", "--profile", "p"]).token();
        let left = fs::read_dir(runner.home()).unwrap().count();
        assert_eq!(left, 2, "nothing is called {home:?}");
    }
}

/// A fault of the default cache, of a runner that root prepares and [`SOMEBODY`]
/// uses.
type Trouble = (&'static str, fn(Runner) -> Runner);

const TROUBLES: &[Trouble] = &[
    ("HOME=/", |runner| runner.set("HOME", "/")),
    ("HOME cannot be written to", |runner| {
        mode(runner.home(), 0o555);
        runner
    }),
    ("HOME belongs to a third user", |runner| {
        mode(runner.home(), 0o777);
        chown(runner.home(), Some(SOMEBODY + 1), None).unwrap();
        runner
    }),
    ("restored under another owner", |runner| {
        kept(&runner);
        for path in ["", "token", "lock"] {
            chown(path_of(&runner, path), Some(SOMEBODY + 1), None).unwrap();
        }
        runner
    }),
    ("a file system without modes", |runner| {
        kept(&runner);
        for path in ["", "token", "lock"] {
            mode(&path_of(&runner, path), 0o777);
        }
        runner
    }),
    ("a lock that others can write to", |runner| {
        kept(&runner);
        mode(&path_of(&runner, "lock"), 0o666);
        fs::remove_file(path_of(&runner, "token")).unwrap();
        runner
    }),
    ("a file in its place", |runner| runner.with_file(".cache", "")),
    ("a link of another user", |runner| {
        fs::create_dir(runner.home().join("real")).unwrap();
        chown(runner.home().join("real"), Some(SOMEBODY), None).unwrap();
        symlink("real", runner.home().join(".cache")).unwrap();
        let lchown = |path: &Path| std::os::unix::fs::lchown(path, Some(SOMEBODY + 1), None);
        lchown(&runner.home().join(".cache")).unwrap();
        runner
    }),
];

/// Has a token in the default cache.
fn kept(runner: &Runner) {
    runner.run(&["get"]).token();
}

/// The cache's directory, or the file in it with this extension.
fn path_of(runner: &Runner, extension: &str) -> std::path::PathBuf {
    match extension {
        "" => runner.cache(),
        extension => runner.cached(extension),
    }
}

#[test]
fn a_default_cache_that_cannot_be_used_costs_a_warning_and_not_the_token() {
    if !is_root() {
        return missing("root, to prepare directories for another user");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (what, prepare) in TROUBLES {
        let runner = prepare(Runner::of(&cloud).owned_by(SOMEBODY));
        let get = runner.run(&["get"]);
        assert_eq!(get.stderr.lines().count(), 1, "{what}: {get:#?}");
        report.warning(what, &get);
        let status = runner.run(&["status"]);
        assert!(status.succeeded().contains("tokens are not cached: "), "{what}: {status:#?}");
        let path = runner.run(&["cache", "path"]);
        path.succeeded();
        assert_eq!(path.stderr, get.stderr, "{what}");
        let doctor = runner.run(&["doctor"]);
        let hint = get.stderr.trim_end().rsplit("; ").next().unwrap();
        assert!(doctor.succeeded().contains(hint), "{what}: {doctor:#?}");
        assert!(doctor.stdout.contains("warning"), "{what}: {doctor:#?}");

        // The hint's two ways out, whatever was wrong.
        let away = tempfile::tempdir().unwrap();
        chown(away.path(), Some(SOMEBODY), None).unwrap();
        let runner = runner.set("GC_TOKEN_CACHE_DIR", away.path());
        let token = runner.run(&["get"]).token().to_owned();
        assert_eq!(runner.run(&["get"]).token(), token, "{what}");
        let runner = runner.unset("GC_TOKEN_CACHE_DIR").set("GC_TOKEN_NO_CACHE", "true");
        runner.run(&["get"]).token();
        // One that was named is a promise.
        let runner = runner.unset("GC_TOKEN_NO_CACHE");
        let home = if *what == "HOME=/" { Path::new("/").into() } else { runner.home().to_owned() };
        let named = home.join(".cache/gc-token").display().to_string();
        if *what != "HOME belongs to a third user" {
            let strict = runner.run(&["get", "--cache-dir", &named]);
            assert_eq!(strict.status.code(), Some(9), "{what}: {strict:#?}");
        }
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn root_makes_nothing_in_the_home_of_another_user() {
    if !is_root() {
        return missing("root, to be it in another user's HOME");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let command = "[default]\nclient_secret_command = ['cat', 'secret']\n";
    let runner = Runner::of(&cloud).with_file("secret", SECRET);
    chown(runner.home(), Some(SOMEBODY), None).unwrap();
    report.warning("get", &runner.run(&["get"]));
    let runner = runner
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file(".config/gc-token/config.toml", command);
    report.warning("with a secret command", &runner.run(&["get"]));
    report.failure("terraform install", &runner.run(&["terraform", "install"]));
    let mut left: Vec<_> =
        fs::read_dir(runner.home()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".config", "secret"]);
    let mirror = runner.home().join("mirror").display().to_string();
    runner.run(&["terraform", "install", "--mirror", &mirror]).succeeded();
    insta::assert_snapshot!(report.0);
}

/// `umask 177`, as scripts have it that make files private, takes away from directories
/// what their owner needs.
#[test]
fn a_umask_that_takes_the_owners_rights_away_costs_nothing() {
    if !is_root() {
        return missing("root, to be a user whom modes bind");
    }
    let cloud = cloud(SandboxConfig::default());
    let command = "[default]\nclient_secret_command = ['cat', 'secret']\n";
    for umask in ["177", "277", "777"] {
        let runner = Runner::of(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file(".config/gc-token/config.toml", command)
            .with_file("secret", SECRET)
            .owned_by(SOMEBODY);
        for path in [".config/gc-token/config.toml", "secret"] {
            chown(runner.home().join(path), Some(SOMEBODY), None).unwrap();
        }
        let run = |command: &str| runner.shell("sh", &format!("umask {umask}; {command}"));
        let (first, again) = (run("gc-token get"), run("gc-token get"));
        assert_eq!(first.token(), again.token(), "umask {umask}");
        for made in [".cache", ".cache/gc-token", ".local/state/gc-token"] {
            let about = fs::metadata(runner.home().join(made)).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o700, "umask {umask}: {made}");
        }
        run("gc-token terraform install").succeeded();
        let intercepted = "gc-token exec --intercept --region euw1 -- \
                           sh -c 'head -n 1 \"$SSL_CERT_FILE\"; umask'";
        let intercepted = run(intercepted).succeeded().to_owned();
        if umask == "177" {
            assert_eq!(intercepted, "-----BEGIN CERTIFICATE-----\n0177\n");
        }
    }
}

#[test]
fn a_limit_on_the_size_of_files_costs_the_cache_alone() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    // What the runner reads comes by way of files.
    let limited = |command: &str| {
        let script = format!("(ulimit -f 0; gc-token {command} 2>&1; echo exit $?) | cat");
        runner.shell("sh", &script).succeeded().to_owned()
    };
    let get = limited("get");
    assert!(get.contains("File too large") && get.ends_with("exit 0\n"), "{get}");
    // The signal still ends the command.
    let signal = rustix::process::Signal::XFSZ.as_raw();
    for front in ["", "--gateway"] {
        let exec = limited(&format!("exec {front} -- sh -c 'echo x > file'"));
        assert!(exec.contains(&format!("exit {}\n", 128 + signal)), "{exec}");
    }
}

#[test]
fn few_files_are_an_error_of_the_system_and_no_panic() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut codes = std::collections::BTreeSet::new();
    for files in 4..14 {
        for command in ["get --no-cache", "exec --gateway --no-cache -- true"] {
            let script = format!("ulimit -n {files}; exec gc-token {command} --timeout 1s");
            let script = script.replace("-- true --timeout 1s", "--timeout 1s -- true");
            let finished = runner.shell("sh", &script);
            codes.insert(finished.status.code());
            assert!(!finished.stderr.contains("panicked"), "{files}: {finished:#?}");
        }
    }
    // Also where only a connection lacks its socket.
    assert_eq!(codes, [0, 10].map(Some).into());
}

#[test]
fn a_temporary_directory_that_cannot_be_made_is_a_failure_of_the_system() {
    let cloud = cloud(SandboxConfig::default());
    let runner =
        Runner::of(&cloud).set("TMPDIR", "/dev/null/tmp").set("GENESYSCLOUD_REGION", "eu-west-1");
    let intercepted = runner.run(&["exec", "--intercept", "--", "true"]);
    for finished in [intercepted, runner.run(&["demo"])] {
        assert_eq!(finished.status.code(), Some(10), "{finished:#?}");
    }
}
