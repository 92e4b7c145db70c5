//! Nodes of a cluster.

use std::time::Duration;

use gc_token::internals::store::{StoreFault, Version};

use crate::common::servers::free_port;
use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name, won};

#[test]
fn a_cluster_is_refused_where_it_redirects() {
    for program in RedisServer::programs() {
        let node = || {
            let port = free_port().to_string();
            RedisServer::start_program(
                &program,
                &["--cluster-enabled", "yes", "--cluster-port", &port],
            )
        };
        let (one, other) = (node(), node());
        let machine = Machine::of(&one.location());
        let error = error_of(machine.client().read(&name(1)));
        assert_eq!(error.fault, StoreFault::Unavailable);
        assert!(error.error.cause.unwrap().starts_with("CLUSTERDOWN "));

        one.set(&["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]);
        other.set(&["CLUSTER", "ADDSLOTSRANGE", "8192", "16383"]);
        let bus = |server: &RedisServer| {
            let nodes = server.admin(&["CLUSTER", "NODES"]);
            let (_, rest) = nodes.split_once('@').unwrap();
            rest.split([',', ' ']).next().unwrap().to_owned()
        };
        let port = other.port().to_string();
        let bus = bus(&other);
        one.set(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        while !one.admin(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut redirected = 0;
        for number in 0..40 {
            match machine.client().swap(&name(number), &Version::Absent, b"x") {
                Ok(swap) => drop(won(swap)),
                Err(error) => {
                    assert_eq!(error.fault, StoreFault::Misconfigured);
                    let message = format!(
                        "the store {} is a node of a cluster, whose redirects gc-token does not \
                         follow",
                        one.location()
                    );
                    assert_eq!(error.error.message, message);
                    assert!(error.error.cause.unwrap().starts_with("MOVED "));
                    redirected += 1;
                }
            }
        }
        assert!((1..40).contains(&redirected), "{redirected}");

        let error = error_of(Machine::of(&one.database(1)).client().read(&name(1)));
        assert_eq!(error.fault, StoreFault::Misconfigured);
        assert!(error.error.message.ends_with(" has no database 1"), "{error:?}");
    }
}
