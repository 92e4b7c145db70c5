//! The messages of `tfplugin6` and go-plugin that this layer speaks, with their
//! field numbers as Terraform 1.11 has them.
//!
//! They are written out instead of being generated from a `.proto` file: it is
//! one page of structs, and a generator in a build script (protox and
//! tonic-prost-build) brings 47 more crates and doubles the build time of this
//! layer, 50 s instead of 26 s on two cores. A field that Terraform sends and
//! that is not listed here is skipped.

use std::collections::BTreeMap;
use std::fmt;

use prost::{Enumeration, Message, Oneof};

/// A value of Terraform's, encoded as msgpack.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct DynamicValue {
    /// The encoded value. Holds whatever the user configured, secrets included.
    #[prost(bytes = "vec", tag = "1")]
    pub msgpack: Vec<u8>,
}

/// A finding about the configuration or the provider's work.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Diagnostic {
    /// A [`Severity`].
    #[prost(enumeration = "Severity", tag = "1")]
    pub severity: i32,
    /// One line.
    #[prost(string, tag = "2")]
    pub summary: String,
    /// The whole story.
    #[prost(string, tag = "3")]
    pub detail: String,
    /// The attribute at fault.
    #[prost(message, optional, tag = "4")]
    pub attribute: Option<AttributePath>,
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum Severity {
    /// Never sent.
    Invalid = 0,
    /// The operation failed.
    Error = 1,
    /// It did not fail.
    Warning = 2,
}

/// The way to an attribute.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributePath {
    /// From the outside in.
    #[prost(message, repeated, tag = "1")]
    pub steps: Vec<Step>,
}

/// One step of an [`AttributePath`].
#[derive(Clone, PartialEq, Message)]
pub(super) struct Step {
    /// What the step picks.
    #[prost(oneof = "Selector", tags = "1")]
    pub selector: Option<Selector>,
}

/// What a [`Step`] picks.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Selector {
    /// An attribute of an object.
    #[prost(string, tag = "1")]
    AttributeName(String),
}

/// The schema of a provider block, a data source or an ephemeral resource.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Schema {
    /// Of the state's format.
    #[prost(int64, tag = "1")]
    pub version: i64,
    /// What may be written between the braces.
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
}

/// What may be written between a pair of braces.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Block {
    /// Arguments and results.
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<Attribute>,
    /// For people.
    #[prost(string, tag = "4")]
    pub description: String,
    /// A [`StringKind`].
    #[prost(enumeration = "StringKind", tag = "5")]
    pub description_kind: i32,
}

/// An argument or a result.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type, as the JSON of cty.
    #[prost(bytes = "vec", tag = "2")]
    pub r#type: Vec<u8>,
    /// For people.
    #[prost(string, tag = "3")]
    pub description: String,
    /// The user has to set it.
    #[prost(bool, tag = "4")]
    pub required: bool,
    /// The user may set it.
    #[prost(bool, tag = "5")]
    pub optional: bool,
    /// The provider sets it.
    #[prost(bool, tag = "6")]
    pub computed: bool,
    /// Never shown.
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    /// A [`StringKind`].
    #[prost(enumeration = "StringKind", tag = "8")]
    pub description_kind: i32,
}

/// How a description is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum StringKind {
    /// As plain text.
    Plain = 0,
    /// As Markdown.
    Markdown = 1,
}

/// A point in time (`google.protobuf.Timestamp`).
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Timestamp {
    /// Since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// On top.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Reply of `GetProviderSchema`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ProviderSchema {
    /// The provider block.
    #[prost(message, optional, tag = "1")]
    pub provider: Option<Schema>,
    /// Data sources by their type's name.
    #[prost(btree_map = "string, message", tag = "3")]
    pub data_sources: BTreeMap<String, Schema>,
    /// What else the provider can do.
    #[prost(message, optional, tag = "6")]
    pub server_capabilities: Option<ServerCapabilities>,
    /// Ephemeral resources by their type's name.
    #[prost(btree_map = "string, message", tag = "8")]
    pub ephemeral_resources: BTreeMap<String, Schema>,
}

/// What a provider can do beyond the bare protocol.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct ServerCapabilities {
    /// Works without being asked for its schema first, so that Terraform asks
    /// only the first of its plugin processes.
    #[prost(bool, tag = "2")]
    pub get_provider_schema_optional: bool,
}

/// Request of `ValidateProviderConfig`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateProvider {
    /// The provider block.
    #[prost(message, optional, tag = "1")]
    pub config: Option<DynamicValue>,
}

/// Reply of `ValidateProviderConfig`: unlike all other replies of findings
/// alone, it has them in field 2.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidatedProvider {
    /// What was found.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Request of `ConfigureProvider`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ConfigureProvider {
    /// The provider block.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// Request that names a type and brings its configuration: validating and
/// reading a data source, validating and opening an ephemeral resource.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Typed {
    /// A data source's or ephemeral resource's type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// What the user wrote.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// Reply that holds findings only: of `ConfigureProvider`, of validating a data
/// source or an ephemeral resource, and of closing one.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Findings {
    /// What was found.
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Reply of `ReadDataSource`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DataSourceRead {
    /// Configuration and results; absent on failure.
    #[prost(message, optional, tag = "1")]
    pub state: Option<DynamicValue>,
    /// What was found.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Reply of `OpenEphemeralResource`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct EphemeralOpened {
    /// What was found.
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
    /// When Terraform is to call Renew.
    #[prost(message, optional, tag = "2")]
    pub renew_at: Option<Timestamp>,
    /// Configuration and results; absent on failure.
    #[prost(message, optional, tag = "3")]
    pub result: Option<DynamicValue>,
    /// All that Renew and Close are told.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub private: Option<Vec<u8>>,
}

/// Request of `RenewEphemeralResource` and `CloseEphemeralResource`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct OpenedBefore {
    /// The ephemeral resource's type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// What Open, or the last Renew, gave out.
    #[prost(bytes = "vec", tag = "2")]
    pub private: Vec<u8>,
}

/// Reply of `RenewEphemeralResource`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct EphemeralRenewed {
    /// What was found.
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
    /// When Terraform is to call Renew again.
    #[prost(message, optional, tag = "2")]
    pub renew_at: Option<Timestamp>,
    /// Takes the place of the former one.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub private: Option<Vec<u8>>,
}

/// Reply of `StopProvider`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Stopped {
    /// Why it cannot be stopped.
    #[prost(string, tag = "1")]
    pub error: String,
}

/// These messages carry secrets: their contents are never shown.
macro_rules! redacted {
    ($($message:ident)*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )*};
}

redacted!(DynamicValue EphemeralOpened OpenedBefore EphemeralRenewed);
