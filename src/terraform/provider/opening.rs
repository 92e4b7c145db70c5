//! The first step of opening a resource: its settings, and a token.

use super::attributes::{self, ResourceArguments};
use super::revocation::{ResourceTokens, Revocations};
use crate::broker::{self, ProvidedToken};
use crate::config::{self, Layers, Origin, Settings, table};
use crate::context::{Context, StandardInput};
use crate::error::{Error, Kind, Result};

pub(super) struct ResourceSettings {
    pub(super) layers: Layers,
    settings: Settings,
    revoke_on_close: bool,
    has_secret_attribute: bool,
}

pub(super) struct ResourceToken {
    pub(super) settings: Settings,
    pub(super) provided: ProvidedToken,
    /// `None` if the token comes from the cache, and may be in use elsewhere.
    pub(super) own_tokens: Option<ResourceTokens>,
}

impl ResourceSettings {
    pub(super) fn resolve(
        arguments: ResourceArguments,
        context: &Context,
    ) -> Result<ResourceSettings> {
        let ResourceArguments { query, client_secret, revoke_on_close } = arguments;
        let has_secret_attribute = client_secret.is_some();
        let mut layers = Layers::new(Vec::new(), query, &context.env).with_secret(client_secret);
        layers.load_profile_and_warn(context).map_err(Error::with_doctor_hint)?;
        let settings = config::resolve(&layers, context, &mut StandardInput::taken())
            .map_err(Error::with_doctor_hint)?;
        Ok(ResourceSettings { layers, settings, revoke_on_close, has_secret_attribute })
    }

    pub(super) fn get_token(
        self,
        revocations: &Revocations,
        context: &Context,
    ) -> Result<ResourceToken> {
        let ResourceSettings { layers, mut settings, revoke_on_close, has_secret_attribute } = self;
        let own_tokens = if revoke_on_close {
            let revoke = Origin::Attribute(attributes::REVOKE_ON_CLOSE);
            config::keep_tokens_apart(&layers, &mut settings, &revoke, &context.reporter)?;
            Some(revocations.open(&settings)?)
        } else {
            None
        };
        let minted = own_tokens.as_ref().map(|tokens| &*tokens.minted);
        let provided = broker::get_recorded_token(&settings, context, minted).map_err(|error| {
            // A token that was minted and not provided, such as one that is too short.
            own_tokens.as_ref().and_then(|tokens| revocations.close(tokens.number));
            let error = config::name_settings(error, &layers, &context.env).with_doctor_hint();
            match error.kind {
                Kind::CredentialsRefused if has_secret_attribute => {
                    error.with_attribute(table::CLIENT_SECRET)
                }
                _ => error,
            }
        })?;
        Ok(ResourceToken { settings, provided, own_tokens })
    }
}

impl ResourceToken {
    pub(super) fn aws_region(&self) -> &'static str {
        self.settings.issuer.region.map(|region| region.aws).unwrap_or_default()
    }
}

/// Returns what Terraform keeps of an open resource: a number, because no secret leaves this
/// process.
pub(super) fn private_data(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// Returns the number in [`private_data`].
pub(super) fn number_of(private: &[u8]) -> Option<u64> {
    std::str::from_utf8(private).ok()?.parse().ok()
}
