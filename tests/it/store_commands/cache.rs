//! `cache list --store` and `cache clear --store`.

use serde_json::Value;

use super::Fleet;
use crate::common::servers::shared_store::SharedStore;
use crate::common::slot::mint_into_slot;

#[test]
fn the_tokens_of_the_client_are_listed_and_removed_and_no_others() {
    Fleet::with_all(list_and_clear);
}

fn list_and_clear(fleet: Fleet) {
    let machine = fleet.machine();
    for (words, told) in [
        (&["cache", "list", "--store"][..], "gc-token: the store holds no token of this client\n"),
        (&["cache", "list"], "gc-token: no token is cached\n"),
        (&["cache", "list", "-q", "--store"], ""),
        (&["cache", "list", "-q"], ""),
    ] {
        let list = machine.run(words);
        assert_eq!((list.succeeded(), &*list.stderr), ("", told));
    }
    for words in [&["cache", "list", "--store", "--json"][..], &["cache", "list", "--json"]] {
        let list = machine.run(words);
        assert_eq!((list.succeeded(), &*list.stderr), ("[]\n", ""));
    }
    assert_eq!(machine.run(&["cache", "clear", "--store"]).succeeded(), "removed 0 tokens\n");
    for command in [&["cache", "clear", "--store", "--json"][..], &["cache", "prune", "--json"]] {
        assert_eq!(machine.run(command).succeeded(), "{\"removed\":0}\n");
    }
    machine.run(&["get"]).succeeded();
    mint_into_slot(3, &machine, &fleet.cloud);
    let stranger = fleet.machine().set("GC_TOKEN_SCOPE", "another");
    stranger.run(&["get"]).succeeded();
    assert_eq!(fleet.store.records().len(), 3);

    let elsewhere = fleet.machine();
    let list = elsewhere.run(&["cache", "list", "--store"]).succeeded().to_owned();
    assert_eq!(list.matches(" left, minted ").count(), 2, "{list}");
    assert!(list.contains(" ago, slot 3\n  client the-client\n"), "{list}");
    let place = format!("\n  {}, record KEY\n", fleet.store.shown_location());
    assert!(list.contains(&place), "{list}");
    let json = elsewhere.run(&["cache", "list", "--store", "--json"]).succeeded().to_owned();
    let json: Vec<Value> = serde_json::from_str(&json).unwrap();
    let slots: Vec<_> = json.iter().map(|row| row["slot"].as_u64().unwrap()).collect();
    assert_eq!(slots, [0, 3]);
    for row in &json {
        assert!(row["remaining_seconds"].as_f64().unwrap() > 1_000.0, "{row}");
        assert_eq!(row["minting"], false, "{row}");
    }
    // The cache of this machine is another matter.
    assert_eq!(elsewhere.run(&["cache", "list"]).succeeded(), "");

    assert_eq!(elsewhere.run(&["cache", "clear", "--store"]).succeeded(), "removed 2 tokens\n");
    assert_eq!(fleet.store.records().len(), 3, "a record is emptied, not deleted");
    assert_eq!(elsewhere.run(&["cache", "list", "--store"]).succeeded(), "");
    assert_eq!(elsewhere.run(&["cache", "list", "--store", "--json"]).succeeded(), "[]\n");
    let listed = stranger.run(&["cache", "list", "--store"]).succeeded().to_owned();
    assert_eq!(listed.matches(" left, minted ").count(), 1, "{listed}");
    assert_eq!(machine.run(&["cache", "list"]).succeeded().matches(" left").count(), 2);
    assert_eq!(fleet.cloud.counters().mints, 3);
    elsewhere.run(&["get"]).token();
    assert_eq!(fleet.cloud.counters().mints, 4, "an emptied record has no token");
}

#[test]
fn another_store_can_be_named_and_none_is_a_mistake() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    fleet.machine().run(&["get"]).succeeded();
    let bare = fleet.machine_without_store();
    let location = fleet.store.location();
    let named = format!("--store={location}");
    for words in [
        &["cache", "list", &named][..],
        &["cache", "list", "--store", &location],
        &["cache", "list", "--store", &location, "-v"],
        &["cache", "list", "-q", "--store", &location],
        &["--store", &location, "cache", "list"],
        &["-v", "cache", "list", &named],
        &["cache", "-v", "list", &named],
    ] {
        let list = bare.run(words).succeeded().to_owned();
        assert!(list.contains(" left, minted "), "{list}");
    }
    let both = bare.run(&["cache", "list", "-v", "-q"]);
    assert_eq!(both.status.code(), Some(2), "{both:#?}");
    for command in ["list", "clear"] {
        let finished = bare.run(&["cache", command, "--store"]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(3), ""), "{finished:#?}");
        assert!(finished.stderr.contains("there is no store to look into"), "{finished:#?}");
        let off = fleet.machine().set("GC_TOKEN_NO_STORE", "1");
        let off = off.run(&["cache", command, "--store"]);
        assert!(off.stderr.contains("GC_TOKEN_NO_STORE turns it off"), "{off:#?}");
        for words in [&["--store=redis://u:pw@h"][..], &["--store", "redis://u:pw@h"]] {
            let bad = bare.run(&[&["cache", command], words].concat());
            assert_eq!(bad.status.code(), Some(2), "{bad:#?}");
            assert!(bad.stderr.contains("the location holds a password"), "{bad:#?}");
            assert!(!bad.stderr.contains("pw@"), "{bad:#?}");
        }
    }
    // Without --store, neither credentials nor a store are needed.
    bare.unset("GENESYSCLOUD_OAUTHCLIENT_SECRET").run(&["cache", "list"]).succeeded();
}

#[test]
fn a_record_that_was_altered_is_listed_and_removed() {
    Fleet::with_all(|fleet| {
        let machine = fleet.machine();
        machine.run(&["get"]).succeeded();
        fleet.store.overwrite(&fleet.store.records().pop().unwrap());
        let list = machine.run(&["cache", "list", "--store"]).succeeded().to_owned();
        assert!(list.starts_with("unusable: altered, or of another version\n"), "{list}");
        assert_eq!(machine.run(&["cache", "clear", "--store"]).succeeded(), "removed 1 token\n");
        assert_eq!(machine.run(&["cache", "list", "--store"]).succeeded(), "");
    });
}

#[test]
fn a_failure_that_machines_share_is_listed() {
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let refused = fleet.machine().set("GENESYSCLOUD_OAUTHCLIENT_ID", "stranger");
    assert_eq!(refused.run(&["get"]).status.code(), Some(4));
    let list = refused.run(&["cache", "list", "--store"]).succeeded().to_owned();
    assert!(list.starts_with("no token: LOGIN refused the client's credentials: "), "{list}");
    let json = refused.run(&["cache", "list", "--store", "--json"]).succeeded().to_owned();
    let json: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert!(json[0]["failure"].as_str().unwrap().contains("refused"), "{json:?}");
    refused.run(&["cache", "clear", "--store"]).succeeded();
    assert_eq!(refused.run(&["cache", "list", "--store"]).succeeded(), "");
}
