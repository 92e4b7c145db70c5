//! Gateways on several machines share the tokens of their pools.

use gc_token::internals::sandbox::SandboxConfig;

use super::Fleet;
use crate::common::cloud::cloud;
use crate::common::slot::mint_into_slot;
use crate::gateway::rig::Front;

#[test]
fn the_slots_of_a_gateways_pool_are_shared() {
    Fleet::with_each(|fleet| {
        let token = fleet.machine().run(&["get"]).token().to_owned();
        let front = Front::start(fleet.machine(), &[]);
        assert_eq!(front.token, token);
        let (one, other) = (fleet.machine(), fleet.machine());
        let second = mint_into_slot(1, &one, &fleet.cloud);
        assert_eq!(mint_into_slot(1, &other, &fleet.cloud), second);
        assert_ne!(second, token);
        assert_eq!((fleet.cloud.counters().mints, fleet.store.records().len()), (2, 2));
    });
}

#[test]
fn a_pool_grows_by_the_tokens_that_another_machine_has_minted() {
    Fleet::with_each(|fleet| {
        let rate = Some("10/600s".parse().unwrap());
        let fleet =
            Fleet { cloud: cloud(SandboxConfig { rate, ..SandboxConfig::default() }), ..fleet };
        let calls = |front: &Front, count: u32| {
            for number in 0..count {
                let reply = front.get("/api/v2/routing/skills");
                assert_eq!(reply.status, 200, "call {number}: {reply:?}");
            }
        };
        let args = ["--tokens=4", "--rate=off"];
        let first = Front::start(fleet.machine(), &args);
        calls(&first, 15);
        let minted = fleet.cloud.counters().mints;
        assert_eq!(minted, 2, "one token does not suffice for so many");
        let second = Front::start(fleet.machine(), &args);
        calls(&second, 3);
        assert_eq!(fleet.cloud.counters().mints, minted, "the other machine mints none");
        assert_eq!(fleet.store.records().len(), 2);
        let listed = fleet.machine().run(&["cache", "list", "--store"]).succeeded().to_owned();
        assert_eq!(listed.matches(" left, minted ").count(), 2, "{listed}");
    });
}
