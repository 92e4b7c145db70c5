//! An issuer that is out of reach, or limits the rate, in mid-run.

use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};

use super::rig::Front;
use crate::common::cloud::{CLIENT, cloud};
use crate::common::process::wait_until;
use crate::common::runner::Runner;

fn faults(list: &str) -> ConfigChange {
    ConfigChange { faults: Some(list.parse::<Faults>().unwrap().0), ..ConfigChange::default() }
}

#[test]
fn requests_continue_with_a_token_that_is_still_valid() {
    std::thread::scope(|scope| {
        for fault in ["1000*503", "1000*rate-limit", "1000*drop"] {
            scope.spawn(move || goes_on(fault));
        }
    });
}

/// To an SDK a 401 is final, and an outage is not.
#[test]
fn an_expired_token_is_distinguished_from_an_outage() {
    let cloud =
        cloud(SandboxConfig { lifetime: Duration::from_secs(600), ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_TIMEOUT", "200ms");
    let front = Front::start(runner, &[]);
    for (fault, reason) in [("1000*503", "503"), ("1000*rate-limit", "rate"), ("1000*drop", "")] {
        cloud.change(faults(fault));
        cloud.revoke_all();
        for reply in
            [front.get("/api/v2/tokens/me"), front.post("/api/v2/routing/skills", "", b"{}")]
        {
            reply.is_ours(503);
            let message = reply.json()["message"].as_str().unwrap().to_owned();
            assert!(message.contains("the token has expired and cannot be renewed: "), "{message}");
            assert!(message.contains(reason), "{fault}: {message}");
            let seconds: u64 = reply.field("retry-after").unwrap().parse().unwrap();
            assert!((1..=30).contains(&seconds), "{fault}: {seconds}");
        }
        // Others are none of our business.
        let fields = "Authorization: Bearer another\r\n";
        let reply = front.connect().send(front.bare("GET", "/api/v2/tokens/me", fields));
        assert_eq!(reply.status, 401, "{fault}");
    }
    cloud.change(faults(""));
    wait_until("it recovers", || {
        std::thread::sleep(Duration::from_millis(50));
        front.get("/api/v2/tokens/me").status == 200
    });
    front.finish();
}

/// A client that asks for a token learns the same.
#[test]
fn a_token_request_gets_the_outage_too() {
    let cloud =
        cloud(SandboxConfig { lifetime: Duration::from_secs(8), ..SandboxConfig::default() });
    let runner = Runner::of(&cloud).set("GC_TOKEN_SKEW", "1s").set("GC_TOKEN_TIMEOUT", "200ms");
    let front = Front::start(runner, &[]);
    cloud.change(faults("1000*503"));
    let form = format!("grant_type=client_credentials&client_id={CLIENT}");
    let mut reply = None;
    wait_until("the token has died", || {
        std::thread::sleep(Duration::from_millis(50));
        let came = front.connect().send(front.form(&form));
        (came.status != 200).then(|| reply = Some(came)).is_some()
    });
    let reply = reply.unwrap();
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.json()["error"], "temporarily_unavailable");
    assert!(reply.json()["error_description"].as_str().unwrap().contains("503"), "{reply:?}");
    assert!(reply.field("retry-after").is_some(), "{reply:?}");
    // By its own clock the token is dead, and the API says so.
    wait_until("the API sees it dead, too", || {
        std::thread::sleep(Duration::from_millis(50));
        let reply = front.get("/api/v2/tokens/me");
        assert!([200, 503].contains(&reply.status), "{reply:?}");
        reply.status == 503
    });
    front.finish();
}

/// That does not pass by itself: the client had better stop.
#[test]
fn rejected_credentials_are_no_outage() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    cloud.change(faults("1000*401"));
    cloud.revoke_all();
    let reply = front.get("/api/v2/tokens/me");
    assert_eq!(reply.status, 401, "{reply:?}");
    assert_eq!(reply.field("retry-after"), None);
    front.finish();
}

fn goes_on(fault: &str) {
    let cloud =
        cloud(SandboxConfig { lifetime: Duration::from_secs(12), ..SandboxConfig::default() });
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
