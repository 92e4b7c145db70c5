//! `status` tells how its verdict comes about.

use std::time::Duration;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::slot::mint_into_slot;
use gc_token::internals::sandbox::SandboxConfig;
use jiff::SignedDuration;
use serde_json::Value;

/// Returns the first column.
fn names(table: &str) -> Vec<&str> {
    table.lines().map(|line| line.get(..12).unwrap_or(line).trim_end()).collect()
}

#[test]
fn without_a_token_there_is_no_arithmetic() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let table = runner.run(&["status"]).succeeded().to_owned();
    assert_eq!(names(&table), ["client", "issuer", "cache", "wanted", "verdict"]);
    assert!(table.ends_with("verdict     nothing is cached: would mint\n"));
}

#[test]
fn each_clock_says_what_is_left_and_one_decides() {
    let cloud = cloud(SandboxConfig {
        lifetime: Duration::from_secs(3_600),
        api_offset: SignedDuration::from_secs(60),
        ..SandboxConfig::default()
    });
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).succeeded();
    let table = runner.run(&["status"]).succeeded().to_owned();
    let expected = [
        "client",
        "issuer",
        "cache",
        "lifetime",
        "expires",
        "clocks",
        "",
        "",
        "skew",
        "wanted",
        "",
        "evidence",
        "boot clock",
        "wall clock",
        "issuer's clo",
        "API's clock",
        "",
        "verdict",
    ];
    assert_eq!(names(&table), expected, "{table}");
    let deciding: Vec<_> = table.lines().filter(|line| line.ends_with("decides")).collect();
    assert_eq!(deciding.len(), 1, "{table}");
    assert!(deciding[0].starts_with("boot clock"), "{table}");
    assert!(table.contains("more than the 5s by default"), "{table}");

    let json = runner.run(&["status", "--json"]).succeeded().to_owned();
    let json: Value = serde_json::from_str(&json).unwrap();
    let learned = json["skew_learned"].as_f64().unwrap();
    assert!((60.0..63.0).contains(&learned), "{json}");
    assert_eq!(json["skew_taken_off"], json["skew_learned"]);
    let evidence = json["evidence"].as_array().unwrap();
    let clocks: Vec<_> = evidence.iter().map(|row| row["clock"].as_str().unwrap()).collect();
    assert_eq!(clocks, ["boot clock", "wall clock", "issuer's clock", "API's clock"]);
    for row in evidence {
        let number = |name: &str| row[name].as_f64().unwrap();
        let rest = number("remaining") - number("taken_off");
        assert!((number("rest") - rest).abs() < 0.001, "{row}");
        let left = if row["clock"] == "API's clock" { 3_540.0 } else { 3_600.0 };
        assert!(number("remaining") <= left, "{row}");
    }
}

#[test]
fn a_default_is_not_said_to_be_asked_for() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).succeeded();
    let line = |args: &[&str], name: &str| {
        let args: Vec<_> = ["status"].iter().chain(args).copied().collect();
        let table = runner.run(&args).succeeded().to_owned();
        let line = table.lines().find(|line| line.starts_with(name)).expect("there is one");
        line.get(12..).expect("it has a value").to_owned()
    };
    assert!(line(&[], "skew").starts_with("5s, by default: "));
    assert!(line(&["--skew=5s"], "skew").starts_with("5s, from --skew: "));
    assert_eq!(line(&[], "wanted"), "10m: 10m or half of what a new token offers");
    assert_eq!(line(&["--min-ttl=10m"], "wanted"), "10m, from --min-ttl");
}

#[test]
fn a_cache_that_is_not_used_names_what_turns_it_off() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GC_TOKEN_NO_CACHE", "1");
    let table = runner.run(&["status"]).succeeded().to_owned();
    assert!(table.contains("cache       none, from GC_TOKEN_NO_CACHE\n"), "{table}");
}

#[test]
fn the_result_says_when_the_api_would_be_asked() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).succeeded();
    let table = runner.run(&["status", "--verify=always"]).succeeded().to_owned();
    assert!(
        table.ends_with("would be reused if the API accepts it (--verify always)\n"),
        "{table}"
    );
}

#[test]
fn the_further_tokens_of_a_pool_are_told() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).succeeded();
    let status = || runner.run(&["status"]).succeeded().to_owned();
    assert!(!status().contains("\npool "), "{}", status());
    for slot in [1, 7] {
        mint_into_slot(slot, &runner, &cloud);
    }
    let line = "\npool        2 more tokens of this client: see 'gc-token cache list'\n";
    assert!(status().contains(line), "{}", status());
    let json: Value = serde_json::from_str(runner.run(&["status", "--json"]).succeeded()).unwrap();
    assert_eq!(json["further_slots"], serde_json::json!([1, 7]));
    let another = runner.run(&["status", "--client-id=another"]);
    assert!(!another.succeeded().contains("\npool "), "{another:#?}");
    let list = runner.run(&["cache", "list"]).succeeded().to_owned();
    for slot in [" left, slot 1\n  client the-client\n", " left, slot 7\n  client the-client\n"] {
        assert!(list.contains(slot), "{list}");
    }
    assert_eq!(list.matches("slot").count(), 2, "{list}");
    let json: Vec<Value> =
        serde_json::from_str(runner.run(&["cache", "list", "--json"]).succeeded()).unwrap();
    let slots: Vec<_> = json.iter().map(|entry| entry["slot"].as_u64().unwrap()).collect();
    assert_eq!(slots, [0, 1, 7]);
}
