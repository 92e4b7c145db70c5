//! The order in which credentials are looked for: those of Azure's own programs, then those of
//! Terraform.

use std::path::Path;

use object_store::azure::AzureConfigKey as Key;

use super::client_assertion::AssertionSource;
use super::credentials::{Application, AzureCredentials, PREFIX};
use super::passed_over::{check_complete, unread_connection_string};
use crate::context::Context;
use crate::store::bucket::credential_file;
use crate::store::bucket::purpose::{IDENTITY_ENDPOINTS, is_true};
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, first, of_key};

/// What is looked for, in this order.
pub(in super::super) const SOURCES: &str = "AZURE_STORAGE_ACCOUNT_KEY, AZURE_CLIENT_ID and \
    AZURE_TENANT_ID with AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET, \
    AZURE_STORAGE_SAS_TOKEN, ARM_ACCESS_KEY, ARM_SAS_TOKEN, ARM_CLIENT_ID and ARM_TENANT_ID with \
    ARM_CLIENT_SECRET, ARM_OIDC_TOKEN or ARM_OIDC_REQUEST_URL, az (AZURE_USE_AZURE_CLI=true), and \
    the machine's identity";

impl AzureCredentials {
    /// # Errors
    /// If only a kind of credentials is there that is not supported.
    pub(super) fn find(context: &Context) -> Result<AzureCredentials, SettingsError> {
        let env = &context.env;
        let of = |key: Key| of_key(env, PREFIX, &key);
        let is_on = |found: Option<NamedValue>| found.filter(|found| is_true(&found.value));
        if let Some(skip) = is_on(of(Key::SkipSignature)) {
            return Ok(AzureCredentials::None { origin: skip.origin });
        }
        let kind = of(Key::CredentialType).filter(|kind| kind.value != "auto");
        if let Some(kind) = kind.as_ref().filter(|kind| kind.value == "azure_cli") {
            return Ok(AzureCredentials::Cli { origin: kind.origin.clone() });
        }
        let of_library = kind.or_else(|| is_on(of(Key::UseEmulator)));
        if let Some(kind) = of_library.or_else(|| of(Key::FabricTokenServiceUrl)) {
            return Ok(AzureCredentials::OfLibrary { origin: kind.origin });
        }
        if let Some(token) = of(Key::Token) {
            return Ok(AzureCredentials::Token(token));
        }
        if let Some(key) = of(Key::AccessKey).or_else(|| first(env, ["AZURE_STORAGE_KEY"])) {
            return Ok(AzureCredentials::AccountKey(key));
        }
        if let (Some(id), Some(tenant)) = (of(Key::ClientId), of(Key::AuthorityId)) {
            let application = Application { id, tenant };
            if let Some(token_file) = of(Key::FederatedTokenFile) {
                return Ok(AzureCredentials::WorkloadIdentity { application, token_file });
            }
            if let Some(secret) = of(Key::ClientSecret) {
                return Ok(AzureCredentials::ServicePrincipal { application, secret });
            }
        }
        if let Some(sas) = of(Key::SasKey) {
            return Ok(AzureCredentials::Sas(sas));
        }
        if let Some(found) = of_terraform(context)? {
            return Ok(found);
        }
        let switches = [of(Key::UseAzureCli), first(env, ["ARM_USE_CLI"])];
        if let Some(cli) = switches.into_iter().find_map(is_on) {
            return Ok(AzureCredentials::Cli { origin: cli.origin });
        }
        let client_id = of(Key::ClientId).or_else(|| first(env, ["ARM_CLIENT_ID"]));
        let endpoint = of(Key::MsiEndpoint).or_else(|| first(env, IDENTITY_ENDPOINTS));
        let uses_machine = is_on(first(env, ["ARM_USE_MSI"])).is_some();
        if endpoint.is_none() && !uses_machine {
            check_complete(env)?;
        }
        Ok(AzureCredentials::Machine { client_id, endpoint, lack: unread_connection_string(env) })
    }
}

/// Finds the variables of Terraform's provider and of its backend.
fn of_terraform(context: &Context) -> Result<Option<AzureCredentials>, SettingsError> {
    let env = &context.env;
    if let Some(key) = first(env, ["ARM_ACCESS_KEY"]) {
        return Ok(Some(AzureCredentials::AccountKey(key)));
    }
    if let Some(sas) = first(env, ["ARM_SAS_TOKEN"]) {
        return Ok(Some(AzureCredentials::Sas(sas)));
    }
    if of_key(env, PREFIX, &Key::ClientId).is_some() {
        return Ok(None);
    }
    let id = given_or_in_file("ARM_CLIENT_ID", "ARM_CLIENT_ID_FILE_PATH", context)?;
    let tenant = of_key(env, PREFIX, &Key::AuthorityId).or_else(|| first(env, ["ARM_TENANT_ID"]));
    let (Some(id), Some(tenant)) = (id, tenant) else {
        return Ok(None);
    };
    let application = Application { id, tenant };
    let secret = given_or_in_file("ARM_CLIENT_SECRET", "ARM_CLIENT_SECRET_FILE_PATH", context)?;
    if let Some(secret) = secret {
        return Ok(Some(AzureCredentials::ServicePrincipal { application, secret }));
    }
    if let Some(token_file) = first(env, ["ARM_OIDC_TOKEN_FILE_PATH"]) {
        return Ok(Some(AzureCredentials::WorkloadIdentity { application, token_file }));
    }
    if let Some(source) = AssertionSource::find(env) {
        return Ok(Some(AzureCredentials::Assertion { application, source }));
    }
    let uses_machine = first(env, ["ARM_USE_MSI"]).is_some_and(|set| is_true(&set.value));
    let certificate = first(env, ["ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE"]);
    match certificate.filter(|_| !uses_machine) {
        Some(certificate) => Err(SettingsError::new(
            format!("{} is set, and gc-token uses no certificates of clients", certificate.origin),
            "set ARM_CLIENT_SECRET, ARM_OIDC_TOKEN_FILE_PATH, or ARM_ACCESS_KEY",
        )),
        None => Ok(None),
    }
}

/// Returns a variable, or what is in the file that another one names.
fn given_or_in_file(
    name: &'static str,
    file_name: &'static str,
    context: &Context,
) -> Result<Option<NamedValue>, SettingsError> {
    if let Some(given) = first(&context.env, [name]) {
        return Ok(Some(given));
    }
    let Some(NamedValue { origin, value: path }) = first(&context.env, [file_name]) else {
        return Ok(None);
    };
    let text = credential_file::read(&origin, Path::new(&path), context)?;
    Ok(Some(NamedValue { origin, value: text.trim().to_owned() }))
}
