//! Signals and exit codes, without a terminal.

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use super::rig::{SERVED, left_behind, runner, start, written};
use crate::common::cloud::cloud;

#[test]
fn exit_codes_are_passed_on() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for front in SERVED {
        for (script, code) in [
            ("exit 0", 0),
            ("exit 7", 7),
            ("exit 255", 255),
            ("kill -KILL $$", 137),
            ("kill -TERM $$", 143),
        ] {
            let finished = start(&runner, front, script).finish();
            assert_eq!(finished.status.code(), Some(code), "{front} {script}");
        }
    }
    assert_eq!(left_behind(&runner), Vec::<std::path::PathBuf>::new());
    assert_eq!(cloud.counters().mints, 1);
}

/// Terraform takes a second SIGINT for an order to drop everything.
#[test]
fn each_signal_reaches_the_command_once() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    for signal in ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"] {
        let script = format!(
            "trap 'echo got >> {signal}' {signal}
             echo ready > ready-{signal}
             until [ -e {signal} ]; do sleep 0.05; done
             # A second one would come soon.
             sleep 0.3
             exit 9"
        );
        let running = start(&runner, "--gateway", &script);
        written(&runner, &format!("ready-{signal}"));
        running.signal(match signal {
            "INT" => Signal::INT,
            "TERM" => Signal::TERM,
            "HUP" => Signal::HUP,
            "QUIT" => Signal::QUIT,
            "USR1" => Signal::USR1,
            _ => Signal::USR2,
        });
        assert_eq!(running.finish().status.code(), Some(9), "{signal}");
        assert_eq!(written(&runner, signal), "got", "{signal}");
    }
}
