//! The sandbox over real sockets: what its hosts answer, and when.

mod api;
mod client;
mod command;
mod command_run;
mod faults;
mod issuer;
mod limits;

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Client;
use gc_token::internals::clock::{BootId, Reading};
use gc_token::internals::context::Clock;
use gc_token::internals::sandbox::{DEFAULT_SECRET, Faults, Sandbox, SandboxConfig};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A clock that stands still until it is moved.
struct StillClock(Mutex<Timestamp>);

/// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
const START: i64 = 784_111_777;

impl StillClock {
    fn new() -> Arc<StillClock> {
        Arc::new(StillClock(Mutex::new(Timestamp::from_second(START).unwrap())))
    }

    fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for StillClock {
    fn read(&self) -> Reading {
        let wall = *self.0.lock().unwrap();
        Reading {
            boot: SignedDuration::from_secs(wall.as_second() - START),
            boot_id: Some(BootId("test".into())),
            wall,
        }
    }

    fn sleep(&self, _: Duration) {
        panic!("the sandbox waits on its own runtime")
    }
}

fn start(plan: SandboxConfig) -> (Sandbox, Client, Arc<StillClock>) {
    let clock = StillClock::new();
    let sandbox = Sandbox::start(plan, clock.clone()).unwrap();
    let client = Client::new(&sandbox);
    (sandbox, client, clock)
}

fn faults(text: &str) -> SandboxConfig {
    SandboxConfig { faults: text.parse::<Faults>().unwrap().0, ..SandboxConfig::default() }
}

#[test]
fn each_host_shows_its_own_clock_and_a_new_correlation_id() {
    let plan = SandboxConfig {
        issuer_offset: SignedDuration::from_secs(-2),
        api_offset: SignedDuration::from_hours(1),
        ..SandboxConfig::default()
    };
    let (sandbox, client, _) = start(plan);
    let login = client.get(&format!("{}/", sandbox.login_url()), None);
    let api = client.get(&format!("{}/", sandbox.api_url()), None);
    assert_eq!(login.header("date"), Some("Sun, 06 Nov 1994 08:49:35 GMT"));
    assert_eq!(api.header("date"), Some("Sun, 06 Nov 1994 09:49:37 GMT"));
    let id = login.header("inin-correlation-id").unwrap();
    assert_eq!(id.len(), 36);
    assert_ne!(Some(id), api.header("inin-correlation-id"));
}

#[test]
fn the_plan_changes_while_it_runs() {
    let (sandbox, client, _) = start(faults("500"));
    let token = client.mint_after_faults();
    let put = |plan: Value| {
        let url = format!("{}/sandbox/config", sandbox.api_url());
        let request = client.http.put(url).body(plan.to_string());
        client.send(client.as_json(request), None)
    };
    assert_eq!(client.me(Some(&token)).status, 200);
    assert_eq!(put(json!({ "api_offset": "24h" })).status, 204);
    assert_eq!(client.me(Some(&token)).code(), "credentials.expired");

    let teapot = json!({ "status": 418, "content_type": "text/plain", "body": "a, b" });
    assert_eq!(put(json!({ "faults": ["2*503", teapot] })).status, 204);
    let statuses = [(); 4].map(|()| client.mint().status);
    assert_eq!(statuses, [503, 503, 418, 200]);

    let refused = put(json!({ "lifetime": "soon" }));
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("is not a duration"), "{}", refused.body);
    assert_eq!(put(json!({ "client_secret": "rotated" })).status, 204);
    assert_eq!(client.mint().status, 400);
    let back = json!({ "client_secret": DEFAULT_SECRET });
    assert_eq!(put(back).status, 204);

    let tokens = format!("{}/sandbox/tokens", sandbox.api_url());
    let token = client.mint().token();
    assert_eq!(put(json!({ "api_offset": "0s" })).status, 204);
    assert_eq!(client.me(Some(&token)).status, 200);
    assert_eq!(client.send(client.http.delete(tokens), None).status, 204);
    assert_eq!(client.me(Some(&token)).code(), "bad.credentials");

    let url = format!("{}/sandbox/counters", sandbox.api_url());
    let counters = client.get(&url, None).json();
    assert_eq!(counters, serde_json::to_value(sandbox.counters()).unwrap());
}

#[test]
fn tls_is_trusted_with_the_authority_only() {
    let plan = SandboxConfig { tls: true, ..SandboxConfig::default() };
    let (sandbox, client, _) = start(plan);
    assert!(sandbox.login_url().starts_with("https://127.0.0.1:"));
    assert_eq!(client.mint().status, 200);
    let by_name = sandbox.api_url().replace("127.0.0.1", "localhost");
    assert_eq!(client.get(&by_name, None).status, 501);

    let other =
        Sandbox::start(SandboxConfig { tls: true, ..SandboxConfig::default() }, StillClock::new())
            .unwrap();
    let refusal = Client::new(&other).try_get(&sandbox.login_url());
    assert!(refusal.err().unwrap().contains("UnknownIssuer"));
}

#[test]
fn stays_on_this_machine() {
    let plan =
        SandboxConfig { listen_api: "0.0.0.0:0".parse().unwrap(), ..SandboxConfig::default() };
    let refusal = Sandbox::start(plan, StillClock::new()).err().unwrap();
    assert_eq!(
        refusal.to_string(),
        "error: the sandbox cannot listen on 0.0.0.0:0\n  cause: it is not a loopback \
         address\n  hint: use 127.0.0.1:0 for any port"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (sandbox, _, _) = start(SandboxConfig::default());
    let taken: std::net::SocketAddr = sandbox.api_url()["http://".len()..].parse().unwrap();
    let plan = SandboxConfig { listen_login: taken, ..SandboxConfig::default() };
    let refusal = Sandbox::start(plan, StillClock::new()).err().unwrap();
    assert!(refusal.message.contains(&taken.to_string()), "{refusal}");
    // It is free again once the sandbox is gone.
    drop(sandbox);
    assert!(TcpStream::connect(taken).is_err());
}
