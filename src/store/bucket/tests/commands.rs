//! Programs that print credentials, as their credentials expire.

use std::fs;

use jiff::SignedDuration;

use super::*;
use crate::clock::Reading;
use crate::context::{Clock, SystemClock};
use crate::store::bucket::credential_command::{CredentialCommand, Refresh};
use crate::store::bucket::kept::KeptCredentials;

#[derive(Default)]
struct AheadClock {
    system: SystemClock,
    ahead: Mutex<SignedDuration>,
}

impl Clock for AheadClock {
    fn read(&self) -> Reading {
        let now = self.system.read();
        Reading { boot: now.boot + *self.ahead.lock().unwrap(), ..now }
    }

    fn sleep(&self, time: Duration) {
        self.system.sleep(time);
    }
}

/// The machines that wait for a turn must not wait for a program.
#[test]
fn a_program_that_hangs_leaves_a_swap_what_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let hangs = directory.path().join("hangs");
    let script = format!("[ -e {} ] && exec sleep 300; echo", hangs.display());
    let clock = Arc::new(AheadClock::default());
    let env = [("PATH".to_owned(), "/usr/bin:/bin".into())];
    let context = Context {
        clock: clock.clone(),
        ..Context::with_env(Environment::fixed(env), Reporter::collected().0)
    };
    let kept = || {
        let command = CredentialCommand {
            argv: ["sh", "-c", &script].map(str::to_owned).into(),
            origin: "a test".to_owned(),
            read: |_| Some(((), None)),
            context: context.clone(),
        };
        KeptCredentials::new(command, &context)
    };
    let (known, unknown) = (kept(), kept());
    known.refresh(None).unwrap();
    fs::write(&hangs, "").unwrap();
    *clock.ahead.lock().unwrap() += SignedDuration::from_mins(6);
    assert!(known.kept().is_none());
    let limit = Some(Duration::from_millis(50));
    known.refresh(limit).unwrap();
    assert!(known.kept().is_some());
    assert!(unknown.refresh(limit).is_err());
}
