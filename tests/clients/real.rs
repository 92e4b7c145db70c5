//! Each client, each way, all at the same time.

use crate::client::Client;
use crate::rig::{Rig, WAYS, Work};

/// The promise of the fronts: not one 401 in a minute, whether calls come one
/// after the other or fifty at a time, and each POST exactly once.
#[test]
fn a_minute_passes_without_a_refusal() {
    let one = Work { name: "one", workers: 1, calls: 240, pause: 0.25 };
    let fifty = Work { name: "fifty", workers: 50, calls: 60, pause: 1.0 };
    run(Client::Requests, &[one, fifty]);
}

#[test]
fn curl() {
    run(Client::Curl, &[SHORT]);
}

#[test]
fn the_vendors_python_sdk() {
    run(Client::Sdk, &[SHORT]);
}

#[test]
fn nodes_fetch() {
    run(Client::Fetch, &[SHORT]);
}

/// Longer than a token lives.
const SHORT: Work = Work { name: "short", workers: 1, calls: 32, pause: 0.5 };

fn run(client: Client, works: &[Work]) {
    let rigs = WAYS.map(Rig::new);
    let mut started = Vec::new();
    for rig in &rigs {
        for work in works {
            let Some(running) = rig.start(client, *work) else {
                return;
            };
            started.push((rig, *work, running));
        }
    }
    for (rig, work, running) in started {
        rig.check(&running.finish(), work);
    }
}
