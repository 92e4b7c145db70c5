//! The Terraform provider: an ephemeral access token, from the same broker, settings and cache
//! as on the command line, and a data source that measures the clocks of issuer and API.

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

use clock::ClockComparison;
use revocation::Revocations;

pub const ACCESS_TOKEN: &str = "gctoken_access_token";
pub const CLOCK: &str = "gctoken_clock";

pub struct TokenProvider {
    context: Context,
    /// The `provider` block, whose arguments are defaults for every resource.
    defaults: Mutex<TerraformObject>,
    revocations: Revocations,
}

impl TokenProvider {
    pub fn new(context: &Context) -> TokenProvider {
        TokenProvider {
            context: context.clone(),
            defaults: Mutex::default(),
            revocations: Revocations::new(context),
        }
    }

    fn open_access_token(
        &self,
        config: &TerraformObject,
        reporter: Reporter,
    ) -> Result<OpenedResource> {
        let attributes = attributes::merge(&self.provider_defaults(), config)?;
        let context = self.context.with_reporter(reporter.into());
        let secret_attribute = attributes.client_secret.as_ref().map(|_| "client_secret");
        let mut layers = Layers::new(Vec::new(), attributes.query, &self.context.env)
            .with_secret(attributes.client_secret);
        layers.load_profile_and_warn(&context).map_err(Error::with_doctor_hint)?;
        let mut settings = config::resolve(&layers, &context, &mut StandardInput::taken())
            .map_err(Error::with_doctor_hint)?;
        let own_tokens = if attributes.revoke_on_close {
            // A cached token may be in use elsewhere, so it must not be revoked.
            settings.cache.switch_off();
            Some(self.revocations.open(&settings)?)
        } else {
            None
        };
        let minted = own_tokens.as_ref().map(|tokens| &*tokens.minted);
        let number = own_tokens.as_ref().map(|tokens| tokens.number);
        let provided =
            broker::get_recorded_token(&settings, &context, minted).map_err(|error| {
                // A token that was minted and not provided, such as one that is too short.
                number.and_then(|number| self.revocations.close(number));
                let error =
                    config::name_settings(error, &layers, &self.context.env).with_doctor_hint();
                match (error.kind, secret_attribute) {
                    (Kind::CredentialsRefused, Some(attribute)) => error.with_attribute(attribute),
                    _ => error,
                }
            })?;
        let private = number.map(|number| number.to_string().into_bytes()).unwrap_or_default();
        Ok(OpenedResource {
            result: computed_attributes(&provided, &settings),
            private,
            renew_after: None,
        })
    }

    fn compare_clocks(
        &self,
        config: &TerraformObject,
        reporter: Reporter,
    ) -> Result<ClockComparison> {
        let query = attributes::query(&self.provider_defaults(), config, clock::SETTINGS)?;
        let context = self.context.with_reporter(reporter.into());
        let mut layers = Layers::new(Vec::new(), query, &self.context.env);
        layers.load_profile_and_warn(&context)?;
        ClockComparison::measure(&layers, &context)
    }

    fn provider_defaults(&self) -> TerraformObject {
        let defaults = self.defaults.lock().map(|defaults| defaults.clone());
        defaults.unwrap_or_default()
    }
}

impl Provider for TokenProvider {
    fn schema(&self) -> ProviderSchema {
        let provider = attributes::add_all_settings(BlockSchema::new(
            "Hands out Genesys Cloud access tokens that are known to live long enough. Every \
             argument is a default for the provider's resources; what is not set comes from the \
             environment or a profile, as for the command `gc-token`.",
        ));
        ProviderSchema {
            provider,
            data_sources: BTreeMap::from([(CLOCK, clock::data_source_schema())]),
            ephemeral_resources: BTreeMap::from([(
                ACCESS_TOKEN,
                attributes::access_token_schema(),
            )]),
        }
    }

    fn validate(
        &self,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check_known(config)
    }

    fn validate_data_source(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check_known(config)
    }

    fn validate_ephemeral(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        check_known(config)
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
        let clocks = with_warnings(diagnostics, |reporter| self.compare_clocks(config, reporter))?;
        Ok(clocks.computed_attributes())
    }

    fn open_ephemeral(
        &self,
        _name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<OpenedResource, Diagnostic> {
        with_warnings(diagnostics, |reporter| self.open_access_token(config, reporter))
    }

    fn close_ephemeral(
        &self,
        _name: &str,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        // The run is over, and the token expires by itself: no reason to fail.
        let number = std::str::from_utf8(private).ok().and_then(|text| text.parse().ok());
        let revoked = number.and_then(|number| self.revocations.close(number));
        for error in revoked.into_iter().flat_map(|revoked| revoked.failures) {
            diagnostics.push(Diagnostic::from(error).into_warning());
        }
        Ok(())
    }

    fn end(&self) {
        self.revocations.close_all();
    }
}

/// Checks the known values of a block, so that Terraform shows the line of a bad one.
fn check_known(config: &TerraformObject) -> Result<(), Diagnostic> {
    let nothing = Environment::fixed([]);
    let layers = Layers::new(Vec::new(), attributes::known_settings(config), &nothing);
    config::check_values(&layers).map_err(diagnostic)
}

/// Runs `work`; its warnings become diagnostics.
fn with_warnings<T>(
    diagnostics: &mut Diagnostics,
    work: impl FnOnce(Reporter) -> Result<T>,
) -> Result<T, Diagnostic> {
    let (reporter, warnings) = Reporter::collected();
    let result = work(reporter);
    let warning = |text: String| {
        Diagnostic::warning("gc-token has a warning", attributes::with_attribute_names(&text))
    };
    diagnostics.extend(warnings.take().into_iter().map(warning));
    result.map_err(diagnostic)
}

/// Names attributes and variables in place of flags, which Terraform does not have.
fn diagnostic(error: Error) -> Diagnostic {
    let translate = |text: String| attributes::with_attribute_names(&text);
    Diagnostic::from(Error {
        message: translate(error.message),
        cause: error.cause.map(translate),
        hint: error.hint.map(|hint| translate(hint.into()).into()),
        ..error
    })
}

fn computed_attributes(provided: &ProvidedToken, settings: &Settings) -> TerraformObject {
    let token = &provided.token;
    let region = settings.issuer.region.map(|region| region.aws).unwrap_or_default();
    TerraformObject::default()
        .with("access_token", token.access_token.expose())
        .with("token_type", BEARER)
        .with("expires_at", token.validity.expires_at().to_string())
        .with("aws_region", region)
        .with("api_url", settings.issuer.api_url.as_deref().unwrap_or_default())
}
