//! Answers Terraform's messages by a [`Provider`]: decodes values, calls the provider,
//! encodes its result. Knows nothing of gRPC and connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::diagnostic::Diagnostic;
use super::proto;
use super::provider::{Diagnostics, Provider};
use super::schema::{AttributeSchema, BlockSchema, ProviderSchema, Usage};
use super::value::TerraformObject;
use crate::context::Clock;

/// One method for each RPC.
pub(super) struct ProviderService {
    provider: Arc<dyn Provider>,
    schema: ProviderSchema,
    clock: Arc<dyn Clock>,
}

impl ProviderService {
    pub(super) fn new(provider: Arc<dyn Provider>, clock: Arc<dyn Clock>) -> ProviderService {
        ProviderService { schema: provider.schema(), provider, clock }
    }

    pub(super) fn get_provider_schema(&self, (): ()) -> proto::GetProviderSchemaResponse {
        (&self.schema).into()
    }

    pub(super) fn validate_provider_config(
        &self,
        request: proto::ValidateProviderConfigRequest,
    ) -> proto::ValidateProviderConfigResponse {
        let (_, diagnostics) = with_diagnostics(|diagnostics| {
            let config = TerraformObject::decode(&self.schema.provider, request.config.as_ref())?;
            self.provider.validate(&config, diagnostics)
        });
        proto::ValidateProviderConfigResponse { diagnostics }
    }

    pub(super) fn configure_provider(
        &self,
        request: proto::ConfigureProviderRequest,
    ) -> proto::ConfigureProviderResponse {
        let (_, diagnostics) = with_diagnostics(|diagnostics| {
            let config = TerraformObject::decode(&self.schema.provider, request.config.as_ref())?;
            self.provider.configure(&config, diagnostics)
        });
        proto::ConfigureProviderResponse { diagnostics }
    }

    pub(super) fn validate_data_resource_config(
        &self,
        request: proto::ValidateDataResourceConfigRequest,
    ) -> proto::ValidateDataResourceConfigResponse {
        let (name, config) = (request.type_name, request.config);
        let (_, diagnostics) = with_diagnostics(|diagnostics| {
            let block = find_block(&self.schema.data_sources, &name)?;
            let config = TerraformObject::decode(block, config.as_ref())?;
            self.provider.validate_data_source(&name, &config, diagnostics)
        });
        proto::ValidateDataResourceConfigResponse { diagnostics }
    }

    pub(super) fn read_data_source(
        &self,
        request: proto::ReadDataSourceRequest,
    ) -> proto::ReadDataSourceResponse {
        let (name, config) = (request.type_name, request.config);
        let (state, diagnostics) = with_diagnostics(|diagnostics| {
            let block = find_block(&self.schema.data_sources, &name)?;
            let config = TerraformObject::decode(block, config.as_ref())?;
            check_complete(block, &config)?;
            let result = self.provider.read_data_source(&name, &config, diagnostics)?;
            config.merged_with(result).encode(block)
        });
        proto::ReadDataSourceResponse { state, diagnostics }
    }

    pub(super) fn validate_ephemeral_resource_config(
        &self,
        request: proto::ValidateEphemeralResourceConfigRequest,
    ) -> proto::ValidateEphemeralResourceConfigResponse {
        let (name, config) = (request.type_name, request.config);
        let (_, diagnostics) = with_diagnostics(|diagnostics| {
            let block = find_block(&self.schema.ephemeral_resources, &name)?;
            let config = TerraformObject::decode(block, config.as_ref())?;
            self.provider.validate_ephemeral(&name, &config, diagnostics)
        });
        proto::ValidateEphemeralResourceConfigResponse { diagnostics }
    }

    pub(super) fn open_ephemeral_resource(
        &self,
        request: proto::OpenEphemeralResourceRequest,
    ) -> proto::OpenEphemeralResourceResponse {
        let (name, config) = (request.type_name, request.config);
        let (opened, diagnostics) = with_diagnostics(|diagnostics| {
            let block = find_block(&self.schema.ephemeral_resources, &name)?;
            let config = TerraformObject::decode(block, config.as_ref())?;
            check_complete(block, &config)?;
            let opened = self.provider.open_ephemeral(&name, &config, diagnostics)?;
            let result = config.merged_with(opened.result).encode(block)?;
            Ok((result, opened.private, opened.renew_after))
        });
        let (result, private, renew_after) = match opened {
            Some((result, private, renew_after)) => (Some(result), Some(private), renew_after),
            None => (None, None, None),
        };
        proto::OpenEphemeralResourceResponse {
            diagnostics,
            renew_at: renew_after.map(|after| renew_at(self.clock.read().wall, after)),
            result,
            private,
        }
    }

    pub(super) fn renew_ephemeral_resource(
        &self,
        request: proto::RenewEphemeralResourceRequest,
    ) -> proto::RenewEphemeralResourceResponse {
        let (renewed, diagnostics) = with_diagnostics(|diagnostics| {
            find_block(&self.schema.ephemeral_resources, &request.type_name)?;
            self.provider.renew_ephemeral(&request.type_name, &request.private, diagnostics)
        });
        let (private, renew_after) = match renewed {
            Some(renewed) => (Some(renewed.private), renewed.renew_after),
            None => (None, None),
        };
        proto::RenewEphemeralResourceResponse {
            diagnostics,
            renew_at: renew_after.map(|after| renew_at(self.clock.read().wall, after)),
            private,
        }
    }

    pub(super) fn close_ephemeral_resource(
        &self,
        request: proto::CloseEphemeralResourceRequest,
    ) -> proto::CloseEphemeralResourceResponse {
        let (_, diagnostics) = with_diagnostics(|diagnostics| {
            find_block(&self.schema.ephemeral_resources, &request.type_name)?;
            self.provider.close_ephemeral(&request.type_name, &request.private, diagnostics)
        });
        proto::CloseEphemeralResourceResponse { diagnostics }
    }

    pub(super) fn stop_provider(&self, (): ()) -> proto::StopProviderResponse {
        self.provider.stop();
        proto::StopProviderResponse::default()
    }

    pub(super) fn end(&self) {
        self.provider.end();
    }
}

/// Terraform calls Renew exactly at `renew_at`; if that has passed already, it calls again
/// and again without a pause.
const MIN_RENEW_AFTER: Duration = Duration::from_secs(1);

/// Returns a time on this machine's wall clock, by which Terraform waits.
fn renew_at(now: Timestamp, after: Duration) -> proto::Timestamp {
    let after = SignedDuration::try_from(after.max(MIN_RENEW_AFTER));
    let at = now.saturating_add(after.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX);
    proto::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// Runs `work`; its error becomes the last diagnostic.
fn with_diagnostics<T>(
    work: impl FnOnce(&mut Diagnostics) -> Result<T, Diagnostic>,
) -> (Option<T>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::new();
    let result = work(&mut diagnostics);
    let value = result.map_err(|error| diagnostics.push(error)).ok();
    (value, diagnostics)
}

fn find_block<'a>(
    blocks: &'a BTreeMap<&'static str, BlockSchema>,
    type_name: &str,
) -> Result<&'a BlockSchema, Diagnostic> {
    blocks.get(type_name).ok_or_else(|| {
        let known = blocks.keys().copied().collect::<Vec<_>>().join(", ");
        Diagnostic::error(
            format!("Unknown type {type_name:?}"),
            format!("This provider has: {known}."),
        )
    })
}

/// Refuses unknown values and missing required arguments, so that no provider has to.
/// Terraform itself sends no such request.
fn check_complete(block: &BlockSchema, config: &TerraformObject) -> Result<(), Diagnostic> {
    if let Some(name) = config.unknown_attributes().next() {
        let detail = format!("{name:?} is known only after apply, but is needed now.");
        return Err(Diagnostic::error("Value not known yet", detail).with_attribute(name));
    }
    let mut required =
        block.attributes.iter().filter(|attribute| attribute.usage == Usage::Required);
    match required.find(|attribute| config.is_null(attribute.name)) {
        Some(AttributeSchema { name, .. }) => {
            let detail = format!("{name:?} is required, but it is null.");
            Err(Diagnostic::error("Missing required argument", detail).with_attribute(*name))
        }
        None => Ok(()),
    }
}
