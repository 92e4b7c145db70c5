//! `doctor` about a store.

use super::Fleet;
use crate::common::runner::Runner;
use crate::doctor::report::Report;

#[test]
fn a_store_in_order_is_told_in_full() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let machine = fleet.machine();
    let report = Report::of(&machine, &[]);
    report.exits_with(0).is_clean();
    for text in [
        "redis://STORE/0, from GC_TOKEN_STORE",
        "connects without a password",
        "a request takes ",
        "conditional writes work: a record was not created twice",
        "the store's clock is ",
        "no machine has stored a token of this client",
        "without the store, calls warn, and each machine mints for itself",
    ] {
        report.says("store", "ok", text);
    }
    // Its own record, and that of the client.
    assert_eq!(fleet.redis.records().len(), 2);
    let again = Report::of(&fleet.machine(), &["--store-required"]);
    again.exits_with(0).is_clean();
    again.says("store", "ok", "the client's record holds a token, ");
    again.says("store", "ok", "fails with exit code 5 (--store-required)");
    assert_eq!(fleet.cloud.counters().mints, 1);
    assert_eq!(fleet.redis.records().len(), 2);

    let all = machine.run(&["doctor", "-v", "--html", "page.html"]).succeeded().to_owned();
    assert!(all.contains("\nStore\n"), "{all}");
    let page = std::fs::read_to_string(machine.home().join("page.html")).unwrap();
    assert!(page.contains("<h2 id=\"topic-Store\">Store</h2>"), "{page}");
    // Nothing of it without a store.
    fleet.machine_without_store().run(&["doctor", "-v"]).succeeded();
    let none = Report::of(&fleet.machine_without_store(), &[]);
    assert!(none.findings().iter().all(|finding| finding["topic"] != "store"));
}

#[test]
fn a_server_that_evicts_records_early_is_pointed_out() {
    let options = ["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"];
    let Some(fleet) = Fleet::with(&options) else {
        return;
    };
    let report = Report::of(&fleet.machine(), &[]);
    report.exits_with(0).says("store", "warning", "noeviction");
}

#[test]
fn a_store_that_is_away_costs_what_the_settings_say_and_is_told_once() {
    let Some(fleet) = Fleet::new() else {
        return;
    };
    let location = fleet.redis.plain_location();
    drop(fleet.redis);
    let machine = || Runner::of(&fleet.cloud).set("GC_TOKEN_STORE", &location);
    let report = Report::of(&machine(), &[]);
    report.exits_with(0);
    report.says("store", "warning", "cannot be reached");
    report.says("store", "note", "calls warn, and each machine mints for itself");
    let told = report
        .findings()
        .iter()
        .filter(|finding| finding["message"].as_str().unwrap().contains("cannot be reached"));
    assert_eq!(told.count(), 1, "{report:#?}");
    let required = Report::of(&machine(), &["--store-required"]);
    required.exits_with(5);
    required.says("store", "note", "fails with exit code 5");
    required.says("token", "failure", "cannot be reached");
}

#[test]
fn wrong_credentials_are_named() {
    let Some(fleet) = Fleet::with(&["--requirepass", "sesame-sesame"]) else {
        return;
    };
    let without = Report::of(&fleet.machine(), &[]);
    without.exits_with(3).says("store", "warning", "wants a password");
    without.says("store", "note", "a call that needs a new token fails with exit code 3");
    let machine = fleet.machine().set("GC_TOKEN_STORE_PASSWORD", "sesame-sesame");
    let report = Report::of(&machine, &[]);
    report.exits_with(0).is_clean();
    report.says("store", "ok", "connects with the password from GC_TOKEN_STORE_PASSWORD");
    assert!(!report.finished.stdout.contains("sesame"), "{report:#?}");
}
