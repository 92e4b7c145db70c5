//! What the Terraform provider offers: an ephemeral access token, made by the
//! same broker, from the same sources and the same cache as on the command
//! line; and a look at the clocks that decide how long it lives.

mod attributes;
mod clock;
mod revocation;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::broker::{self, ProvidedToken};
use crate::config::{self, Layers, Settings};
use crate::context::{Context, Environment, Reporter, StandardInput};
use crate::error::{Error, Kind, Result};
use crate::terraform::plugin::{
    BlockSchema, Diagnostic, Diagnostics, OpenedResource, Provider, ProviderSchema, TerraformObject,
};
use crate::token::BEARER;

use clock::Clocks;
use revocation::Revocations;

/// The type name of the ephemeral resource.
pub const ACCESS_TOKEN: &str = "gctoken_access_token";
/// The type name of the data source.
pub const CLOCK: &str = "gctoken_clock";

/// The provider `gctoken`.
pub struct TokenProvider {
    context: Context,
    /// The `provider` block: defaults for every resource.
    defaults: Mutex<TerraformObject>,
    revocations: Revocations,
}

impl TokenProvider {
    /// A provider that looks for settings where the command line does.
    pub fn new(context: &Context) -> TokenProvider {
        TokenProvider {
            context: context.clone(),
            defaults: Mutex::default(),
            revocations: Revocations::new(context),
        }
    }

    fn open(&self, config: &TerraformObject, reporter: Reporter) -> Result<OpenedResource> {
        let attributes = attributes::merge(&self.defaults(), config)?;
        let context = self.context.with_reporter(reporter.into());
        let secret_at = attributes.client_secret.as_ref().map(|_| "client_secret");
        let mut layers = Layers::new(Vec::new(), attributes.query, &self.context.env)
            .with_secret(attributes.client_secret);
        layers.load_profile_and_warn(&context).map_err(Error::with_doctor_hint)?;
        let mut settings = config::resolve(&layers, &context, &mut StandardInput::taken())
            .map_err(Error::with_doctor_hint)?;
        let revoke_at = match attributes.revoke_on_close {
            true => Some(revocation::api_of(&settings)?),
            false => None,
        };
        if revoke_at.is_some() {
            // A token that others may be using is not ours to revoke.
            settings.cache.switch_off();
        }
        let given = broker::get_token(&settings, &context).map_err(|error| {
            let error = config::name_settings(error, &layers, &self.context.env).with_doctor_hint();
            match (error.kind, secret_at) {
                (Kind::CredentialsRefused, Some(attribute)) => error.with_attribute(attribute),
                _ => error,
            }
        })?;
        let private = match revoke_at {
            Some(api_url) => self.revocations.remember(&given.token, api_url, &settings.network)?,
            None => Vec::new(),
        };
        Ok(OpenedResource { result: result(&given, &settings), private, renew_after: None })
    }

    fn clocks(&self, config: &TerraformObject, reporter: Reporter) -> Result<Clocks> {
        let query = attributes::query(&self.defaults(), config, clock::SETTINGS)?;
        let context = self.context.with_reporter(reporter.into());
        let mut layers = Layers::new(Vec::new(), query, &self.context.env);
        layers.load_profile_and_warn(&context)?;
        Clocks::measure(&layers, &context)
    }

    fn defaults(&self) -> TerraformObject {
        let defaults = self.defaults.lock().map(|defaults| defaults.clone());
        defaults.unwrap_or_default()
    }
}

impl Provider for TokenProvider {
    fn schema(&self) -> ProviderSchema {
        let provider = attributes::settings(BlockSchema::new(
            "Hands out Genesys Cloud access tokens that are known to live long enough. Every \
             argument is a default for the provider's resources; what is not set comes from the \
             environment or a profile, as for the command `gc-token`.",
        ));
        ProviderSchema {
            provider,
            data_sources: BTreeMap::from([(CLOCK, clock::block())]),
            ephemeral_resources: BTreeMap::from([(ACCESS_TOKEN, attributes::access_token())]),
        }
    }

    fn validate(
        &self,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check(config)
    }

    fn validate_data_source(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check(config)
    }

    fn validate_ephemeral(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check(config)
    }

    fn configure(
        &self,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        if let Ok(mut defaults) = self.defaults.lock() {
            *defaults = config.clone();
        }
        Ok(())
    }

    fn read_data_source(
        &self,
        _name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<TerraformObject, Diagnostic> {
        let clocks = noted(diagnostics, |reporter| self.clocks(config, reporter))?;
        Ok(clocks.result())
    }

    fn open_ephemeral(
        &self,
        _name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<OpenedResource, Diagnostic> {
        noted(diagnostics, |reporter| self.open(config, reporter))
    }

    fn close_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        // The run is over, and the token ends by itself: no reason to fail.
        if let Err(error) = self.revocations.revoke(private) {
            diagnostics.push(Diagnostic::from(error).into_warning());
        }
        Ok(())
    }

    fn end(&self) {
        self.revocations.revoke_all();
    }
}

/// Checks what is known of a block, and is wrong by itself: then Terraform shows
/// its line, wherever the block stands.
fn check(config: &TerraformObject) -> Result<(), Diagnostic> {
    let nothing = Environment::fixed([]);
    let layers = Layers::new(Vec::new(), attributes::known(config), &nothing);
    config::check_values(&layers).map_err(Diagnostic::from)
}

/// Does `work`, and passes its warnings on.
fn noted<T>(
    diagnostics: &mut Diagnostics,
    work: impl FnOnce(Reporter) -> Result<T>,
) -> Result<T, Diagnostic> {
    let (reporter, warnings) = Reporter::collected();
    let done = work(reporter);
    let warning = |text| Diagnostic::warning("gc-token has a warning", text);
    diagnostics.extend(warnings.take().into_iter().map(warning));
    done.map_err(Diagnostic::from)
}

fn result(given: &ProvidedToken, settings: &Settings) -> TerraformObject {
    let token = &given.token;
    let region = settings.issuer.region.map(|region| region.aws).unwrap_or_default();
    TerraformObject::default()
        .with("access_token", token.access_token.expose())
        .with("token_type", BEARER)
        .with("expires_at", token.validity.expires_at().to_string())
        .with("aws_region", region)
        .with("api_url", settings.issuer.api_url.as_deref().unwrap_or_default())
}
