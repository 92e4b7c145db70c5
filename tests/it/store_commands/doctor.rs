//! `doctor` about a store.

use super::Fleet;
use crate::common::servers::azurite::AzuriteServer;
use crate::common::servers::shared_store::SharedStore;
use crate::doctor::report::Report;

#[test]
fn a_store_in_order_is_told_in_full() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        let report = Report::of(&machine, &[]);
        report.exits_with(0).is_clean();
        let connects = match fleet.store {
            SharedStore::Redis(_) => "connects without a password",
            SharedStore::S3(_) => {
                "connects with an access key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            SharedStore::Azure(_) => {
                "connects with the key of the account from AZURE_STORAGE_ACCOUNT_KEY"
            }
        };
        let place = format!("{}, from GC_TOKEN_STORE", fleet.store.shown_location());
        for text in [
            &*place,
            connects,
            "a request takes ",
            "conditional writes work: a record was not created twice",
            "the store's clock is ",
            "no machine has stored a token of this client",
            "without the store, calls warn, and each machine mints for itself",
        ] {
            report.says("store", "ok", text);
        }
        // Its own record, and that of the client.
        assert_eq!(fleet.store.records().len(), 2);
        let again = Report::of(&fleet.machine(), &["--store-required"]);
        again.exits_with(0).is_clean();
        again.says("store", "ok", "the client's record holds a token, ");
        again.says("store", "ok", "fails with exit code 5 (--store-required)");
        assert_eq!(fleet.cloud.counters().mints, 1);
        assert_eq!(fleet.store.records().len(), 2);
    });
}

#[test]
fn the_report_has_a_section_for_the_store_if_there_is_one() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let machine = fleet.machine();
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
    let Some(fleet) = Fleet::with(SharedStore::redis(&options)) else {
        return;
    };
    let report = Report::of(&fleet.machine(), &[]);
    report.exits_with(0).says("store", "warning", "noeviction");
}

#[test]
fn a_store_that_is_away_costs_what_the_settings_say_and_is_told_once() {
    Fleet::with_all(|fleet| {
        // Of any store, a refused connection is told at once.
        let machine = || fleet.machine().unset("GC_TOKEN_STORE_TIMEOUT");
        let (first, second) = (machine(), machine());
        drop(fleet.store);
        let report = Report::of(&first, &[]);
        report.exits_with(0);
        report.says("store", "warning", "refused the connection");
        report.says("store", "note", "calls warn, and each machine mints for itself");
        let told = report.findings().iter().filter(|finding| {
            finding["message"].as_str().unwrap().contains("refused the connection")
        });
        assert_eq!(told.count(), 1, "{report:#?}");
        let required = Report::of(&second, &["--store-required"]);
        required.exits_with(5);
        required.says("store", "note", "fails with exit code 5");
        required.says("store", "failure", "refused the connection");
        required.says("store", "note", "would connect with");
        required.says("token", "note", "there is no token without the store");
    });
}

#[test]
fn wrong_credentials_are_named() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&["--requirepass", "sesame-sesame"])) else {
        return;
    };
    let without = Report::of(&fleet.machine(), &[]);
    without.exits_with(3).says("store", "failure", "wants a password");
    without.says("store", "note", "would connect without a password");
    without.says("store", "note", "a call that needs a new token fails with exit code 3");
    let machine = fleet.machine().set("GC_TOKEN_STORE_PASSWORD", "sesame-sesame");
    let report = Report::of(&machine, &[]);
    report.exits_with(0).is_clean();
    report.says("store", "ok", "connects with the password from GC_TOKEN_STORE_PASSWORD");
    assert!(!report.finished.stdout.contains("sesame"), "{report:#?}");
}

#[test]
fn a_token_that_may_only_read_and_a_wrong_key_are_told_apart() {
    let Some(fleet) = Fleet::with(SharedStore::azure()) else {
        return;
    };
    let key = "AZURE_STORAGE_ACCOUNT_KEY";
    let reads = AzuriteServer::sas("r");
    let reader = || fleet.machine().unset(key).set("AZURE_STORAGE_SAS_TOKEN", &reads);
    let report = Report::of(&reader(), &[]);
    report.exits_with(0).says("store", "warning", "is read-only");
    report.says("store", "ok", "connects with a SAS token from AZURE_STORAGE_SAS_TOKEN");
    report.says("store", "note", "tokens are read, and each machine mints for itself alone");
    assert!(!report.finished.stdout.contains("sig="), "{report:#?}");
    let token = fleet.machine().run(&["get"]).token().to_owned();
    assert_eq!(reader().run(&["get"]).token(), token);
    let stranger = Report::of(&fleet.machine().set(key, "bm8ga2V5"), &[]);
    stranger.exits_with(3).says("store", "failure", "refuses the credentials");
    stranger.says("store", "note", "would connect with the key of the account");
    stranger.says(
        "store",
        "failure",
        "check the key of the account from AZURE_STORAGE_ACCOUNT_KEY",
    );
}

#[test]
fn a_token_of_the_store_is_not_called_cached() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else { return };
    fleet.machine().run(&["get"]).token();
    let report = Report::of(&fleet.machine(), &[]);
    report.exits_with(0).says("token", "ok", "a token from the store is used: ");
    fleet.cloud.revoke_all();
    let machine = fleet.machine();
    let report = Report::of(&machine, &[]);
    report.exits_with(8).says("token", "failure", "the token of the store was revoked");
    report.says("token", "failure", "replaces it here and in the store; other machines");
    Report::of(&machine, &[]).says("token", "failure", "the cached token was revoked");
    let new = machine.run(&["get", "--force-refresh"]).token().to_owned();
    assert_eq!(fleet.machine().run(&["get"]).token(), new);
}
