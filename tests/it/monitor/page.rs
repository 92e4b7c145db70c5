//! The status page in Chromium.

use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Faults, Sandbox, SandboxConfig};
use jiff::SignedDuration;
use serde_json::Value;

use super::browser::{found, look};
use super::rig::Monitored;
use crate::common::cloud::cloud;
use crate::common::guard;
use crate::common::process::wait_until;
use crate::common::runner::Runner;

/// Tokens of 12 s, and an API whose clock is ahead.
fn short_lived() -> Sandbox {
    cloud(SandboxConfig {
        lifetime: Duration::from_secs(12),
        api_offset: SignedDuration::from_secs(2),
        ..SandboxConfig::default()
    })
}

fn monitored(cloud: &Sandbox) -> Monitored {
    let runner = Runner::of(cloud).set("GC_TOKEN_SKEW", "4s").set("GC_TOKEN_TIMEOUT", "200ms");
    Monitored::start(runner, &[])
}

#[test]
fn the_page_is_readable_in_both_schemes_and_on_a_phone() {
    let cloud = short_lived();
    let monitored = monitored(&cloud);
    assert_eq!(monitored.front.get("/api/v2/tokens/me").status, 200);
    let Some(looking) = look(&monitored, "looks") else { return };
    let looks = found(looking);
    let looks = looks.as_array().unwrap();
    assert_eq!(looks.len(), 4);
    for seen in looks {
        check_look(seen, &monitored);
        assert_eq!(seen["headings"][0], "✓ Ready");
        let description = seen["drawing"][1].as_str().unwrap();
        assert!(description.contains("within the skew of 4\u{a0}s"), "{description}");
    }
    let backgrounds = [&looks[0], &looks[2]].map(|seen| seen["background"].as_str().unwrap());
    assert_ne!(backgrounds[0], backgrounds[1], "light and dark");
    monitored.front.finish();
}

fn check_look(seen: &Value, monitored: &Monitored) {
    assert_eq!(seen["problems"], serde_json::json!([]));
    assert_eq!(seen["hosts"], serde_json::json!([monitored.address]));
    assert!(seen["overflow"].as_i64().unwrap() <= 0, "{}", seen["overflow"]);
    let contrasts = seen["contrasts"].as_array().unwrap();
    assert!(contrasts.len() > 20, "{contrasts:?}");
    for text in contrasts {
        assert!(text["contrast"].as_f64().unwrap() >= 4.5, "{text}");
    }
    let headings = seen["headings"].as_array().unwrap();
    assert_eq!(headings[1..], ["Clocks", "Tokens", "Recent events"]);
    assert_eq!(seen["drawing"][0], "The clocks of this machine, the issuer and the API");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(seen["headers"][name], value);
    }
    let policy = seen["headers"]["content-security-policy"].as_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let dom = seen["dom"].as_str().unwrap();
    guard::holds_no_token(dom.as_bytes(), "the page");
    guard::holds_no_secret(dom.as_bytes(), "the page");
    assert!(!dom.contains(&monitored.front.prefix), "the page holds the gateway's path");
}

#[test]
fn tokens_that_are_closed_by_the_rate_limit_are_shown() {
    let rate = Some("3/60s".parse().unwrap());
    let cloud = cloud(SandboxConfig { rate, ..SandboxConfig::default() });
    let args = ["--tokens=2", "--rate=3", "--rate-wait=0s"];
    let monitored = Monitored::start(Runner::of(&cloud), &args);
    wait_until("both tokens are at their limit", || {
        monitored.front.get("/api/v2/tokens/me").status == 429
            && monitored.get("/").text().matches("closed for").count() == 2
    });
    let Some(looking) = look(&monitored, "looks") else { return };
    for seen in found(looking).as_array().unwrap() {
        check_look(seen, &monitored);
        assert_eq!(seen["headings"][0], "▲ Held back by the rate limit");
        let main = seen["main"].as_str().unwrap();
        for text in ["2 tokens", "of 3", "▲ closed for ", "rate limit (429)"] {
            assert!(main.contains(text), "{text} is not in {main}");
        }
    }
    monitored.front.finish();
}

#[test]
fn a_renewed_token_appears_without_a_reload() {
    let cloud = short_lived();
    let monitored = monitored(&cloud);
    let Some(looking) = look(&monitored, "updates") else { return };
    let seen = found(looking);
    assert_eq!(seen["problems"], serde_json::json!([]));
    assert_eq!(seen["isSameDocument"], true);
    assert_eq!(seen["selected"], "Clocks");
    assert_eq!(seen["title"], "Ready · gc-token");
    assert_eq!(seen["connection"], "");
    monitored.front.finish();
}

/// The issuer has gone, and the last token has expired.
#[test]
fn the_page_tells_why_nothing_can_be_served() {
    let cloud = short_lived();
    let monitored = monitored(&cloud);
    let faults = "1000*503".parse::<Faults>().unwrap().0;
    cloud.change(ConfigChange { faults: Some(faults), ..ConfigChange::default() });
    let Some(looking) = look(&monitored, "fails") else { return };
    let seen = found(looking);
    assert_eq!(seen["problems"], serde_json::json!([]));
    assert_eq!(seen["title"], "Not ready · gc-token");
    let main = seen["main"].as_str().unwrap();
    for text in ["Every token has expired", "The last renewal failed: ", "✕ expired"] {
        assert!(main.contains(text), "{text} is not in {main}");
    }
    monitored.front.finish();
}

#[test]
fn without_javascript_a_reload_shows_the_present_state() {
    let cloud = short_lived();
    let monitored = monitored(&cloud);
    let Some(looking) = look(&monitored, "reloads") else { return };
    let seen = found(looking);
    assert_eq!(seen["problems"], serde_json::json!([]));
    let texts = [0, 1].map(|index| seen["texts"][index].as_str().unwrap());
    assert!(texts.iter().all(|text| text.contains("Ready")), "{texts:?}");
    assert_ne!(texts[0], texts[1]);
    assert!(seen["hint"].as_str().unwrap().contains("reload this page"), "{}", seen["hint"]);
    monitored.front.finish();
}

#[test]
fn an_open_page_learns_of_the_end_and_does_not_delay_it() {
    let cloud = short_lived();
    let monitored = monitored(&cloud);
    let Some(mut looking) = look(&monitored, "loses") else { return };
    looking.wait_until_it_prints("looking");
    // Chromium has its profile in the runner's home.
    let (_, _runner) = monitored.front.finish_and_keep();
    let seen = found(looking);
    let connection = seen["connection"].as_str().unwrap();
    assert!(connection.starts_with("Not connected since "), "{connection}");
}
