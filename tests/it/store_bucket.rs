//! The engine for buckets, against real servers: S3 (moto, and versitygw where it is installed)
//! and Azure (Azurite). No server of Google's can be started here.

mod clocks;
mod conditions;
mod refusals;

use crate::common::servers::azurite::AzuriteServer;
use crate::common::servers::moto::{BUCKET, MotoServer};
use crate::common::servers::versity::VersityServer;
use crate::common::store_machine::Machine;

/// A prefix with a character that URLs escape.
const PREFIX: &str = "ci/a%20b";

fn on_s3(variables: &[(&'static str, String)]) -> Machine {
    machine(&format!("s3://{BUCKET}/{PREFIX}"), variables)
}

fn on_azure(variables: &[(&'static str, String)]) -> Machine {
    machine(&format!("az://{BUCKET}/{PREFIX}"), variables)
}

fn machine(location: &str, variables: &[(&'static str, String)]) -> Machine {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    Machine::with(location, &variables)
}

/// Runs a test with a function that makes machines, for each server.
fn with_each(test: impl Fn(&(dyn Fn() -> Machine + Sync))) {
    if let Some(server) = MotoServer::start() {
        test(&|| on_s3(&server.variables()));
    }
    if let Some(server) = VersityServer::start() {
        test(&|| on_s3(&server.variables()));
    }
    if let Some(server) = AzuriteServer::start() {
        server.create(BUCKET);
        test(&|| on_azure(&server.variables()));
    }
}
