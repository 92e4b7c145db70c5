//! What a provider offers: its own block, data sources and ephemeral
//! resources, with their attributes.

use std::collections::BTreeMap;

use super::proto;

/// Everything that a provider offers.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// What the `provider` block takes.
    pub provider: Block,
    /// Data sources, by type name (`gctoken_something`).
    pub data_sources: BTreeMap<&'static str, Block>,
    /// Ephemeral resources, by type name.
    pub ephemeral_resources: BTreeMap<&'static str, Block>,
}

/// The attributes between a pair of braces.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// What it is for, in Markdown.
    pub description: &'static str,
    /// In the order in which documentation shows them.
    pub attributes: Vec<Attribute>,
}

/// An argument that the user sets, or a result that the provider computes.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Who sets it.
    pub usage: Usage,
    /// Whether Terraform hides its value.
    pub sensitive: bool,
    /// What it means, in Markdown.
    pub description: &'static str,
}

/// Who sets an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// The user has to.
    Required,
    /// The user may.
    Optional,
    /// The provider does.
    Computed,
}

/// The type of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// Values of one type, in order.
    List(Box<Type>),
    /// Values of one type, by name.
    Map(Box<Type>),
}

impl Block {
    /// A block without attributes.
    pub fn new(description: &'static str) -> Block {
        Block { description, attributes: Vec::new() }
    }

    /// Adds an attribute.
    pub fn with(mut self, attribute: Attribute) -> Block {
        self.attributes.push(attribute);
        self
    }
}

impl Attribute {
    /// An argument that the user has to set.
    pub fn required(name: &'static str, kind: Type, description: &'static str) -> Attribute {
        Attribute { name, kind, usage: Usage::Required, sensitive: false, description }
    }

    /// An argument that the user may set.
    pub fn optional(name: &'static str, kind: Type, description: &'static str) -> Attribute {
        Attribute { usage: Usage::Optional, ..Attribute::required(name, kind, description) }
    }

    /// A result.
    pub fn computed(name: &'static str, kind: Type, description: &'static str) -> Attribute {
        Attribute { usage: Usage::Computed, ..Attribute::required(name, kind, description) }
    }

    /// Has Terraform hide the value in everything that it shows.
    pub fn sensitive(mut self) -> Attribute {
        self.sensitive = true;
        self
    }
}

impl Type {
    /// A list of values of one type.
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// A map of values of one type.
    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// The JSON by which cty, Terraform's library of types, writes it.
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

impl From<&Schema> for proto::ProviderSchema {
    fn from(schema: &Schema) -> proto::ProviderSchema {
        let all = |blocks: &BTreeMap<&'static str, Block>| {
            let named = |(name, block): (&&str, &Block)| ((*name).to_owned(), block.into());
            blocks.iter().map(named).collect()
        };
        proto::ProviderSchema {
            provider: Some((&schema.provider).into()),
            data_sources: all(&schema.data_sources),
            ephemeral_resources: all(&schema.ephemeral_resources),
            server_capabilities: Some(proto::ServerCapabilities {
                get_provider_schema_optional: true,
            }),
        }
    }
}

impl From<&Block> for proto::Schema {
    fn from(block: &Block) -> proto::Schema {
        proto::Schema {
            version: 0,
            block: Some(proto::Block {
                attributes: block.attributes.iter().map(Into::into).collect(),
                description: block.description.to_owned(),
                description_kind: proto::StringKind::Markdown.into(),
            }),
        }
    }
}

impl From<&Attribute> for proto::Attribute {
    fn from(attribute: &Attribute) -> proto::Attribute {
        proto::Attribute {
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
