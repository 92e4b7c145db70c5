use std::sync::Mutex;

use jiff::Timestamp;

use super::*;
use crate::clock::{BootId, Reading};

/// A clock that moves when somebody sleeps, and only then; one sleep may take
/// longer than it was asked to.
struct Playback {
    passed: Mutex<SignedDuration>,
    /// The first sleep that ends after the first of these takes the second
    /// longer.
    stall: (SignedDuration, SignedDuration),
    /// From the same sleep on, the wall clock is ahead by this much.
    step: SignedDuration,
}

impl Playback {
    fn smooth() -> Playback {
        Playback {
            passed: Mutex::new(SignedDuration::ZERO),
            stall: (SignedDuration::MAX, SignedDuration::ZERO),
            step: SignedDuration::ZERO,
        }
    }

    fn play(self) -> (Result<()>, String) {
        let mut stdout = Vec::new();
        let result = run(Arc::new(self), &mut stdout, Screen::default(), &AtomicBool::new(false));
        (result, String::from_utf8(stdout).unwrap())
    }
}

impl Clock for Playback {
    fn read(&self) -> Reading {
        let passed = *self.passed.lock().unwrap();
        let stepped = passed > self.stall.0;
        let step = if stepped { self.step } else { SignedDuration::ZERO };
        Reading {
            boot: passed,
            boot_id: Some(BootId("playback".into())),
            wall: Timestamp::from_second(784_111_777).unwrap() + passed + step,
        }
    }

    fn sleep(&self, time: Duration) {
        let mut passed = self.passed.lock().unwrap();
        let (moment, longer) = self.stall;
        let before = *passed;
        *passed += SignedDuration::try_from(time).unwrap();
        if before <= moment && *passed > moment {
            *passed += longer;
        }
    }
}

#[test]
fn tells_the_story() {
    let (result, report) = Playback::smooth().play();
    assert_eq!(result, Ok(()), "{report}");
    assert_eq!(report, include_str!("report.txt"));
    // Only the steps are wrapped as the terminal needs it.
    let conclusion = report.rsplit_once("\n\n").expect("the conclusion").1;
    assert!(conclusion.lines().all(|line| line.len() <= 80), "{conclusion}");
}

#[test]
fn says_where_it_does_not_come_true() {
    let at = |moment, longer| Playback {
        stall: (SignedDuration::from_millis(moment), SignedDuration::from_millis(longer)),
        ..Playback::smooth()
    };
    for (clock, what, last_line) in [
        // The machine stalls, and the token is too short to be reused.
        (
            at(500, 4_000),
            "gc-token mints 0 tokens here: the sandbox counted 1",
            "  4.5s  gc-token  reuses its token: stale: 7s left by the boot clock, minus 5s of skew, is \
             less than the required 3s",
        ),
        // The machine stalls until the naive client does not believe, either.
        (
            at(10_500, 2_000),
            "the naive client believes in its token: -550ms left",
            "  5.0s    API     200 OK",
        ),
        // The wall clock is set back, the API's with it: it takes the token.
        (
            Playback { step: SignedDuration::from_secs(-3), ..at(10_500, 0) },
            "the API responds 401 credentials.expired: it responded 200 OK",
            " 11.0s    API     200 OK",
        ),
    ] {
        let (result, report) = clock.play();
        let error = result.unwrap_err();
        assert_eq!(error.kind, Kind::ApiRefused);
        let cause = error.cause.unwrap();
        let said = format!("{}: {cause}", error.message);
        assert_eq!(said, format!("the demo did not go as described: {what}"));
        assert_eq!(report.lines().last(), Some(last_line));
    }
}

#[test]
fn ends_when_it_is_interrupted() {
    let mut stdout = Vec::new();
    let clock = Arc::new(Playback::smooth());
    let error = run(clock, &mut stdout, Screen::default(), &AtomicBool::new(true)).unwrap_err();
    assert_eq!(error.message, "the demo was interrupted");
    let report = String::from_utf8(stdout).unwrap();
    assert!(report.contains("gc-token  mints: "), "{report}");
    assert!(!report.contains("reuses"), "{report}");
}
