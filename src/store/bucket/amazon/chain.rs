//! The order in which credentials are looked for: that of Amazon's own programs.

use object_store::aws::{AmazonS3ConfigKey as Key, AwsCredential};

use super::credentials::AmazonCredentials;
use super::profile::AwsProfile;
use crate::context::{Context, Environment};
use crate::store::bucket::purpose::is_true;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::values::flaw_of_header;
use crate::store::bucket::variables::{NamedValue, first, of_key};
use crate::text::shown;

pub(super) const PREFIX: &str = "AWS_";

/// What is looked for, in this order.
pub(in super::super) const SOURCES: &str = "AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE with \
    AWS_ROLE_ARN, the profile in ~/.aws/credentials and ~/.aws/config (AWS_PROFILE), \
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, and the instance's role";

const METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";

impl AmazonCredentials {
    /// # Errors
    /// If some are incomplete or not supported, or there are none.
    pub(super) fn find(
        context: &Context,
        profile: &AwsProfile,
    ) -> Result<AmazonCredentials, SettingsError> {
        let env = &context.env;
        let of = |key: Key| of_key(env, PREFIX, &key);
        if let Some(skip) = of(Key::SkipSignature).filter(|skip| is_true(&skip.value)) {
            return Ok(AmazonCredentials::None { origin: skip.origin });
        }
        match (of(Key::AccessKeyId), of(Key::SecretAccessKey)) {
            (Some(id), Some(secret)) => {
                let token = of(Key::Token).map(|token| token.origin);
                let (id, secret) = (id.origin, secret.origin);
                return Ok(AmazonCredentials::Variables { id, secret, token });
            }
            (Some(alone), None) => return Err(incomplete(&alone, "AWS_SECRET_ACCESS_KEY")),
            (None, Some(alone)) => return Err(incomplete(&alone, "AWS_ACCESS_KEY_ID")),
            (None, None) => {}
        }
        if let Some(token_file) = of(Key::WebIdentityTokenFile) {
            let role = of(Key::RoleArn).ok_or_else(|| incomplete(&token_file, "AWS_ROLE_ARN"))?;
            let session = of(Key::RoleSessionName);
            return Ok(AmazonCredentials::WebIdentity { token_file, role, session });
        }
        if let Some(found) = AmazonCredentials::in_profile(context, profile)? {
            return Ok(found);
        }
        if let Some(uri) = of(Key::ContainerCredentialsRelativeUri) {
            return Ok(AmazonCredentials::Container { uri: uri.origin });
        }
        if let Some(url) = of(Key::ContainerCredentialsFullUri) {
            let token_file = of(Key::ContainerAuthorizationTokenFile);
            let token = first(env, ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
            return Ok(AmazonCredentials::Service { url, token, token_file });
        }
        if is_metadata_disabled(env) {
            let cause = format!("{SOURCES} were looked for; {METADATA_DISABLED} is set");
            return Err(SettingsError::without_credentials(cause).after(profile.lack()));
        }
        Ok(AmazonCredentials::Instance { lack: profile.lack() })
    }

    fn in_profile(
        context: &Context,
        profile: &AwsProfile,
    ) -> Result<Option<AmazonCredentials>, SettingsError> {
        if let Some(role) = profile.get("role_arn") {
            let token_file = profile.get("web_identity_token_file");
            let token_file = token_file.ok_or_else(|| {
                unsupported(profile, &role, "assumes a role by other credentials")
            })?;
            let session = profile.get("role_session_name");
            return Ok(Some(AmazonCredentials::WebIdentity { token_file, role, session }));
        }
        const SECRET: &str = "aws_secret_access_key";
        match (profile.get("aws_access_key_id"), profile.get(SECRET)) {
            (Some(id), Some(secret)) => {
                let token = profile.get("aws_session_token");
                for part in token.iter().chain([&id]) {
                    if let Some(flaw) = flaw_of_header(&part.value) {
                        let cause = format!("{} {flaw}", part.origin);
                        return Err(SettingsError::new(cause, "correct it"));
                    }
                }
                profile.warn_of_readers(SECRET, context);
                let (key_id, secret_key) = (id.value, secret.value);
                let token = token.map(|token| token.value);
                let keys = AwsCredential { key_id, secret_key, token };
                return Ok(Some(AmazonCredentials::Profile { keys, origin: secret.origin }));
            }
            (Some(alone), None) => return Err(incomplete(&alone, SECRET)),
            (None, Some(alone)) => return Err(incomplete(&alone, "aws_access_key_id")),
            (None, None) => {}
        }
        for name in ["sso_session", "sso_start_url", "sso_account_id", "login_session"] {
            if let Some(login) = profile.get(name) {
                return Err(unsupported(profile, &login, "needs the login of a person"));
            }
        }
        let argv = profile.credential_process()?;
        let origin = profile.origin("credential_process");
        Ok(argv.map(|argv| AmazonCredentials::Process { argv, origin }))
    }
}

fn is_metadata_disabled(env: &Environment) -> bool {
    env.text(METADATA_DISABLED).is_some_and(|value| is_true(&value))
}

fn incomplete(found: &NamedValue, missing: &str) -> SettingsError {
    let cause = format!("{} is set without {missing}", found.origin);
    SettingsError::new(cause, format!("set {missing}, too"))
}

fn unsupported(profile: &AwsProfile, setting: &NamedValue, why: &str) -> SettingsError {
    let name = match shlex::try_quote(&profile.name) {
        Ok(name) if name != "default" => format!(" --profile {}", shown::plain(&name)),
        _ => String::new(),
    };
    SettingsError::new(
        format!("{} {why}, which gc-token does not do", setting.origin),
        format!("run first: eval \"$(aws configure export-credentials{name} --format env)\""),
    )
}
