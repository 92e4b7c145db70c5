//! The credentials that count: those of variables, then those of Google's own programs.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::Result;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey as Key};

use super::authorized_user::AuthorizedUser;
use super::credential_json::{CredentialKind, CredentialPlace};
use super::external_account::ExternalAccount;
use super::service_account::{self, ServiceAccount};
use crate::context::Context;
use crate::store::bucket::kept::KeptCredentials;
use crate::store::bucket::purpose::is_true;
use crate::store::bucket::service::PooledService;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::signer::RequestSigner;
use crate::store::bucket::variables::{NamedValue, first, of_key};
use crate::text;

pub(super) const PREFIX: &str = "GOOGLE_";

/// What credentials are, and the setting that they are from. `Display` is the end of a sentence
/// that begins with "connects".
pub(in super::super) enum GoogleCredentials {
    /// Requests are not signed.
    None {
        origin: String,
    },
    Token(NamedValue),
    /// JSON, as Google's programs write it.
    Json {
        origin: String,
        place: CredentialPlace,
    },
    Instance,
}

/// What is looked for, in this order.
pub(in super::super) const SOURCES: &str = "GOOGLE_OAUTH_ACCESS_TOKEN, \
    GOOGLE_BACKEND_CREDENTIALS, GOOGLE_CREDENTIALS, GOOGLE_APPLICATION_CREDENTIALS, the file of \
    gcloud auth application-default login, and the instance's account";

/// Variables of Terraform, which hold JSON or name a file of it.
pub(in super::super) const TERRAFORM: [&str; 2] =
    ["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"];

const DEFAULT_FILE: &str = "application_default_credentials.json";

impl GoogleCredentials {
    pub(super) fn find(context: &Context) -> Result<GoogleCredentials, SettingsError> {
        let env = &context.env;
        let of = |key: Key| of_key(env, PREFIX, &key);
        if let Some(skip) = of(Key::SkipSignature).filter(|skip| is_true(&skip.value)) {
            return Ok(GoogleCredentials::None { origin: skip.origin });
        }
        if let Some(token) =
            of(Key::BearerToken).or_else(|| first(env, ["GOOGLE_OAUTH_ACCESS_TOKEN"]))
        {
            return Ok(GoogleCredentials::Token(token));
        }
        let impersonated =
            ["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"];
        if let Some(account) = first(env, impersonated) {
            return Err(SettingsError::new(
                format!("{} is set, and gc-token does not do that", account.origin),
                "set GOOGLE_OAUTH_ACCESS_TOKEN to what gcloud auth print-access-token \
                 --impersonate-service-account prints",
            ));
        }
        if let Some(json) = of(Key::ServiceAccountKey) {
            let (origin, place) = (json.origin, CredentialPlace::Inline(json.value));
            return Ok(GoogleCredentials::Json { origin, place });
        }
        if let Some(file) = of(Key::ServiceAccount) {
            let (origin, place) = (file.origin, CredentialPlace::File(file.value.into()));
            return Ok(GoogleCredentials::Json { origin, place });
        }
        if let Some(given) = first(env, TERRAFORM) {
            return of_terraform(given, context);
        }
        if let Some(file) = of(Key::ApplicationCredentials) {
            let (origin, place) = (file.origin, CredentialPlace::File(file.value.into()));
            return Ok(GoogleCredentials::Json { origin, place });
        }
        if let Some((origin, file)) = default_file(context) {
            let place = CredentialPlace::File(file);
            return Ok(GoogleCredentials::Json { origin, place });
        }
        match first(env, ["NO_GCE_CHECK"]).filter(|set| is_true(&set.value)) {
            Some(set) => {
                let cause = format!("{SOURCES} were looked for; {} is set", set.origin);
                Err(SettingsError::without_credentials(cause))
            }
            None => Ok(GoogleCredentials::Instance),
        }
    }

    /// # Errors
    /// If a file cannot be read, or holds nothing that is supported.
    pub(super) fn apply(
        self,
        builder: GoogleCloudStorageBuilder,
        service: &Arc<PooledService>,
    ) -> Result<GoogleCloudStorageBuilder> {
        let (origin, place) = match self {
            GoogleCredentials::None { .. } | GoogleCredentials::Instance => return Ok(builder),
            GoogleCredentials::Token(token) => {
                return Ok(builder.with_config(Key::BearerToken, token.value));
            }
            GoogleCredentials::Json { origin, place } => (origin, place),
        };
        let json = place.read(&origin, service.context())?;
        let named = place.named(&origin);
        let unusable = |why: &str| {
            SettingsError::new(
                format!("{named}: {why}"),
                "set GOOGLE_OAUTH_ACCESS_TOKEN to what gcloud auth application-default \
                 print-access-token prints",
            )
        };
        let incomplete = |why: &str| {
            let hint = format!(
                "check {origin}: it takes the key of a service account, or workload identity \
                 federation, as gcloud writes it"
            );
            SettingsError::new(format!("{named}: {why}"), hint)
        };
        match CredentialKind::of(&json) {
            Some(CredentialKind::ServiceAccount) => {
                if let Some(field) = service_account::missing_field(&json) {
                    let why = format!("the key of a service account has no {field}");
                    return Err(incomplete(&why).into());
                }
                let account = ServiceAccount::parse(&json).ok_or_else(|| {
                    incomplete("private_key of the service account is no RSA key in PEM format")
                })?;
                service.sign_by(RequestSigner::ServiceAccount(Box::new(account)));
                Ok(builder.with_service_account_key(&*json))
            }
            Some(CredentialKind::AuthorizedUser) => {
                let user = AuthorizedUser::parse(&json, service)
                    .ok_or_else(|| incomplete("the login of a user is not complete"))?;
                let user = KeptCredentials::new(user, service.context());
                Ok(builder.with_credentials(Arc::new(user)))
            }
            Some(CredentialKind::ExternalAccount) => {
                let account =
                    ExternalAccount::parse(&json, service).map_err(|why| incomplete(&why))?;
                let account = KeptCredentials::new(account, service.context());
                Ok(builder.with_credentials(Arc::new(account)))
            }
            Some(CredentialKind::Other(kind)) => {
                Err(unusable(&format!("credentials of the type {kind} are not supported")).into())
            }
            None => Err(incomplete("there is no JSON with credentials of Google Cloud").into()),
        }
    }
}

/// Takes JSON, or the name of a file.
fn of_terraform(given: NamedValue, context: &Context) -> Result<GoogleCredentials, SettingsError> {
    let NamedValue { origin, value } = given;
    if value.trim_start().starts_with('{') {
        return Ok(GoogleCredentials::Json { origin, place: CredentialPlace::Inline(value) });
    }
    let file = text::path(&value, context.directories.home.as_deref()).map_err(|flaw| {
        SettingsError::new(format!("{origin} {flaw}"), "give the name of a file, or JSON")
    })?;
    Ok(GoogleCredentials::Json { origin, place: CredentialPlace::File(file) })
}

/// Returns the file that `gcloud auth application-default login` writes for all programs, and its
/// name for people, if it is there.
fn default_file(context: &Context) -> Option<(String, PathBuf)> {
    let (shown, directory) = match context.env.os("CLOUDSDK_CONFIG") {
        Some(directory) => {
            let directory = PathBuf::from(directory);
            (format!("{}/{DEFAULT_FILE}", directory.display()), directory)
        }
        None => {
            let home = context.directories.home.as_ref()?;
            (format!("~/.config/gcloud/{DEFAULT_FILE}"), home.join(".config/gcloud"))
        }
    };
    let file = directory.join(DEFAULT_FILE);
    file.exists().then_some((shown, file))
}

impl fmt::Display for GoogleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GoogleCredentials::None { origin } => write!(f, "without credentials, by {origin}"),
            GoogleCredentials::Token(token) => {
                write!(f, "with an access token from {}", token.origin)
            }
            GoogleCredentials::Json { origin, place } => {
                write!(f, "with {} from {origin}", place.kind())
            }
            GoogleCredentials::Instance => {
                f.write_str("with the account of the instance from its metadata service")
            }
        }
    }
}
