//! The credentials that count: those of Azure's own programs, then those of Terraform.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::azure::{AzureConfigKey as Key, MicrosoftAzureBuilder};

use super::cli;
use super::client_assertion::{AssertionSource, ClientAssertion};
use crate::store::bucket::credential_command::Refresh;
use crate::store::bucket::kept::KeptCredentials;
use crate::store::bucket::service::PooledService;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::signer::RequestSigner;
use crate::store::bucket::variables::{NamedValue, check_token_file};

/// What credentials are, and the settings that they are from. `Display` is the end of a sentence
/// that begins with "connects".
pub(in super::super) enum AzureCredentials {
    /// Requests are not signed.
    None {
        origin: String,
    },
    /// The library decides, as a variable tells it to.
    OfLibrary {
        origin: String,
    },
    Token(NamedValue),
    AccountKey(NamedValue),
    Sas(NamedValue),
    WorkloadIdentity {
        application: Application,
        token_file: NamedValue,
    },
    ServicePrincipal {
        application: Application,
        secret: NamedValue,
    },
    Assertion {
        application: Application,
        source: AssertionSource,
    },
    /// The login of a person in the program `az`.
    Cli {
        origin: String,
    },
    Machine {
        client_id: Option<NamedValue>,
        endpoint: Option<NamedValue>,
        /// Why there is nothing better.
        lack: Option<SettingsError>,
    },
}

pub(super) const PREFIX: &str = "AZURE_";

pub(in super::super) struct Application {
    pub(super) id: NamedValue,
    pub(super) tenant: NamedValue,
}

/// The key of an account, in a description.
pub(in super::super) const ACCOUNT_KEY: &str = "with the key of the account";

impl AzureCredentials {
    /// Returns why there is nothing better than the identity of the machine.
    ///
    /// # Errors
    /// If a file with a token cannot be read.
    pub(super) fn check(&self) -> Result<Option<SettingsError>, SettingsError> {
        match self {
            AzureCredentials::WorkloadIdentity { token_file, .. } => {
                check_token_file(token_file).map(|()| None)
            }
            AzureCredentials::Machine { lack, .. } => Ok(lack.clone()),
            _ => Ok(None),
        }
    }

    /// Returns the program to run before requests, too.
    pub(super) fn apply(
        self,
        builder: MicrosoftAzureBuilder,
        authority_host: Option<&str>,
        service: &Arc<PooledService>,
    ) -> (MicrosoftAzureBuilder, Option<Arc<dyn Refresh>>) {
        let of_kind = |kind: &str| builder.clone().with_config(Key::CredentialType, kind);
        let as_application = |kind: &str, application: Application| {
            of_kind(kind)
                .with_config(Key::ClientId, application.id.value)
                .with_config(Key::AuthorityId, application.tenant.value)
        };
        let builder = match self {
            AzureCredentials::None { .. } | AzureCredentials::OfLibrary { .. } => builder,
            AzureCredentials::Token(_) => of_kind("bearer_token"),
            AzureCredentials::AccountKey(key) => {
                if let Ok(key) = STANDARD.decode(&key.value) {
                    service.sign_by(RequestSigner::SharedKey(key));
                }
                of_kind("access_key").with_config(Key::AccessKey, key.value)
            }
            AzureCredentials::Sas(sas) => of_kind("sas_token").with_config(Key::SasKey, sas.value),
            AzureCredentials::WorkloadIdentity { application, token_file } => {
                as_application("workload_identity", application)
                    .with_config(Key::FederatedTokenFile, token_file.value)
            }
            AzureCredentials::ServicePrincipal { application, secret } => {
                as_application("client_secret", application)
                    .with_config(Key::ClientSecret, secret.value)
            }
            AzureCredentials::Assertion { application, source } => {
                let Application { id, tenant } = application;
                let provider = ClientAssertion::new(
                    id.value,
                    &tenant.value,
                    source,
                    authority_host,
                    service.clone(),
                );
                let provider = KeptCredentials::new(provider, service.context());
                builder.with_credentials(Arc::new(provider))
            }
            AzureCredentials::Cli { origin } => {
                let context = service.context();
                let command = cli::command(origin, context);
                let command = Arc::new(KeptCredentials::new(command, context));
                return (builder.with_credentials(command.clone()), Some(command));
            }
            AzureCredentials::Machine { client_id, endpoint, .. } => {
                let mut builder = of_kind("managed_identity");
                if let Some(id) = client_id {
                    builder = builder.with_config(Key::ClientId, id.value);
                }
                if let Some(endpoint) = endpoint {
                    builder = builder.with_config(Key::MsiEndpoint, endpoint.value);
                }
                builder
            }
        };
        (builder, None)
    }
}

impl fmt::Display for AzureCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AzureCredentials::None { origin } => write!(f, "without credentials, by {origin}"),
            AzureCredentials::OfLibrary { origin } => {
                write!(f, "with the kind of credentials that {origin} names")
            }
            AzureCredentials::Token(token) => {
                write!(f, "with an access token from {}", token.origin)
            }
            AzureCredentials::AccountKey(key) => {
                write!(f, "{ACCOUNT_KEY} from {}", key.origin)
            }
            AzureCredentials::Sas(sas) => write!(f, "with a SAS token from {}", sas.origin),
            AzureCredentials::WorkloadIdentity { application, token_file } => {
                let (id, file) = (&application.id.origin, &token_file.origin);
                write!(f, "with a workload identity from {id} and {file}")
            }
            AzureCredentials::ServicePrincipal { application, secret } => {
                let (id, secret) = (&application.id.origin, &secret.origin);
                write!(f, "with a service principal from {id} and {secret}")
            }
            AzureCredentials::Assertion { application, source } => {
                let (id, source) = (&application.id.origin, source.origin());
                write!(f, "with a workload identity from {id} and {source}")
            }
            AzureCredentials::Cli { origin } => write!(f, "with the login of az, by {origin}"),
            AzureCredentials::Machine { endpoint: Some(endpoint), .. } => {
                write!(f, "with the identity of the machine from {}", endpoint.origin)
            }
            AzureCredentials::Machine { endpoint: None, .. } => {
                f.write_str("with the identity of the machine from its metadata service")
            }
        }
    }
}
