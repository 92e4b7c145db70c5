//! Variables that are set, and from which no credentials come.

use object_store::azure::AzureConfigKey as Key;

use super::client_assertion::AssertionSource;
use super::credentials::PREFIX;
use crate::context::Environment;
use crate::store::bucket::purpose::is_true;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, first, of_key};

const OIDC: &str = "ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH or ARM_OIDC_REQUEST_URL";

/// # Errors
/// If variables are set that do nothing without others.
pub(super) fn check_complete(env: &Environment) -> Result<(), SettingsError> {
    let of = |key: Key| of_key(env, PREFIX, &key);
    let (client_id, tenant) = (of(Key::ClientId), of(Key::AuthorityId));
    let proof = of(Key::FederatedTokenFile).or_else(|| of(Key::ClientSecret));
    match (&client_id, &tenant, proof) {
        (Some(id), None, Some(_)) => return Err(incomplete(id, "AZURE_TENANT_ID")),
        (None, _, Some(alone)) => return Err(incomplete(&alone, "AZURE_CLIENT_ID")),
        _ => {}
    }
    let has_oidc =
        AssertionSource::find(env).is_some() || first(env, ["ARM_OIDC_TOKEN_FILE_PATH"]).is_some();
    let wants_oidc = first(env, ["ARM_USE_OIDC"]).filter(|set| is_true(&set.value) && !has_oidc);
    if let Some(switch) = wants_oidc {
        return Err(SettingsError::new(
            format!("{} is set without {OIDC}", switch.origin),
            "set one of them; a job of GitHub Actions needs permissions: id-token: write",
        ));
    }
    match client_id {
        Some(_) => Ok(()),
        None => check_terraform(env, tenant.or_else(|| first(env, ["ARM_TENANT_ID"]))),
    }
}

fn check_terraform(env: &Environment, tenant: Option<NamedValue>) -> Result<(), SettingsError> {
    let id = first(env, ["ARM_CLIENT_ID", "ARM_CLIENT_ID_FILE_PATH"]);
    let proofs = [
        "ARM_CLIENT_SECRET",
        "ARM_CLIENT_SECRET_FILE_PATH",
        "ARM_OIDC_TOKEN_FILE_PATH",
        "ARM_OIDC_TOKEN",
    ];
    match (id, tenant, first(env, proofs)) {
        (Some(id), None, Some(_)) => Err(incomplete(&id, "ARM_TENANT_ID")),
        (None, _, Some(alone)) => Err(incomplete(&alone, "ARM_CLIENT_ID")),
        (Some(id), Some(tenant), None) => Err(SettingsError::new(
            format!(
                "{} and {} are set without ARM_CLIENT_SECRET, {OIDC}",
                id.origin, tenant.origin
            ),
            "set one of them, or ARM_USE_MSI=true for the machine's identity, or ARM_USE_CLI=true \
             for the login of az",
        )),
        _ => Ok(()),
    }
}

fn incomplete(found: &NamedValue, missing: &str) -> SettingsError {
    let cause = format!("{} is set without {missing}", found.origin);
    SettingsError::new(cause, format!("set {missing}, too"))
}

/// Returns a mistake if a connection string is set, which other programs read.
pub(super) fn unread_connection_string(env: &Environment) -> Option<SettingsError> {
    let set = first(env, ["AZURE_STORAGE_CONNECTION_STRING"])?;
    Some(SettingsError::new(
        format!("{} is set, and gc-token does not read it", set.origin),
        "set AZURE_STORAGE_ACCOUNT_NAME to its AccountName, and AZURE_STORAGE_ACCOUNT_KEY to its \
         AccountKey",
    ))
}
