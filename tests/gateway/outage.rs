//! An issuer that is out of reach, or limits the rate, in mid-run.

use std::time::Duration;

use gc_token::sandbox::{Change, Faults, Plan};

use super::common::cloud::cloud;
use super::common::process::wait_until;
use super::common::runner::Runner;
use super::rig::Front;

fn faults(list: &str) -> Change {
    Change { faults: Some(list.parse::<Faults>().unwrap().0), ..Change::default() }
}

#[test]
fn requests_go_on_with_the_token_that_still_lives() {
    std::thread::scope(|scope| {
        for fault in ["1000*503", "1000*rate-limit", "1000*drop"] {
            scope.spawn(move || goes_on(fault));
        }
    });
}

fn goes_on(fault: &str) {
    let cloud = cloud(Plan { lifetime: Duration::from_secs(12), ..Plan::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_SKEW", "1s").set("GC_TOKEN_TIMEOUT", "200ms");
    let mut front = Front::start(runner, &[]);
    cloud.change(faults(fault));
    let mints = cloud.counters().mints;
    let asked = cloud.counters().token_requests;
    let works = |front: &Front| assert_eq!(front.get("/api/v2/tokens/me").status, 200, "{fault}");
    wait_until("it tries to renew the token", || {
        works(&front);
        std::thread::sleep(Duration::from_millis(50));
        cloud.counters().token_requests > asked
    });
    works(&front);
    // In the broker's words, for the token that lives on; or in ours.
    front.running.wait_until_it_says("gc-token: warning: ");
    works(&front);
    assert_eq!(cloud.counters().mints, mints);
    cloud.change(faults(""));
    wait_until("it is renewed", || {
        works(&front);
        std::thread::sleep(Duration::from_millis(50));
        cloud.counters().mints > mints
    });
    works(&front);
    wait_until("it is taken up", || front.current() != front.token);
    assert_eq!(cloud.counters().refusals, 0, "{fault}");
    front.finish();
}
