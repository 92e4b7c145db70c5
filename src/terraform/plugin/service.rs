//! From a request's message to the reply's: decodes values, asks the provider,
//! encodes what it says. Knows nothing of gRPC and connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::diagnostic::Diagnostic;
use super::proto;
use super::provider::{Notes, Provider};
use super::schema::{Attribute, Block, Schema, Usage};
use super::value::Object;
use crate::context::Clock;

/// A provider that answers Terraform's messages; one method for each RPC.
pub(super) struct Answers {
    provider: Arc<dyn Provider>,
    schema: Schema,
    clock: Arc<dyn Clock>,
}

impl Answers {
    pub(super) fn new(provider: Arc<dyn Provider>, clock: Arc<dyn Clock>) -> Answers {
        Answers { schema: provider.schema(), provider, clock }
    }

    pub(super) fn schema(&self, (): ()) -> proto::ProviderSchema {
        (&self.schema).into()
    }

    pub(super) fn validate(&self, request: proto::ValidateProvider) -> proto::ValidatedProvider {
        let (_, diagnostics) = noted(|notes| {
            let config = Object::decode(&self.schema.provider, request.config.as_ref())?;
            self.provider.validate(&config, notes)
        });
        proto::ValidatedProvider { diagnostics }
    }

    pub(super) fn configure(&self, request: proto::ConfigureProvider) -> proto::Findings {
        findings(|notes| {
            let config = Object::decode(&self.schema.provider, request.config.as_ref())?;
            self.provider.configure(&config, notes)
        })
    }

    pub(super) fn validate_data_source(&self, request: proto::Typed) -> proto::Findings {
        findings(|notes| {
            let (_, config) = typed(&self.schema.data_sources, &request)?;
            self.provider.validate_data_source(&request.type_name, &config, notes)
        })
    }

    pub(super) fn read_data_source(&self, request: proto::Typed) -> proto::DataSourceRead {
        let (state, diagnostics) = noted(|notes| {
            let (block, config) = typed(&self.schema.data_sources, &request)?;
            complete(block, &config)?;
            let result = self.provider.read_data_source(&request.type_name, &config, notes)?;
            config.and(result).encode(block)
        });
        proto::DataSourceRead { state, diagnostics }
    }

    pub(super) fn validate_ephemeral(&self, request: proto::Typed) -> proto::Findings {
        findings(|notes| {
            let (_, config) = typed(&self.schema.ephemeral_resources, &request)?;
            self.provider.validate_ephemeral(&request.type_name, &config, notes)
        })
    }

    pub(super) fn open_ephemeral(&self, request: proto::Typed) -> proto::EphemeralOpened {
        let (opened, diagnostics) = noted(|notes| {
            let (block, config) = typed(&self.schema.ephemeral_resources, &request)?;
            complete(block, &config)?;
            let opened = self.provider.open_ephemeral(&request.type_name, &config, notes)?;
            let result = config.and(opened.result).encode(block)?;
            Ok((result, opened.private, opened.renew_after))
        });
        let (result, private, renew_after) = match opened {
            Some((result, private, renew_after)) => (Some(result), Some(private), renew_after),
            None => (None, None, None),
        };
        proto::EphemeralOpened {
            diagnostics,
            renew_at: renew_after.map(|after| renew_at(self.clock.read().wall, after)),
            result,
            private,
        }
    }

    pub(super) fn renew_ephemeral(&self, request: proto::OpenedBefore) -> proto::EphemeralRenewed {
        let (renewed, diagnostics) = noted(|notes| {
            find(&self.schema.ephemeral_resources, &request.type_name)?;
            self.provider.renew_ephemeral(&request.type_name, &request.private, notes)
        });
        let (private, renew_after) = match renewed {
            Some(renewed) => (Some(renewed.private), renewed.renew_after),
            None => (None, None),
        };
        proto::EphemeralRenewed {
            diagnostics,
            renew_at: renew_after.map(|after| renew_at(self.clock.read().wall, after)),
            private,
        }
    }

    pub(super) fn close_ephemeral(&self, request: proto::OpenedBefore) -> proto::Findings {
        findings(|notes| {
            find(&self.schema.ephemeral_resources, &request.type_name)?;
            self.provider.close_ephemeral(&request.type_name, &request.private, notes)
        })
    }

    pub(super) fn stop(&self, (): ()) -> proto::Stopped {
        self.provider.stop();
        proto::Stopped::default()
    }

    /// The last call. It has no reply that would be read.
    pub(super) fn end(&self) {
        self.provider.end();
    }
}

/// Terraform calls Renew at this very moment, and at once when it has passed,
/// again and again.
const RENEW_AFTER_AT_LEAST: Duration = Duration::from_secs(1);

/// When Terraform is to call Renew. It compares with its own wall clock, which
/// is this machine's.
fn renew_at(now: Timestamp, after: Duration) -> proto::Timestamp {
    let after = SignedDuration::try_from(after.max(RENEW_AFTER_AT_LEAST));
    let at = now.saturating_add(after.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX);
    proto::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// Does `work`; what it notes and how it fails become diagnostics.
fn noted<T>(
    work: impl FnOnce(&mut Notes) -> Result<T, Diagnostic>,
) -> (Option<T>, Vec<proto::Diagnostic>) {
    let mut notes = Notes::new();
    let value = match work(&mut notes) {
        Ok(value) => Some(value),
        Err(error) => {
            notes.push(error);
            None
        }
    };
    (value, notes.into_iter().map(Into::into).collect())
}

fn findings(work: impl FnOnce(&mut Notes) -> Result<(), Diagnostic>) -> proto::Findings {
    let (_, diagnostics) = noted(work);
    proto::Findings { diagnostics }
}

/// The block of the request's type, and the request's configuration.
fn typed<'a>(
    blocks: &'a BTreeMap<&'static str, Block>,
    request: &proto::Typed,
) -> Result<(&'a Block, Object), Diagnostic> {
    let block = find(blocks, &request.type_name)?;
    Ok((block, Object::decode(block, request.config.as_ref())?))
}

fn find<'a>(
    blocks: &'a BTreeMap<&'static str, Block>,
    type_name: &str,
) -> Result<&'a Block, Diagnostic> {
    blocks.get(type_name).ok_or_else(|| {
        let known = blocks.keys().copied().collect::<Vec<_>>().join(", ");
        Diagnostic::error(
            format!("Unknown type {type_name:?}"),
            format!("This provider has: {known}."),
        )
    })
}

/// Refuses a configuration that cannot be worked with: Terraform sends none
/// such, and a provider need not look for it.
fn complete(block: &Block, config: &Object) -> Result<(), Diagnostic> {
    if let Some(name) = config.unknown().next() {
        let detail = format!("{name:?} is known only after apply, but is needed now.");
        return Err(Diagnostic::error("Value not known yet", detail).with_attribute(name));
    }
    let mut required =
        block.attributes.iter().filter(|attribute| attribute.usage == Usage::Required);
    match required.find(|attribute| config.is_null(attribute.name)) {
        Some(Attribute { name, .. }) => {
            let detail = format!("{name:?} is required, but it is null.");
            Err(Diagnostic::error("Missing required argument", detail).with_attribute(*name))
        }
        None => Ok(()),
    }
}
