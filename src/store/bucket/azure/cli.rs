//! The login of a person in Azure's program `az`.

use jiff::Timestamp;
use object_store::azure::AzureCredential;
use serde::Deserialize;

use crate::context::Context;
use crate::store::bucket::credential_command::CredentialCommand;
use crate::store::bucket::kept::Expiring;

#[derive(Deserialize)]
struct CliToken {
    #[serde(rename = "accessToken")]
    access_token: String,
    /// Seconds since 1970; old versions do not have it.
    expires_on: Option<i64>,
}

const RESOURCE: &str = "https://storage.azure.com";

/// `origin` is the setting that asks for it.
pub(super) fn command(origin: String, context: &Context) -> CredentialCommand<AzureCredential> {
    let argv = ["az", "account", "get-access-token", "--output", "json", "--resource", RESOURCE];
    CredentialCommand {
        argv: argv.map(str::to_owned).into(),
        origin,
        read,
        context: context.clone(),
    }
}

fn read(output: &[u8]) -> Option<Expiring<AzureCredential>> {
    let token: CliToken = serde_json::from_slice(output).ok()?;
    let expires = token.expires_on.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some((AzureCredential::BearerToken(token.access_token), expires))
}
