//! What servers refuse, in their own words.

use std::time::Duration;

use gc_token::internals::store::{StoreFault, Version};
use rustix::process::Signal;

use super::{BUCKET, on_azure, on_s3};
use crate::common::servers::azurite::AzuriteServer;
use crate::common::servers::moto::MotoServer;
use crate::common::servers::versity::{KEY_ID, VersityServer};
use crate::common::store_machine::{error_of, name};

#[test]
fn s3_says_that_there_is_no_bucket() {
    let Some(server) = MotoServer::start() else { return };
    let deleted = server.request("DELETE", "", b"");
    assert!(deleted.starts_with("HTTP/1.0 204"), "{deleted}");
    let machine = on_s3(&server.variables());
    for error in [
        error_of(machine.client().read(&name(0))),
        error_of(machine.client().swap(&name(0), &Version::Absent, b"x")),
    ] {
        assert_eq!(error.fault, StoreFault::Misconfigured);
        let message = format!("the store s3://{BUCKET}/ci/a%20b does not exist");
        assert_eq!(error.error.message, message);
        let cause = error.error.cause.unwrap();
        assert!(cause.starts_with("HTTP 404 NoSuchBucket"), "{cause}");
    }
}

/// Azurite takes the container for one without records until something is written.
#[test]
fn azure_says_that_there_is_no_container() {
    let Some(server) = AzuriteServer::start() else { return };
    let machine = on_azure(&server.variables());
    let error = error_of(machine.client().swap(&name(0), &Version::Absent, b"x")).error;
    assert_eq!(error.message, format!("the store az://{BUCKET}/ci/a%20b does not exist"));
    assert!(error.cause.unwrap().starts_with("HTTP 404 ContainerNotFound"));
}

#[test]
fn versity_names_wrong_credentials() {
    let Some(server) = VersityServer::start() else { return };
    for (key, answer) in
        [("nobody", "HTTP 404 XAdminUserNotFound: "), (KEY_ID, "HTTP 403 SignatureDoesNotMatch: ")]
    {
        let [_, _, region, endpoint] = server.variables();
        let wrong = [
            ("AWS_ACCESS_KEY_ID", key.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "wrong secret".to_owned()),
            region,
            endpoint,
        ];
        let error = error_of(on_s3(&wrong).client().read(&name(0))).error;
        let message = format!("the store s3://{BUCKET}/ci/a%20b refuses the credentials");
        assert_eq!(error.message, message);
        let cause = error.cause.unwrap();
        assert!(cause.starts_with(answer), "{cause}");
    }
}

#[test]
fn a_stopped_server_costs_no_more_than_the_limit() {
    let Some(server) = MotoServer::start() else { return };
    let machine = on_s3(&server.variables());
    let client = machine.client();
    client.read(&name(0)).unwrap();
    server.process.signal(Signal::STOP);
    let error = error_of(client.read_within(&name(0), Duration::from_millis(300))).error;
    server.process.signal(Signal::CONT);
    assert_eq!(error.message, format!("the store s3://{BUCKET}/ci/a%20b is not reachable"));
    let cause = format!("no complete response from {} within 300.0ms", server.process.address());
    assert_eq!(error.cause, Some(cause));
    client.read(&name(0)).unwrap();
}
