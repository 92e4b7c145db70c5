//! The credentials that count, in the order of Amazon's own programs.

use std::fmt;
use std::sync::Arc;

use object_store::StaticCredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, AwsCredential};

use super::container::ContainerRole;
use super::session_keys;
use crate::store::bucket::credential_command::{CredentialCommand, Refresh};
use crate::store::bucket::kept::KeptCredentials;
use crate::store::bucket::service::PooledService;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, check_token_file};
use crate::text::shown;

/// What credentials are, and the settings that they are from. `Display` is the end of a sentence
/// that begins with "connects".
pub(in super::super) enum AmazonCredentials {
    /// Requests are not signed.
    None {
        origin: String,
    },
    /// Keys in variables, with the name of a session's token.
    Variables {
        id: String,
        secret: String,
        token: Option<String>,
    },
    WebIdentity {
        token_file: NamedValue,
        role: NamedValue,
        session: Option<NamedValue>,
    },
    Profile {
        keys: AwsCredential,
        origin: String,
    },
    Process {
        argv: Vec<String>,
        origin: String,
    },
    /// A path below the service of a container.
    Container {
        uri: String,
    },
    /// A URL of a service, with what authenticates there.
    Service {
        url: NamedValue,
        token: Option<NamedValue>,
        token_file: Option<NamedValue>,
    },
    /// With the reason why there is nothing better.
    Instance {
        lack: Option<SettingsError>,
    },
}

impl AmazonCredentials {
    /// Returns why there is nothing better than the role of an instance.
    ///
    /// # Errors
    /// If a file with a token cannot be read.
    pub(super) fn check(&self) -> Result<Option<SettingsError>, SettingsError> {
        match self {
            AmazonCredentials::WebIdentity { token_file, .. }
            | AmazonCredentials::Service { token_file: Some(token_file), .. } => {
                check_token_file(token_file).map(|()| None)
            }
            AmazonCredentials::Instance { lack } => Ok(lack.clone()),
            _ => Ok(None),
        }
    }

    /// Returns the program to run before requests, too.
    pub(super) fn apply(
        self,
        builder: AmazonS3Builder,
        service: &Arc<PooledService>,
    ) -> (AmazonS3Builder, Option<Arc<dyn Refresh>>) {
        let builder = match self {
            // The library reads these variables itself.
            AmazonCredentials::None { .. }
            | AmazonCredentials::Variables { .. }
            | AmazonCredentials::Container { .. }
            | AmazonCredentials::Instance { .. } => builder,
            AmazonCredentials::WebIdentity { token_file, role, session } => {
                let builder = builder
                    .with_config(Key::WebIdentityTokenFile, token_file.value)
                    .with_config(Key::RoleArn, role.value);
                match session {
                    Some(session) => builder.with_config(Key::RoleSessionName, session.value),
                    None => builder,
                }
            }
            AmazonCredentials::Profile { keys, .. } => {
                builder.with_credentials(Arc::new(StaticCredentialProvider::new(keys)))
            }
            AmazonCredentials::Service { url, token, token_file } => {
                let role = ContainerRole::new(url.value, token, token_file, service.clone());
                builder.with_credentials(Arc::new(KeptCredentials::new(role, service.context())))
            }
            AmazonCredentials::Process { argv, origin } => {
                let (read, context) = (session_keys::of_program, service.context());
                let command = CredentialCommand { argv, origin, read, context: context.clone() };
                let command = Arc::new(KeptCredentials::new(command, context));
                return (builder.with_credentials(command.clone()), Some(command));
            }
        };
        (builder, None)
    }
}

impl fmt::Display for AmazonCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AmazonCredentials::None { origin } => write!(f, "without credentials, by {origin}"),
            AmazonCredentials::Variables { id, secret, token: Some(token) } => {
                write!(f, "with the key of a session from {id}, {secret} and {token}")
            }
            AmazonCredentials::Variables { id, secret, token: None } => {
                write!(f, "with an access key from {id} and {secret}")
            }
            AmazonCredentials::WebIdentity { token_file, role, .. } => {
                let (token_file, role) = (&token_file.origin, &role.origin);
                write!(f, "with the role of a web identity from {token_file} and {role}")
            }
            AmazonCredentials::Profile { keys, origin } => {
                let kind =
                    if keys.token.is_some() { "the key of a session" } else { "an access key" };
                write!(f, "with {kind} from {origin}")
            }
            AmazonCredentials::Process { argv, origin } => {
                write!(f, "with the keys that {} prints, by {origin}", shown::quoted(&argv[0]))
            }
            AmazonCredentials::Container { uri } => {
                write!(f, "with the role of the container from {uri}")
            }
            AmazonCredentials::Service { url, token, token_file } => {
                write!(f, "with the role of the pod from {}", url.origin)?;
                let token = token_file.as_ref().or(token.as_ref());
                token.map_or(Ok(()), |token| write!(f, " and {}", token.origin))
            }
            AmazonCredentials::Instance { .. } => {
                f.write_str("with the role of the instance from its metadata service")
            }
        }
    }
}
