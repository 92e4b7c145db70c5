//! The ephemeral resource `gctoken_access_token`: a token as it is.

use super::attributes;
use super::opening::{self, ResourceToken};
use crate::terraform::plugin::{
    AttributeSchema, BlockSchema, OpenedResource, TerraformObject, Type,
};
use crate::token::BEARER;

pub const ACCESS_TOKEN: &str = "gctoken_access_token";

pub(super) fn schema() -> BlockSchema {
    attributes::add_token_settings(BlockSchema::new(
        "An access token that is known to live long enough. It is opened anew for plan and for \
         apply, and stored in neither state nor plan.",
    ))
    .with(AttributeSchema::optional(
        attributes::REVOKE_ON_CLOSE,
        Type::Bool,
        "Make a token for this run alone, and revoke it at the end. Without it, the token comes \
         from the cache that all runs on the machine share.",
    ))
    .with(AttributeSchema::computed("access_token", Type::String, "The access token.").sensitive())
    .with(AttributeSchema::computed("token_type", Type::String, "The type of the token: `Bearer`."))
    .with(AttributeSchema::computed(
        "expires_at",
        Type::String,
        "The expiry by the issuer's clock (RFC 3339, UTC).",
    ))
    .with(AttributeSchema::computed(
        "aws_region",
        Type::String,
        "The AWS region, empty if unknown.",
    ))
    .with(AttributeSchema::computed(
        "api_url",
        Type::String,
        "The API's URL, empty if unknown.",
    ))
}

pub(super) fn open(opened: ResourceToken) -> OpenedResource {
    let token = &opened.provided.token;
    let result = TerraformObject::default()
        .with("access_token", token.access_token.expose())
        .with("token_type", BEARER)
        .with("expires_at", token.validity.expires_at().to_string())
        .with("aws_region", opened.aws_region())
        .with("api_url", opened.settings.issuer.api_url.as_deref().unwrap_or_default());
    let own_tokens = opened.own_tokens.as_ref();
    let private = own_tokens.map(|tokens| opening::private_data(tokens.number));
    OpenedResource { result, private: private.unwrap_or_default(), renew_after: None }
}
