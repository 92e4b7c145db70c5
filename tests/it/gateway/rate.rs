//! The API's rate limits: a pool of tokens, and clients that see nothing of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

use super::rig::{Front, Reply, runner};
use super::upstream::{Upstream, ok, reply};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;

const PATH: &str = "/api/v2/routing/skills";

/// A sandbox that takes so many calls with each token.
fn limited(rate: &str) -> SandboxConfig {
    SandboxConfig { rate: rate.parse().ok(), ..SandboxConfig::default() }
}

fn start(cloud: &Sandbox, args: &[&str]) -> Front {
    Front::start(Runner::of(cloud), args)
}

/// Sends requests by ten clients, and counts the responses by their status.
fn send(front: &Front, requests: u32, send_one: impl Fn(&Front, u32) -> Reply + Sync) -> Statuses {
    let next = AtomicU32::new(0);
    let client = || {
        let numbers = std::iter::from_fn(|| {
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < requests)
        });
        numbers.map(|number| send_one(front, number).status).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..10).map(|_| scope.spawn(client)).collect();
        let mut statuses = Statuses::new();
        for status in clients.into_iter().flat_map(|client| client.join().unwrap()) {
            *statuses.entry(status).or_default() += 1;
        }
        statuses
    })
}

type Statuses = BTreeMap<u16, u32>;

fn get(front: &Front, _: u32) -> Reply {
    front.get(PATH)
}

/// A request that the sandbox tells from the others.
fn post(front: &Front, number: u32) -> Reply {
    let body = format!("{{\"name\": \"{number}\"}}");
    let fields = format!("Content-Type: application/json\r\nX-Request-Id: {number}\r\n");
    front.post(PATH, &fields, body.as_bytes())
}

#[test]
fn a_small_run_takes_one_token() {
    let cloud = cloud(limited("300/60s"));
    let front = start(&cloud, &[]);
    assert_eq!(send(&front, 250, get), [(200, 250)].into());
    assert_eq!((cloud.counters().mints, cloud.counters().calls_over_token_limit), (1, 0));
    assert!(!front.finish().stderr.contains("rate limit"));
}

#[test]
fn a_thousand_calls_take_four_tokens_and_no_client_gets_429() {
    let cloud = cloud(limited("300/60s"));
    let front = start(&cloud, &[]);
    assert_eq!(send(&front, 1_000, get), [(200, 1_000)].into());
    let counters = cloud.counters();
    assert!(counters.mints <= 4, "{counters:?}");
    assert!(counters.calls_over_token_limit <= 10, "{counters:?}");
    let said = front.finish().stderr;
    assert!(said.contains("gc-token: 4 tokens"), "{said}");
}

#[test]
fn a_limit_of_a_path_is_passed_on_and_grows_nothing() {
    let limit = format!("GET {PATH}=5/60s").parse().unwrap();
    let plan = SandboxConfig { path_rates: vec![limit], ..limited("300/60s") };
    let cloud = cloud(plan);
    let front = start(&cloud, &[]);
    let calls = cloud.counters().api_calls;
    assert_eq!(send(&front, 20, get), [(200, 5), (429, 15)].into());
    // One more asks for the cause.
    assert_eq!(cloud.counters().api_calls - calls, 21);
    let refused = front.get(PATH);
    assert_eq!(refused.json()["code"], "too.many.requests.retry.after");
    let reset: u32 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!(reset > 10 && refused.text().contains(&format!("[{reset}]")), "{refused:?}");
    assert_eq!(send(&front, 50, |front, _| front.get("/api/v2/tokens/me")), [(200, 50)].into());
    assert_eq!(cloud.counters().mints, 1);
    let said = front.finish().stderr;
    assert!(said.contains("16 calls refused by the rate limit"), "{said}");
}

#[test]
fn a_limit_that_the_response_names_is_believed() {
    let limit = format!("GET {PATH}=5/60s").parse().unwrap();
    let plan = SandboxConfig { path_rates: vec![limit], limit_in_body: true, ..limited("300/60s") };
    let cloud = cloud(plan);
    let front = start(&cloud, &[]);
    let calls = cloud.counters().api_calls;
    assert_eq!(send(&front, 20, get), [(200, 5), (429, 15)].into());
    assert_eq!(cloud.counters().api_calls - calls, 20);
    front.finish();
}

#[test]
fn each_post_is_carried_out_once() {
    let cloud = cloud(limited("40/1s"));
    let front = start(&cloud, &["--tokens=2", "--rate=off", "--rate-wait=60s"]);
    assert_eq!(send(&front, 200, post), [(200, 200)].into());
    let counters = cloud.counters();
    assert!(counters.calls_over_token_limit > 0, "{counters:?}");
    assert_eq!(counters.executed.len(), 200);
    assert!(counters.executed.values().all(|times| *times == 1), "{counters:?}");
    let said = front.finish().stderr;
    assert!(said.contains("waited") && said.contains("for the rate limit"), "{said}");
}

#[test]
fn a_rate_above_the_apis_is_found_out() {
    let cloud = cloud(limited("40/60s"));
    let front = start(&cloud, &["--rate=1000"]);
    assert_eq!(send(&front, 150, get), [(200, 150)].into());
    assert_eq!(cloud.counters().mints, 4);
    front.finish();
}

#[test]
fn the_api_is_asked_for_its_rate() {
    let cloud = cloud(limited("40/60s"));
    let mut front = start(&cloud, &["--rate=auto", "--verbose", "--metrics-file=metrics"]);
    front.running.wait_until_it_says("the API takes 40 requests a minute with each token");
    assert_eq!(send(&front, 20, get), [(200, 20)].into());
    let (_, runner) = front.finish_and_keep();
    let metrics = std::fs::read_to_string(runner.home().join("metrics")).unwrap();
    assert!(metrics.contains("gc_token_rate_window_limit{slot=\"0\"} 40\n"), "{metrics}");
}

#[test]
fn an_api_that_does_not_tell_its_rate_is_used_with_the_default() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let runner = runner(&cloud, &upstream.url());
    let mut front = Front::start(runner, &["--rate=auto"]);
    front.running.wait_until_it_says("--rate: the limit is unknown, so the default is used");
    assert_eq!(front.get(PATH).status, 200);
    front.finish();
}

#[test]
fn a_rate_below_the_apis_refuses_nothing() {
    let cloud = cloud(SandboxConfig::default());
    let front = start(&cloud, &["--tokens=2", "--rate=10", "--rate-wait=0"]);
    assert_eq!(send(&front, 200, get), [(200, 200)].into());
    front.finish();
}

#[test]
fn no_request_fails_because_mints_are_limited() {
    let plan = SandboxConfig { mint_rate: "2/60s".parse().ok(), ..limited("40/1s") };
    let cloud = cloud(plan);
    let front = start(&cloud, &["--rate=off", "--rate-wait=60s"]);
    assert_eq!(send(&front, 300, get), [(200, 300)].into());
    assert_eq!(cloud.counters().mints, 2);
    let said = front.finish().stderr;
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn no_request_fails_because_active_tokens_are_limited() {
    for (max_tokens, shown) in [(1, "1 active token:"), (3, "3 active tokens:")] {
        let plan = SandboxConfig { max_tokens: Some(max_tokens), ..limited("40/1s") };
        let cloud = cloud(plan);
        let front = start(&cloud, &["--rate=off", "--rate-wait=60s"]);
        assert_eq!(send(&front, 600, get), [(200, 600)].into(), "{max_tokens}");
        let counters = cloud.counters();
        assert!(counters.mints <= 20, "{counters:?}");
        let said = front.finish().stderr;
        assert!(said.matches(shown).count() <= 1, "{said}");
        if counters.evicted_tokens > 1 {
            assert!(said.contains(shown), "{said}\n{counters:?}");
        }
    }
}

#[test]
fn a_request_waits_for_so_long_and_is_then_refused_unsent() {
    let cloud = cloud(limited("5/60s"));
    let front = start(&cloud, &["--tokens=1", "--rate-wait=300ms", "--log-format=json"]);
    let statuses = send(&front, 20, get);
    assert_eq!(statuses.keys().copied().collect::<Vec<_>>(), [200, 429]);
    let calls = cloud.counters().api_calls;
    let refused = front.get(PATH);
    assert_eq!(cloud.counters().api_calls, calls);
    assert_eq!(refused.status, 429);
    let reset: u32 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&reset), "{refused:?}");
    let expected = serde_json::json!({
        "message": format!(
            "gc-token: every token is at the API's rate limit. Retry the request in [{reset}] \
             seconds"
        ),
        "code": "too.many.requests.retry.after",
        "status": 429,
    });
    assert_eq!(refused.json(), expected);
    let said = front.finish().stderr;
    let mut lines = said.lines().filter(|line| line.starts_with('{'));
    let last: Value = serde_json::from_str(lines.next_back().unwrap()).unwrap();
    assert!(last["milliseconds_waited"].as_f64().unwrap() >= 300.0, "{last}");
    assert!(said.contains("refused by the rate limit"), "{said}");
}

#[test]
fn a_body_that_is_too_large_goes_through_with_its_429() {
    let cloud = cloud(SandboxConfig::default());
    let first = Mutex::new(None);
    let upstream = Upstream::start(move |call| {
        call.read();
        let token = call.seen.token();
        let is_first = *first.lock().unwrap().get_or_insert_with(|| token.clone()) == token;
        call.reply(if is_first { LIMITED } else { OK });
    });
    let front = Front::start(runner(&cloud, &upstream.url()), &["--tokens=2"]);
    let refused = front.post(PATH, "Content-Type: application/json\r\n", &vec![b' '; 3 << 20]);
    assert_eq!((refused.status, refused.text()), (429, "{}"));
    let posts = upstream.seen().iter().filter(|seen| seen.line.starts_with("POST ")).count();
    assert_eq!(posts, 1);
    assert_eq!(front.get(PATH).status, 200, "the next request has another token");
    front.finish();
}

#[test]
fn a_client_sees_that_the_body_of_a_429_was_cut() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        let head = "HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n";
        call.reply(format!("{head}5\r\n{{\"a\":\r\n"));
        call.leave();
    });
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    client.write(front.head("GET", PATH, ""));
    assert_eq!(client.maybe_head().unwrap().0, 429);
    assert_eq!(client.chunk().unwrap(), b"{\"a\":");
    assert!(client.is_at_end(), "no last chunk");
    front.finish();
}

#[test]
fn only_the_apis_own_limits_are_judged() {
    let cloud = cloud(SandboxConfig::default());
    let api = Upstream::willing();
    let login = Upstream::start(|call| {
        call.read();
        let token = "x".repeat(86);
        let minted = format!("{{\"access_token\": \"{token}\", \"expires_in\": 86400}}");
        let is_mint = call.seen.line.starts_with("POST /oauth/token ");
        call.reply(if is_mint { ok(&minted) } else { LIMITED.to_owned() });
    });
    let runner = runner(&cloud, &api.url()).set("GC_TOKEN_LOGIN_URL", login.url());
    let front = Front::start(runner, &["--tokens=1"]);
    assert_eq!(front.get("/oauth/userinfo").status, 429);
    assert!(api.seen().is_empty(), "the API was asked for the cause");
    assert_eq!(front.get(PATH).status, 200);
    front.finish();
}

/// The token comes from the cache, so that nothing is known of its use.
#[test]
fn waits_of_one_request_are_limited_together() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        call.reply(reply("429 Too Many Requests", "Retry-After: 1\r\n", "{}"));
    });
    let runner = runner(&cloud, &upstream.url());
    runner.run(&["get"]).succeeded();
    let front = Front::start(runner, &["--tokens=1", "--rate-wait=2500ms"]);
    assert_eq!(front.get(PATH).status, 429);
    let sent = upstream.seen().iter().filter(|seen| seen.line.contains(PATH)).count();
    assert!((2..=3).contains(&sent), "{sent}");
    front.finish();
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

const LIMITED: &str =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 50\r\nContent-Length: 2\r\n\r\n{}";

#[test]
fn gateways_that_share_a_cache_share_the_tokens() {
    let cloud = cloud(limited("100/60s"));
    let args = ["--rate=100", "--rate-wait=60s"];
    let one = start(&cloud, &args);
    let start_beside = || {
        let args = [&["gateway", "--shell=json"], &args[..]].concat();
        Front::of(Runner::of(&cloud), one.runner.start(&args))
    };
    let other = start_beside();
    assert_eq!(one.token, other.token);
    std::thread::scope(|scope| {
        let others = scope.spawn(|| send(&other, 300, get));
        assert_eq!(send(&one, 300, get), [(200, 300)].into());
        assert_eq!(others.join().unwrap(), [(200, 300)].into());
    });
    let counters = cloud.counters();
    assert!(counters.mints <= 9, "{counters:?}");
    assert!(counters.refusals == 0, "{counters:?}");
    // A third one finds tokens that are used up.
    let third = start_beside();
    assert_eq!(send(&third, 20, get), [(200, 20)].into());
    for front in [other, third, one] {
        front.finish();
    }
}
