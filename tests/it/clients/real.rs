//! Each client, each way, all at the same time.

use crate::clients::client::Client;
use crate::clients::rig::{Rig, WAYS, Work};

/// The promise of the fronts: not one 401 in a minute, whether calls come one
/// after the other or fifty at a time, and each POST exactly once.
#[test]
fn a_minute_passes_without_a_refusal() {
    let one = Work { name: "one", workers: 1, calls: 240, pause: 0.25 };
    let fifty = Work { name: "fifty", workers: 50, calls: 60, pause: 1.0 };
    run(&[(Client::Requests, one), (Client::Requests, fifty)]);
}

/// Longer than a token lives.
#[test]
fn every_client_outlives_its_token() {
    let clients = [Client::Curl, Client::Sdk, Client::Fetch, Client::Axios, Client::Needle];
    let work = Work { name: "short", workers: 1, calls: 32, pause: 0.5 };
    run(&clients.map(|client| (client, work)));
}

fn run(works: &[(Client, Work)]) {
    let rigs: Vec<_> = works
        .iter()
        .flat_map(|(client, work)| WAYS.map(|way| (Rig::new(way), *client, *work)))
        .collect();
    // All have begun before the first is waited for.
    let started: Vec<_> =
        rigs.iter().map(|(rig, client, work)| (rig, work, rig.start(*client, *work))).collect();
    for (rig, work, running) in started {
        if let Some(running) = running {
            rig.check(&running.finish(), *work);
        }
    }
}
