//! Files that decide what runs and what is trusted, and that another user could change.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::Path;

use super::Report;
use crate::common::cloud::{SECRET, cloud};
use crate::common::missing;
use crate::common::runner::Runner;
use gc_token::internals::sandbox::SandboxConfig;

const SOMEBODY: u32 = 54_321;

/// A way in which other users come to rule a file, done to its path.
type Hand = (&'static str, fn(&Path));

const HANDS: &[Hand] = &[
    ("owned by another user", |path| chown(path, Some(SOMEBODY), None).unwrap()),
    ("writable by the group", |path| mode(path, 0o620)),
    ("writable by all", |path| mode(path, 0o602)),
    ("behind another user's link", |path| {
        let real = path.with_extension("real");
        fs::rename(path, &real).unwrap();
        symlink(&real, path).unwrap();
        lchown(path, Some(SOMEBODY), None).unwrap();
    }),
    ("below another user's link", |path| {
        let (dir, real) = (path.parent().unwrap(), path.parent().unwrap().with_extension("real"));
        fs::rename(dir, &real).unwrap();
        symlink(&real, dir).unwrap();
        lchown(dir, Some(SOMEBODY), None).unwrap();
    }),
];

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

const CONFIG: &str = ".config/gc-token/config.toml";

#[test]
fn a_command_that_another_user_could_have_written_is_not_run() {
    if !is_root() {
        return missing("root, to give files away");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let command = "client_secret_command = ['sh', '-c', 'touch ran; cat secret']\n";
    for (file, table) in [(CONFIG, "[default]\n"), (".gc/config.toml", "[DEFAULT]\n")] {
        for (hand, put) in HANDS {
            let runner = Runner::of(&cloud)
                .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
                .with_file("secret", SECRET)
                .with_file(file, &format!("{table}{command}"));
            put(&runner.home().join(file));
            report.failure(&format!("{file} {hand}"), &runner.run(&["get"]));
            assert!(!runner.home().join("ran").exists(), "{file} {hand}");
            // The command is of no consequence where the secret is known.
            let runner = runner.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
            runner.run(&["get"]).succeeded();
        }
        let runner = Runner::of(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file("secret", SECRET)
            .with_file(file, &format!("{table}{command}"));
        mode(&runner.home().join(file), 0o444);
        runner.run(&["get"]).token();
        assert!(runner.home().join("ran").exists());
    }
    insta::assert_snapshot!(report.0);
}

/// A file of plain settings may well belong to another user: a container's volume.
#[test]
fn a_profile_that_another_user_could_change_is_judged_by_what_it_decides() {
    if !is_root() {
        return missing("root, to give files away");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    for (hand, put) in HANDS {
        let plain = Runner::of(&cloud).with_file(CONFIG, "[default]\nskew = '6s'\n");
        put(&plain.home().join(CONFIG));
        let get = plain.run(&["get"]);
        if *hand == "writable by all" {
            report.warning(&format!("plain, {hand}"), &get);
        } else {
            get.token();
        }
        let url = format!("[default]\nlogin_url = '{}'\n", cloud.login_url());
        let sends = Runner::of(&cloud).unset("GC_TOKEN_LOGIN_URL").with_file(CONFIG, &url);
        put(&sends.home().join(CONFIG));
        let get = sends.run(&["get"]);
        match *hand {
            "writable by all" => report.failure(&format!("a URL, {hand}"), &get),
            _ => report.warning(&format!("a URL, {hand}"), &get),
        }
        // The environment goes before it.
        let sends = sends.set("GC_TOKEN_LOGIN_URL", cloud.login_url());
        sends.run(&["get"]).succeeded();
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn nothing_that_decides_where_a_secret_goes_is_taken_from_a_profile_that_all_can_change() {
    for (key, value) in [
        ("login_url", "https://login.example"),
        ("token_url", "https://login.example/token"),
        ("api_url", "https://api.example"),
        ("ca_file", "/ca.pem"),
        ("client_secret_file", "/secret"),
    ] {
        let text = format!("[default]\n{key} = '{value}'\n");
        let runner = Runner::bare().with_file(CONFIG, &text);
        mode(&runner.home().join(CONFIG), 0o602);
        let refused = runner.run(&["status"]);
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(3), ""), "{refused:#?}");
        let said = format!(
            "error: {key} of profile \"default\" in HOME/{CONFIG} is not trusted, because every user \
             could change it\n"
        );
        assert!(refused.stderr.contains(&said), "{refused:#?}");
    }
}

#[test]
fn a_prefix_that_another_user_could_have_chosen_is_refused() {
    if !is_root() {
        return missing("root, to give files away");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let readable: (&str, fn(&Path)) = ("readable by others", |path| mode(path, 0o640));
    for (hand, put) in HANDS.iter().chain([&readable]) {
        let runner = Runner::of(&cloud).with_file("dir/prefix", "sixteen-letters_\n");
        put(&runner.home().join("dir/prefix"));
        let args = ["gateway", "--prefix-file", "dir/prefix"];
        report.failure(hand, &runner.run(&args));
    }
    let pipe = Runner::of(&cloud);
    let path = pipe.home().join("prefix");
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
    report.failure("a pipe", &pipe.run(&["gateway", "--prefix-file", "prefix"]));
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_secrets_file_that_is_open_to_others_is_warned_of() {
    if !is_root() {
        return missing("root, to give files away");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let readable: (&str, fn(&Path)) = ("readable by others", |path| mode(path, 0o644));
    let of = || {
        Runner::of(&cloud)
            .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
            .with_file("dir/secret", SECRET)
            .set("GC_TOKEN_CLIENT_SECRET_FILE", "dir/secret")
    };
    for (hand, put) in HANDS.iter().chain([&readable]) {
        let runner = of();
        put(&runner.home().join("dir/secret"));
        report.warning(hand, &runner.run(&["get"]));
    }
    of().run(&["get"]).token();
    // A pipe is what the caller hands over.
    let script = "GC_TOKEN_CLIENT_SECRET_FILE=<(cat dir/secret); \
                  gc-token get --client-secret-file <(cat dir/secret)";
    of().shell("bash", script).token();
    insta::assert_snapshot!(report.0);
}

#[test]
fn certificates_that_everybody_could_change_are_not_trusted() {
    if !is_root() {
        return missing("root, to give files away");
    }
    let cloud = cloud(SandboxConfig { tls: true, ..SandboxConfig::default() });
    let mut report = Report::default();
    for variable in ["GC_TOKEN_CA_FILE", "SSL_CERT_FILE"] {
        for (hand, put) in HANDS {
            let runner = Runner::of(&cloud)
                .with_file("dir/ca.pem", cloud.ca_pem().unwrap())
                .set(variable, "dir/ca.pem");
            put(&runner.home().join("dir/ca.pem"));
            let input = format!("{variable} {hand}");
            match *hand {
                "writable by all" => report.failure(&input, &runner.run(&["get"])),
                _ => report.warning(&input, &runner.run(&["get"])),
            }
        }
    }
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_cache_behind_another_users_link_is_refused() {
    if !is_root() {
        return missing("root, to give links away");
    }
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let runner = Runner::of(&cloud).set("GC_TOKEN_CACHE_DIR", "link/cache");
    fs::create_dir(runner.home().join("real")).unwrap();
    let link = runner.home().join("link");
    symlink("real", &link).unwrap();
    let token = runner.run(&["get"]).token().to_owned();
    assert_eq!(runner.run(&["get"]).token(), token);
    lchown(&link, Some(SOMEBODY), None).unwrap();
    for verb in [&["get"][..], &["get", "--force-refresh"], &["status"], &["cache", "list"]] {
        report.failure(&verb.join(" "), &runner.run(verb));
    }
    report.failure("cache clear", &runner.run(&["cache", "clear"]));
    report.failure("cache prune", &runner.run(&["cache", "prune"]));
    assert_eq!(fs::read_dir(runner.home().join("real/cache")).unwrap().count(), 2);
    insta::assert_snapshot!(report.0);
}

#[test]
fn counters_replace_nothing_but_a_regular_file() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let runner = Runner::of(&cloud).with_file("dir/file", "old").with_file("target", "old");
    let path = |name: &str| runner.home().join(name);
    rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    // Root could replace the system's own.
    let device =
        if is_root() { null_device(&path("null")) } else { symlink("/dev/null", path("null")) };
    if let Err(error) = device {
        return missing(&format!("a device ({error})"));
    }
    for (name, target) in
        [("to-null", "null"), ("to-dir", "dir"), ("to-nowhere", "nowhere"), ("own", "target")]
    {
        symlink(target, path(name)).unwrap();
    }
    let run = |file: &str| runner.run(&["exec", "--gateway", "--metrics-file", file, "--", "true"]);
    for file in ["null", "dir", "pipe", "socket", "to-null", "to-dir", "to-nowhere"] {
        report.failure(file, &run(file));
    }
    for file in ["dir/file", "new", "own"] {
        assert_eq!(run(file).status.code(), Some(0), "{file}");
        let text = fs::read_to_string(path(file)).unwrap();
        assert!(text.contains("gc_token_requests_total"), "{file}: {text}");
    }
    assert!(path("own").is_symlink());
    assert!(fs::read_to_string(path("target")).unwrap().contains("gc_token_requests_total"));
    use std::os::unix::fs::FileTypeExt;
    assert!(fs::metadata(path("null")).unwrap().file_type().is_char_device());
    insta::assert_snapshot!(report.0);
}

/// Whoever the link belongs to would choose where root makes a file.
#[test]
fn no_file_is_created_behind_another_users_link() {
    if !is_root() {
        return missing("root, to make a link of another user");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file("real/file", "old");
    let link = runner.home().join("link");
    symlink("real", &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(54_321), None).unwrap();
    for args in [
        &["exec", "--gateway", "--metrics-file", "link/new", "--", "true"][..],
        &["exec", "--gateway", "--metrics-file", "link/file", "--", "true"],
        &["gateway", "--prefix-file", "link/new"],
    ] {
        let finished = runner.run(args);
        assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
        assert!(finished.stderr.contains("link is a symbolic link of user 54321"), "{finished:#?}");
        let names = fs::read_dir(runner.home().join("real")).unwrap();
        assert_eq!(names.map(|name| name.unwrap().file_name()).collect::<Vec<_>>(), ["file"]);
        assert_eq!(fs::read_to_string(runner.home().join("real/file")).unwrap(), "old");
    }
}

fn null_device(path: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    let device = makedev(1, 3);
    Ok(mknodat(CWD, path, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, device)?)
}
