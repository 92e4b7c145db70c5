//! Calls that the API refuses with a 401 in mid-run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};

use super::rig::{Front, Reply, runner};
use super::upstream::{Upstream, ok, refusal};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;

fn api_faults(list: &str) -> ConfigChange {
    ConfigChange { api_faults: Some(list.parse::<Faults>().unwrap().0), ..ConfigChange::default() }
}

const SKILL: &[u8] = b"{\"name\":\"skill\"}";
const JSON: &str = "Content-Type: application/json\r\n";

fn create(front: &Front, id: &str) -> Reply {
    front.post("/api/v2/routing/skills", &format!("{JSON}X-Request-Id: {id}\r\n"), SKILL)
}

#[test]
fn a_revoked_token_costs_one_mint_and_no_request() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    for round in 0..2 {
        cloud.revoke_all();
        let barrier = Barrier::new(50);
        std::thread::scope(|scope| {
            for number in 0..50 {
                let (front, barrier) = (&front, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let reply = match number % 2 {
                        0 => front.get("/api/v2/tokens/me"),
                        _ => create(front, &format!("{round}-{number}")),
                    };
                    assert_eq!(reply.status, 200, "{reply:?}");
                });
            }
        });
        assert_eq!(cloud.counters().mints, round + 2);
    }
    let executed = cloud.counters().executed;
    let once = |number| (0..2).map(move |round| (format!("{round}-{number}"), 1));
    let expected: BTreeMap<_, _> = (1..50).step_by(2).flat_map(once).collect();
    assert_eq!(executed, expected);
    let said = front.finish().stderr;
    let (_, replayed) = said.split_once("gc-token: 2 tokens renewed, ").unwrap();
    assert!(replayed.ends_with(" refused calls replayed\n"), "{said}");
}

/// Other processes would get it from the cache.
#[test]
fn a_token_that_the_client_revokes_is_replaced() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    let head = front.head("DELETE", "/api/v2/tokens/me", "");
    assert_eq!(front.connect().send(head).status, 204);
    wait_until("another token is there", || front.current() != front.token);
    assert_eq!(cloud.counters().mints, 2);
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    assert_eq!(cloud.counters().refusals, 0);
    front.finish();
}

#[test]
fn a_second_401_is_forwarded() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::before(&cloud);
    let calls = cloud.counters().api_calls;
    // Once for the request, once for what the broker asks about the new
    // token, once for the same request again.
    cloud.change(api_faults("401,ok,401"));
    let reply = front.get("/api/v2/tokens/me");
    assert_eq!(reply.status, 401);
    assert_eq!(cloud.counters().api_calls - calls, 3);
    assert_eq!(cloud.counters().mints, 2);
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    assert_eq!(cloud.counters().mints, 2);
    front.finish();
}

/// Such as one that refuses a client for its missing rights, with 401 where
/// 403 belongs.
#[test]
fn an_api_that_always_rejects_costs_few_tokens() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| call.reply(refusal()));
    let front = Front::between(&cloud, &upstream);
    let before = std::fs::read_to_string("/proc/uptime").unwrap();
    for _ in 0..60 {
        let reply = front.get("/x");
        assert_eq!((reply.status, reply.field("x-of").as_deref()), (401, Some("upstream")));
    }
    let after = std::fs::read_to_string("/proc/uptime").unwrap();
    let seconds = |uptime: &str| uptime.split(' ').next().unwrap().parse::<f64>().unwrap();
    // One at first, the allowance, and what it gained meanwhile.
    let gained = ((seconds(&after) - seconds(&before)) / 6.0).ceil() as u64;
    let mints = cloud.counters().mints;
    assert!((11..=11 + gained).contains(&mints), "{mints}, {gained}");
    // No loop: each was sent twice at most.
    assert_eq!(upstream.seen().len() as u64, 60 + mints - 1);
    front.finish();
}

#[test]
fn without_a_new_token_the_401_is_forwarded_unchanged() {
    for reply in all_at_once("1000*401") {
        assert_eq!(reply.status, 401);
        assert_eq!(reply.field("x-of").as_deref(), Some("upstream"));
        assert_eq!(reply.text(), "{\"code\":\"bad.credentials\"}");
    }
}

#[test]
fn an_outage_is_reported_to_all_waiting_requests() {
    for reply in all_at_once("1000*503") {
        reply.is_ours(503);
        assert!(reply.field("retry-after").is_some(), "{reply:?}");
    }
}

/// Twenty requests whose token the API refuses, at an issuer with this fault.
fn all_at_once(fault: &str) -> Vec<Reply> {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        call.reply(refusal());
    });
    let runner = runner(&cloud, &upstream.url()).set("GC_TOKEN_TIMEOUT", "300ms");
    let front = Front::start(runner, &[]);
    cloud.change(ConfigChange {
        faults: Some(fault.parse::<Faults>().unwrap().0),
        ..ConfigChange::default()
    });
    let asked = cloud.counters().token_requests;
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..20).map(|_| scope.spawn(|| front.post("/x", "", b"body"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(upstream.seen().len(), 20);
    // The others did not each run into the same wall: a mint has six attempts
    // at most, and there was one, or few if some came late.
    let asked = cloud.counters().token_requests - asked;
    assert!((1..=18).contains(&asked), "{asked}");
    let said = front.finish().stderr;
    assert!(said.contains("warning: the token could not be renewed: "), "{said}");
    replies
}

/// A request that is already under way with the old token is not lost when
/// others get a new one.
#[test]
fn a_late_401_is_retried_with_the_new_token() {
    let cloud = cloud(SandboxConfig::default());
    let (held, open) = (Arc::new(Barrier::new(2)), Arc::new(AtomicBool::new(false)));
    let upstream = {
        let (held, open) = (held.clone(), open.clone());
        let first = std::sync::OnceLock::new();
        Upstream::start(move |call| {
            let first = first.get_or_init(|| call.seen.token());
            if *first != call.seen.token() {
                return call.reply(ok("ok"));
            }
            if call.seen.line.contains("/slow") {
                held.wait();
                wait_until("the other is done", || open.load(Ordering::SeqCst));
            }
            call.reply(refusal());
        })
    };
    let front = Front::between(&cloud, &upstream);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| front.get("/slow"));
        held.wait();
        assert_eq!(front.get("/fast").status, 200);
        open.store(true, Ordering::SeqCst);
        assert_eq!(slow.join().unwrap().status, 200);
    });
    assert_eq!(cloud.counters().mints, 2);
    front.finish();
}
