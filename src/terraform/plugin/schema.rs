//! Schemas of a provider's own block, its data sources and its ephemeral resources.

use std::collections::BTreeMap;

use super::proto;

#[derive(Debug, Clone, Default)]
pub struct ProviderSchema {
    pub provider: BlockSchema,
    /// By type name (`gctoken_something`).
    pub data_sources: BTreeMap<&'static str, BlockSchema>,
    /// By type name.
    pub ephemeral_resources: BTreeMap<&'static str, BlockSchema>,
}

#[derive(Debug, Clone, Default)]
pub struct BlockSchema {
    /// Markdown.
    pub description: &'static str,
    /// In the order in which documentation lists them.
    pub attributes: Vec<AttributeSchema>,
}

#[derive(Debug, Clone)]
pub struct AttributeSchema {
    pub name: &'static str,
    pub kind: Type,
    pub usage: Usage,
    /// Terraform shows no value of a sensitive attribute.
    pub sensitive: bool,
    /// Markdown.
    pub description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    Required,
    Optional,
    Computed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    String,
    Bool,
    Number,
    List(Box<Type>),
    Map(Box<Type>),
}

impl BlockSchema {
    pub fn new(description: &'static str) -> BlockSchema {
        BlockSchema { description, attributes: Vec::new() }
    }

    pub fn with(mut self, attribute: AttributeSchema) -> BlockSchema {
        self.attributes.push(attribute);
        self
    }
}

impl AttributeSchema {
    pub fn required(name: &'static str, kind: Type, description: &'static str) -> AttributeSchema {
        AttributeSchema { name, kind, usage: Usage::Required, sensitive: false, description }
    }

    pub fn optional(name: &'static str, kind: Type, description: &'static str) -> AttributeSchema {
        AttributeSchema {
            usage: Usage::Optional,
            ..AttributeSchema::required(name, kind, description)
        }
    }

    pub fn computed(name: &'static str, kind: Type, description: &'static str) -> AttributeSchema {
        AttributeSchema {
            usage: Usage::Computed,
            ..AttributeSchema::required(name, kind, description)
        }
    }

    pub fn sensitive(mut self) -> AttributeSchema {
        self.sensitive = true;
        self
    }
}

impl Type {
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// Returns the JSON notation of cty, Terraform's type system.
    fn to_json(&self) -> String {
        match self {
            Type::String => r#""string""#.to_owned(),
            Type::Bool => r#""bool""#.to_owned(),
            Type::Number => r#""number""#.to_owned(),
            Type::List(element) => format!(r#"["list",{}]"#, element.to_json()),
            Type::Map(element) => format!(r#"["map",{}]"#, element.to_json()),
        }
    }
}

impl From<&ProviderSchema> for proto::GetProviderSchemaResponse {
    fn from(schema: &ProviderSchema) -> Self {
        let by_name = |blocks: &BTreeMap<&'static str, BlockSchema>| {
            let named = |(name, block): (&&str, &BlockSchema)| ((*name).to_owned(), block.into());
            blocks.iter().map(named).collect()
        };
        proto::GetProviderSchemaResponse {
            provider: Some((&schema.provider).into()),
            data_source_schemas: by_name(&schema.data_sources),
            ephemeral_resource_schemas: by_name(&schema.ephemeral_resources),
            server_capabilities: Some(proto::ServerCapabilities {
                get_provider_schema_optional: true,
            }),
        }
    }
}

impl From<&BlockSchema> for proto::Schema {
    fn from(block: &BlockSchema) -> proto::Schema {
        proto::Schema {
            version: 0,
            block: Some(proto::SchemaBlock {
                attributes: block.attributes.iter().map(Into::into).collect(),
                description: block.description.to_owned(),
                description_kind: proto::StringKind::Markdown.into(),
            }),
        }
    }
}

impl From<&AttributeSchema> for proto::SchemaAttribute {
    fn from(attribute: &AttributeSchema) -> proto::SchemaAttribute {
        proto::SchemaAttribute {
            name: attribute.name.to_owned(),
            r#type: attribute.kind.to_json().into_bytes(),
            description: attribute.description.to_owned(),
            required: attribute.usage == Usage::Required,
            optional: attribute.usage == Usage::Optional,
            computed: attribute.usage == Usage::Computed,
            sensitive: attribute.sensitive,
            description_kind: proto::StringKind::Markdown.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_written_as_cty_writes_it() {
        let nested = Type::map(Type::list(Type::Bool));
        assert_eq!(nested.to_json(), r#"["map",["list","bool"]]"#);
    }
}
