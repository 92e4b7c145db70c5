//! Messages of `tfplugin6.proto` (Terraform 1.11), with its field numbers.
//!
//! A nested message has its parent's name in front: `OpenEphemeralResource.Response` is
//! [`OpenEphemeralResourceResponse`]. Messages and fields that this plugin has no use for
//! are left out; prost skips a field that it does not know.
//!
//! They are written by hand because a generator in a build script (protox and
//! tonic-prost-build) brings 47 more crates and takes the build of this layer from 26 s to
//! 50 s on two cores.

use std::collections::BTreeMap;
use std::fmt;

use prost::{Enumeration, Message, Oneof};

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    pub msgpack: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Diagnostic {
    #[prost(enumeration = "DiagnosticSeverity", tag = "1")]
    pub(super) severity: i32,
    #[prost(string, tag = "2")]
    pub(super) summary: String,
    #[prost(string, tag = "3")]
    pub(super) detail: String,
    #[prost(message, optional, tag = "4")]
    pub(super) attribute: Option<AttributePath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum DiagnosticSeverity {
    Invalid = 0,
    Error = 1,
    Warning = 2,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributePath {
    #[prost(message, repeated, tag = "1")]
    pub steps: Vec<AttributePathStep>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributePathStep {
    #[prost(oneof = "AttributePathSelector", tags = "1")]
    pub selector: Option<AttributePathSelector>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum AttributePathSelector {
    #[prost(string, tag = "1")]
    AttributeName(String),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Schema {
    #[prost(int64, tag = "1")]
    pub version: i64,
    #[prost(message, optional, tag = "2")]
    pub block: Option<SchemaBlock>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaBlock {
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<SchemaAttribute>,
    #[prost(string, tag = "4")]
    pub description: String,
    #[prost(enumeration = "StringKind", tag = "5")]
    pub description_kind: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SchemaAttribute {
    #[prost(string, tag = "1")]
    pub name: String,
    /// JSON, as cty writes types.
    #[prost(bytes = "vec", tag = "2")]
    pub r#type: Vec<u8>,
    #[prost(string, tag = "3")]
    pub description: String,
    #[prost(bool, tag = "4")]
    pub required: bool,
    #[prost(bool, tag = "5")]
    pub optional: bool,
    #[prost(bool, tag = "6")]
    pub computed: bool,
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    #[prost(enumeration = "StringKind", tag = "8")]
    pub description_kind: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum StringKind {
    Plain = 0,
    Markdown = 1,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct ServerCapabilities {
    /// Allows Terraform to use a plugin process without asking it for its schema.
    #[prost(bool, tag = "2")]
    pub get_provider_schema_optional: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GetProviderSchemaResponse {
    #[prost(message, optional, tag = "1")]
    pub provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub data_source_schemas: BTreeMap<String, Schema>,
    #[prost(message, optional, tag = "6")]
    pub server_capabilities: Option<ServerCapabilities>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub ephemeral_resource_schemas: BTreeMap<String, Schema>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateProviderConfigRequest {
    #[prost(message, optional, tag = "1")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateProviderConfigResponse {
    // Field 1 was `prepared_config`.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ConfigureProviderRequest {
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ConfigureProviderResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateDataResourceConfigRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateDataResourceConfigResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadDataSourceRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadDataSourceResponse {
    #[prost(message, optional, tag = "1")]
    pub state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateEphemeralResourceConfigRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValidateEphemeralResourceConfigResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OpenEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct OpenEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub renew_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub result: Option<DynamicValue>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub private: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct RenewEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub private: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct RenewEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub renew_at: Option<Timestamp>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub private: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct CloseEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub private: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CloseEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StopProviderResponse {
    #[prost(string, tag = "1")]
    pub error: String,
}

/// Implements `Debug` without fields, for messages that carry secrets.
macro_rules! redacted {
    ($($message:ident)*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )*};
}

redacted!(DynamicValue OpenEphemeralResourceResponse);
redacted!(RenewEphemeralResourceRequest RenewEphemeralResourceResponse);
redacted!(CloseEphemeralResourceRequest);
