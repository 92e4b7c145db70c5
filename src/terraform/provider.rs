//! The Terraform provider: an ephemeral access token and an ephemeral gateway, from the same
//! broker, settings and cache as on the command line, and a data source that measures the
//! clocks of issuer and API.

mod access_token;
mod attributes;
mod clock;
mod gateway;
mod open_resources;
mod opening;
mod revocation;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::config::{self, Layers};
use crate::context::{Context, Environment, Reporter, Warnings};
use crate::error::{Error, Result};
use crate::terraform::plugin::{
    BlockSchema, Diagnostic, Diagnostics, OpenedResource, Provider, ProviderSchema, TerraformObject,
};

pub use access_token::ACCESS_TOKEN;
use clock::ClockComparison;
pub use gateway::GATEWAY;
use gateway::Gateways;
use opening::ResourceSettings;
use revocation::Revocations;

pub const CLOCK: &str = "gctoken_clock";

pub struct TokenProvider {
    context: Context,
    /// The `provider` block, whose arguments are defaults for every resource.
    defaults: Mutex<TerraformObject>,
    revocations: Revocations,
    gateways: Gateways,
}

impl TokenProvider {
    pub fn new(context: &Context) -> TokenProvider {
        TokenProvider {
            context: context.clone(),
            defaults: Mutex::default(),
            revocations: Revocations::new(context),
            gateways: Gateways::new(),
        }
    }

    fn open_access_token(
        &self,
        config: &TerraformObject,
        reporter: Reporter,
    ) -> Result<OpenedResource> {
        let arguments = attributes::merge(&self.provider_defaults(), config)?;
        let context = self.context.with_reporter(reporter.into());
        let settings = ResourceSettings::resolve(arguments, &context)?;
        settings.get_token(&self.revocations, &context).map(access_token::open)
    }

    fn open_gateway(
        &self,
        config: &TerraformObject,
        reporter: Reporter,
        warnings: Warnings,
    ) -> Result<OpenedResource> {
        let arguments = attributes::merge(&self.provider_defaults(), config)?;
        let context = self.context.with_reporter(reporter.into());
        let settings = ResourceSettings::resolve(arguments, &context)?;
        self.gateways.open(settings, &self.revocations, &context, warnings)
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
            ephemeral_resources: BTreeMap::from([
                (ACCESS_TOKEN, access_token::schema()),
                (GATEWAY, gateway::schema()),
            ]),
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
        name: &str,
        config: &TerraformObject,
        diagnostics: &mut Diagnostics,
    ) -> Result<OpenedResource, Diagnostic> {
        if name == GATEWAY {
            let log = self.context.reporter.clone();
            let (reporter, warnings) = Reporter::collected_and_logged(log);
            let opened = self.open_gateway(config, reporter, warnings.clone());
            diagnostics.extend(warnings.take().iter().map(warning));
            return opened.map_err(diagnostic);
        }
        with_warnings(diagnostics, |reporter| self.open_access_token(config, reporter))
    }

    fn close_ephemeral(
        &self,
        name: &str,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        if name == GATEWAY {
            let warnings = self.gateways.close(private, &self.revocations);
            diagnostics.extend(warnings.iter().map(warning));
            return Ok(());
        }
        // The run is over, and the token expires by itself: no reason to fail.
        let number = opening::number_of(private);
        let revoked = number.and_then(|number| self.revocations.close(number));
        for error in revoked.into_iter().flat_map(|revoked| revoked.failures) {
            diagnostics.push(Diagnostic::from(error).into_warning());
        }
        Ok(())
    }

    fn end(&self) {
        self.gateways.close_all();
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
    diagnostics.extend(warnings.take().iter().map(warning));
    result.map_err(diagnostic)
}

/// Terraform shows only the first of several warnings with the same summary.
fn warning(text: impl AsRef<str>) -> Diagnostic {
    let text = attributes::with_attribute_names(text.as_ref());
    let (summary, detail) = text.split_once(": ").unwrap_or((&text, ""));
    Diagnostic::warning(format!("gc-token: {summary}"), detail)
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
