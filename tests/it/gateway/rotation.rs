//! A client secret that is replaced while the gateway runs.

use std::fs;
use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Sandbox, SandboxConfig};
use rustix::process::Signal;

use super::rig::Front;
use crate::common::cloud::{SECRET, cloud};
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::terminal::Terminal;

const NEW: &str = "the-secret-after-the-rotation";
const CONFIG: &str = ".config/gc-token/config.toml";

/// A file that holds the secret: its path, its text with a given secret, and the
/// flags that name it.
type Place = (&'static str, fn(&str) -> String, &'static [&'static str]);

/// A secret in a file of its own, and one in a profile.
const PLACES: [Place; 2] = [
    ("secret", |secret| format!("{secret}\n"), &["--client-secret-file", "secret"]),
    (CONFIG, |secret| format!("[default]\nclient_secret = '{secret}'\n"), &[]),
];

fn runner(cloud: &Sandbox, file: &str, text: &str) -> Runner {
    Runner::of(cloud).unset("GENESYSCLOUD_OAUTHCLIENT_SECRET").with_file(file, text)
}

/// The issuer takes the new secret alone, and no token of before.
fn rotate(cloud: &Sandbox) {
    cloud.change(ConfigChange {
        client_secret: Some(NEW.to_owned().into()),
        ..ConfigChange::default()
    });
    cloud.revoke_all();
}

#[test]
fn the_secret_file_is_read_again_for_each_mint() {
    let cloud = cloud(SandboxConfig::default());
    for (file, text, args) in PLACES {
        cloud.change(ConfigChange {
            client_secret: Some(SECRET.to_owned().into()),
            ..ConfigChange::default()
        });
        let front = Front::start(runner(&cloud, file, &text(SECRET)), args);
        rotate(&cloud);
        let path = front.runner.home().join(file);
        // While the file is as it was, is missing or is half written, nothing helps.
        for now in [Some(text(SECRET)), None, Some(text(""))] {
            match now {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            assert_eq!(front.get("/api/v2/tokens/me").status, 401, "{file}");
        }
        // Nor while there is a pipe, which nobody writes to, or a directory.
        fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(front.get("/api/v2/tokens/me").status, 401, "{file}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(front.get("/api/v2/tokens/me").status, 401, "{file}");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, text(NEW)).unwrap();
        assert_eq!(front.get("/api/v2/tokens/me").status, 200, "{file}");
        let finished = front.finish();
        assert!(finished.stderr.contains("the client secret has changed"), "{finished:#?}");
        assert!(
            finished.stderr.contains("could not read the client secret again"),
            "{finished:#?}"
        );
    }
}

#[test]
fn sighup_reloads_the_secret_and_replaces_a_rejected_token() {
    let cloud = cloud(SandboxConfig::default());
    for (file, text, args) in PLACES {
        cloud.change(ConfigChange {
            client_secret: Some(SECRET.to_owned().into()),
            ..ConfigChange::default()
        });
        let mut front = Front::start(runner(&cloud, file, &text(SECRET)), args);
        // With nothing to do, nothing is done.
        let before = cloud.counters().mints;
        front.running.signal(Signal::HUP);
        front.running.wait_until_it_says("reloaded: the token is valid");
        assert_eq!(cloud.counters().mints, before);
        assert_eq!(front.current(), front.token);

        rotate(&cloud);
        fs::write(front.runner.home().join(file), text(NEW)).unwrap();
        front.running.signal(Signal::HUP);
        front.running.wait_until_it_says("the client secret has changed");
        wait_until("there is another token", || front.current() != front.token);
        assert_eq!(front.get("/api/v2/tokens/me").status, 200, "{file}");
        front.finish();
    }
}

#[test]
fn a_closed_terminal_ends_its_gateway() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut shell = Terminal::start(&runner, &["bash", "--norc", "--noprofile", "-i"]);
    shell.type_in("gc-token gateway > printed & echo $! > pid\n");
    let printed = runner.home().join("printed");
    wait_until("it serves", || {
        fs::read_to_string(&printed).unwrap_or_default().contains("GATEWAY")
    });
    let pid = fs::read_to_string(runner.home().join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    shell.type_in("kill -HUP $!\n");
    shell.see("reloaded: the token is valid");
    // The terminal goes away with its keyboard, and the shell with the terminal.
    shell.hang_up();
    wait_until("it is ended", || {
        std::thread::sleep(Duration::from_millis(20));
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    });
}
