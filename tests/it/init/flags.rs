//! Without a terminal.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use gc_token::internals::context::SystemClock;
use gc_token::internals::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};

use super::{CONFIG, OKTA_ID, STORED, config, is_stored_privately, mode, new_machine};
use crate::common::cloud::{CLIENT, SECRET, cloud, faults};
use crate::common::page;
use crate::common::process::{Finished, wait_until};
use crate::common::runner::Runner;
use crate::exec::rig::lives;

fn init(runner: &Runner, flags: &[&str], stdin: &str) -> Finished {
    let words = ["init", "--region", "Ireland", "--client-id", CLIENT];
    runner.run_on(&[&words[..], flags].concat(), stdin.as_bytes())
}

/// What the secrets of Genesys Cloud look like.
const RANDOM: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

const FROM_STDIN: &[&str] = &["--client-secret-file", "-"];

#[test]
fn a_secret_on_standard_input_is_stored_apart_and_other_bytes_stay() {
    let cloud = cloud(SandboxConfig::default());
    let before = "\u{feff}# mine\r\n[prod]\r\nregion = 'eu-west-2'  # here";
    let runner = new_machine(&cloud).with_file(CONFIG, before);
    let dir = runner.home().join(".config/gc-token");
    fs::set_permissions(dir, PermissionsExt::from_mode(0o700)).unwrap();
    let text = init(&runner, FROM_STDIN, &format!("{SECRET}\n")).succeeded().to_owned();
    for part in ["Profile:    default", "gc-token exec -- COMMAND", "required_providers"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let written = config(&runner);
    assert!(written.starts_with(&format!("{before}\r\n\r\n[default]\r\n")), "{written:?}");
    is_stored_privately(&runner);
    runner.run(&["get"]).succeeded();
    let checked = runner.run(&["config", "check"]).succeeded().to_owned();
    assert!(checked.contains("2 profiles"), "{checked}");

    let refused = init(&runner, FROM_STDIN, SECRET);
    assert_eq!(refused.status.code(), Some(3));
    assert!(refused.stderr.contains("replace it with --force"), "{}", refused.stderr);
    assert_eq!(config(&runner), written);

    init(&runner, &["--force", "--min-ttl=5m", "--client-secret-file", "-"], SECRET).succeeded();
    assert!(config(&runner).starts_with(before));
    assert!(config(&runner).ends_with("\r\nmin_ttl = \"5m\"\r\n"), "{:?}", config(&runner));
}

#[test]
fn a_file_a_command_and_a_variable_stay_where_the_secret_is() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file("secret", SECRET);
    init(&runner, FROM_STDIN, SECRET).succeeded();
    let flags = ["--force", "--client-secret-file", "secret"];
    let text = init(&runner, &flags, "").succeeded().to_owned();
    assert!(text.contains("left in the file HOME/secret"), "{text}");
    let file = runner.home().join("secret");
    assert!(config(&runner).contains(&format!("client_secret_file = {:?}\n", file)));
    // The secret that an earlier profile had is not left behind.
    assert!(!runner.home().join(STORED).exists());

    let flags = ["--force", "--client-secret-command", "cat secret"];
    init(&runner, &flags, "").succeeded();
    assert!(config(&runner).contains("client_secret_command = [\"cat\",\"secret\"]\n"));

    let runner = runner.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    let text = init(&runner, &["--force"], "").succeeded().to_owned();
    assert!(text.contains("not stored: it is read from GENESYSCLOUD"), "{text}");
    assert!(!config(&runner).contains("secret"), "{}", config(&runner));
}

#[test]
fn a_secret_that_a_profile_still_names_is_kept() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    init(&runner, FROM_STDIN, SECRET).succeeded();
    let stored = runner.home().join(STORED);
    let stored = stored.to_str().unwrap();
    let command = format!("cat {stored}");
    for flags in [["--client-secret-file", stored], ["--client-secret-command", &command]] {
        init(&runner, &[&["--force"], &flags[..]].concat(), "").succeeded();
        runner.run(&["get", "--no-cache"]).succeeded();
    }
    init(&runner, &["--profile", "other", "--client-secret-file", stored], "").succeeded();
    let runner = runner.with_file("secret", SECRET);
    init(&runner, &["--force", "--client-secret-file", "secret"], "").succeeded();
    runner.run(&["get", "--no-cache", "--profile", "other"]).succeeded();
}

#[test]
fn a_secret_in_place_of_another_value_is_not_written() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    for flags in [["--profile", RANDOM], ["--scope", RANDOM], ["--audience", RANDOM]] {
        let ended = init(&runner, &[&flags[..], FROM_STDIN].concat(), RANDOM);
        assert_eq!(ended.status.code(), Some(2), "{ended:#?}");
        assert!(ended.stderr.contains(flags[0]) && !ended.stderr.contains(RANDOM), "{ended:#?}");
    }
    let runner = runner
        .set("GC_TOKEN_LOGIN_URL", "http://127.0.0.1:1")
        .set("GC_TOKEN_TIMEOUT", "1s")
        .set("GENESYSCLOUD_OAUTHCLIENT_ID", RANDOM)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", CLIENT);
    let ended = runner.run(&["init", "--region", "Ireland"]);
    assert!(ended.stderr.contains("GENESYSCLOUD_OAUTHCLIENT_ID"), "{ended:#?}");
    assert!(!ended.stderr.contains(RANDOM), "{ended:#?}");
    assert!(!runner.home().join(CONFIG).exists());
}

#[test]
fn a_client_id_of_another_issuer_may_look_random() {
    let other = SandboxConfig { client_id: OKTA_ID.into(), ..SandboxConfig::default() };
    let cloud = Sandbox::start(other, Arc::new(SystemClock::default())).unwrap();
    let runner = Runner::bare().with_file("secret", DEFAULT_SECRET);
    let url = format!("{}/oauth/token", cloud.login_url());
    let words = ["init", "--client-id", OKTA_ID, "--client-secret-file", "secret"];
    let refused = runner.run(&[&words[..], &["--login-url", &cloud.login_url()]].concat());
    assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
    for part in ["--client-id: ", "add its --token-url"] {
        assert!(refused.stderr.contains(part), "{refused:#?}");
    }
    runner.run(&[&words[..], &["--token-url", &url]].concat()).succeeded();
    assert!(config(&runner).contains(&format!("client_id = {OKTA_ID:?}\n")));
}

#[test]
fn refused_credentials_are_not_written_and_an_absent_issuer_is_a_warning() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud);
    let refused = init(&runner, FROM_STDIN, "n0t-the-s3cret");
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(4), ""));
    assert!(refused.stderr.contains("nothing was written"), "{}", refused.stderr);
    assert!(!runner.home().join(".config").exists());

    let offline =
        runner.set("GC_TOKEN_LOGIN_URL", "http://127.0.0.1:1").set("GC_TOKEN_TIMEOUT", "1s");
    let written = init(&offline, FROM_STDIN, SECRET);
    written.succeeded();
    assert!(written.stderr.contains("warning: the check failed"), "{}", written.stderr);
    is_stored_privately(&offline);
}

#[test]
fn an_issuer_that_is_busy_and_a_cache_that_is_unusable_say_nothing_against_the_settings() {
    let busy = cloud(faults("100*429:3600"));
    let runner = new_machine(&busy);
    let written = init(&runner, FROM_STDIN, SECRET);
    written.succeeded();
    assert!(written.stderr.contains("the check failed: "), "{}", written.stderr);
    assert!(written.stderr.contains("429"), "{}", written.stderr);
    is_stored_privately(&runner);

    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).set("GC_TOKEN_CACHE_DIR", "/dev/null/cache");
    let written = init(&runner, FROM_STDIN, SECRET);
    written.succeeded();
    assert!(written.stderr.contains("/dev/null/cache"), "{}", written.stderr);
    is_stored_privately(&runner);
}

#[test]
fn a_directory_that_others_can_write_to_gets_no_secret() {
    let cloud = cloud(SandboxConfig::default());
    for open in [".config/gc-token", ".config/gc-token/secrets"] {
        let runner = new_machine(&cloud).with_file(CONFIG, "# mine\n");
        let dir = runner.home().join(".config/gc-token");
        fs::create_dir(dir.join("secrets")).unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        set(&dir, 0o700);
        set(&dir.join("secrets"), 0o700);
        set(&runner.home().join(open), 0o770);
        let refused = init(&runner, FROM_STDIN, SECRET);
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(3), ""), "{refused:?}");
        let said = format!("HOME/{open} can be written to by other users\n");
        assert!(refused.stderr.contains(&said), "{refused:?}");
        assert!(refused.stderr.contains(&format!("hint: chmod -R go= HOME/{open}\n")));
        assert_eq!(config(&runner), "# mine\n");
        assert_eq!(fs::read_dir(dir.join("secrets")).unwrap().count(), 0);
    }
}

#[test]
fn profiles_that_are_written_at_the_same_time_are_all_kept() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file("secret", SECRET);
    init(&runner, &["--client-secret-file", "secret"], "").succeeded();
    let lock = fs::File::open(runner.home().join(".config/gc-token")).unwrap();
    lock.lock().unwrap();
    let all = ["one", "two", "three"].map(|profile| {
        let words = ["init", "--region=Ireland", "--client-id", CLIENT, "--profile", profile];
        runner.start(&[&words[..], &["--client-secret-file", "secret"]].concat())
    });
    for one in &all {
        wait_until("it waits for the lock", || {
            assert!(lives(one.pid()), "it did not wait for the lock");
            waits_for_lock(one.pid())
        });
    }
    drop(lock);
    for one in all {
        one.finish().succeeded();
    }
    for profile in ["default", "one", "two", "three"] {
        assert!(config(&runner).contains(&format!("[{profile}]\n")), "{}", config(&runner));
    }
}

/// Returns whether the process waits for a file lock that another one holds.
fn waits_for_lock(pid: u32) -> bool {
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let pid = pid.to_string();
    locks.lines().any(|line| line.contains("-> ") && line.split(' ').any(|word| word == pid))
}

#[test]
fn missing_settings_and_bad_ones_are_named_with_their_flags() {
    let runner = Runner::bare();
    for (args, code, said) in [
        (&["init"][..], 2, "add --region, --client-id, --client-secret-file or --client-secret-c"),
        (&["init", "--region", "Irland"], 2, "--region: \"Irland\" is not a region"),
        (&["init", "--profile", "a/b"], 2, "cannot be the name of a new profile"),
        (&["init", "--client-secret-command", "cat 'x"], 2, "a quotation mark is not closed"),
        (&["init", "--client-secret=x"], 2, "secrets are not accepted on the command line"),
        (
            &["init", "--region=euw1", "--client-id=x", "--client-secret-command=false"],
            3,
            "the client secret command \"false\" failed",
        ),
    ] {
        let ended = runner.run(args);
        assert_eq!((ended.status.code(), &*ended.stdout), (Some(code), ""), "{ended:#?}");
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    assert!(!runner.home().join(".config").exists());
}

#[test]
fn where_no_profile_can_be_written_variables_are_the_way() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file(".config/gc-token/secrets", "not a directory");
    let dir = runner.home().join(".config/gc-token");
    fs::set_permissions(dir, PermissionsExt::from_mode(0o700)).unwrap();
    let refused = init(&runner, FROM_STDIN, SECRET);
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(3), ""), "{refused:?}");
    for part in ["cannot write HOME/.config/gc-token/secrets/default", "--print"] {
        assert!(refused.stderr.contains(part), "{refused:?}");
    }
}

#[test]
fn a_link_stays_and_another_users_file_is_refused() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file("dotfiles/gc-token.toml", "# mine\n");
    let dir = runner.home().join(".config/gc-token");
    fs::create_dir_all(&dir).unwrap();
    symlink("../../dotfiles/gc-token.toml", dir.join("config.toml")).unwrap();
    init(&runner, FROM_STDIN, SECRET).succeeded();
    assert!(dir.join("config.toml").is_symlink());
    assert!(config(&runner).starts_with("# mine\n\n[default]\n"));
    assert_eq!(mode(&runner, "dotfiles/gc-token.toml"), 0o600);

    let file = runner.home().join("dotfiles/gc-token.toml");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    let before = config(&runner);
    let refused = init(&runner, &["--profile", "other", "--client-secret-file", "-"], SECRET);
    assert_eq!(refused.status.code(), Some(3), "{refused:#?}");
    assert!(refused.stderr.contains("could be changed by another user"), "{}", refused.stderr);
    assert_eq!(config(&runner), before);
}

#[test]
fn printed_statements_set_the_variables_and_write_nothing() {
    let cloud = cloud(SandboxConfig::default());
    let runner = new_machine(&cloud).with_file("secret", SECRET);
    let store = ["--store", "redis://127.0.0.1:1/3", "--min-ttl", "1m"];
    let flags = [&["--print", "--client-secret-command", "cat secret"][..], &store].concat();
    let printed = init(&runner, &flags, "").succeeded().to_owned();
    assert!(!runner.home().join(".config").exists());
    let script = format!("{printed}gc-token status > status && echo $GENESYSCLOUD_REGION");
    let ended = runner.shell("dash", &script);
    assert_eq!(ended.succeeded(), "eu-west-1\n");
    let status = std::fs::read_to_string(runner.home().join("status")).unwrap();
    for line in ["redis://127.0.0.1:1/3\n", "from GC_TOKEN_STORE,", "1m, from GC_TOKEN_MIN_TTL\n"] {
        assert!(status.contains(line), "{status}");
    }
    let without = init(&runner, &["--print", "--client-secret-file", "-"], SECRET);
    assert!(without.succeeded().contains("\n# GENESYSCLOUD_OAUTHCLIENT_SECRET is set"));
}

#[test]
fn the_page_about_the_client_shows_init() {
    assert!(page::read("book/src/getting-started/oauth-client.md").contains("gc-token init"));
}
