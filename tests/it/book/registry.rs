//! The pages that a registry of Terraform providers shows: their schemas are generated.
//!
//!     GC_TOKEN_WRITE_DOCS=1 cargo test --test it book::registry

use std::fmt::Write;

use gc_token::internals::context::Context;
use gc_token::internals::terraform::LOCAL_SOURCE;
use gc_token::internals::terraform::plugin::{BlockSchema, Provider, Type, Usage};
use gc_token::internals::terraform::provider::TokenProvider;

use crate::common::page::{self, root};

const TEST: &str = "book::registry";

#[test]
fn the_schemas_are_the_providers() {
    let schema = TokenProvider::new(&Context::process()).schema();
    page::section("docs/index.md", "schema", &described(&schema.provider), TEST);
    let resources = schema.ephemeral_resources.iter().map(|it| ("ephemeral-resources", it));
    let sources = schema.data_sources.iter().map(|it| ("data-sources", it));
    let mut count = 0;
    for (directory, (name, block)) in resources.chain(sources) {
        let name = name.strip_prefix("gctoken_").unwrap();
        let page = format!("docs/{directory}/{name}.md");
        page::section(&page, "schema", &described(block), TEST);
        count += 1;
    }
    let pages = page::files(&["docs/ephemeral-resources", "docs/data-sources"]);
    assert_eq!(pages.len(), count, "{pages:?} below {}", root().display());
}

/// Another address could be a stranger's, who would be given the client secret.
#[test]
fn every_configuration_has_the_address_that_is_installed_under() {
    let directories = ["book/src", "docs", "examples", "terraform-examples"];
    let pages = page::files(&directories).into_iter().chain([root().join("README.md")]);
    let mut count = 0;
    for page in pages {
        let Ok(text) = std::fs::read_to_string(&page) else { continue };
        let sources = text.lines().filter_map(|line| line.trim_start().strip_prefix("source"));
        for source in sources.filter(|source| source.ends_with("/gctoken\"")) {
            assert_eq!(source.trim_start(), format!("= \"{LOCAL_SOURCE}\""), "{page:?}");
            count += 1;
        }
    }
    assert!(count >= 4, "only {count} were found");
}

/// The attributes of a block, by who sets them.
fn described(block: &BlockSchema) -> String {
    let mut text = "\n".to_owned();
    for (heading, usage) in [
        ("Required", Usage::Required),
        ("Optional", Usage::Optional),
        ("Read-Only", Usage::Computed),
    ] {
        let attributes = block.attributes.iter().filter(|attribute| attribute.usage == usage);
        let mut attributes = attributes.peekable();
        if attributes.peek().is_none() {
            continue;
        }
        write!(text, "### {heading}\n\n").unwrap();
        for attribute in attributes {
            let kind = type_name(&attribute.kind);
            let sensitive = if attribute.sensitive { ", Sensitive" } else { "" };
            let (name, description) = (attribute.name, attribute.description);
            writeln!(text, "- `{name}` ({kind}{sensitive}) {description}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// As the pages of other providers call a type.
fn type_name(kind: &Type) -> String {
    match kind {
        Type::String => "String".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::List(element) => format!("List of {}", type_name(element)),
        Type::Map(element) => format!("Map of {}", type_name(element)),
    }
}
