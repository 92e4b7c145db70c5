//! A stand-in for the provider `hashicorp/external`, for machines that do not
//! reach the Terraform registry: one data source, `external`, that runs a
//! program. The schema and the summaries of errors are those of version 2.3.

use std::collections::BTreeMap;

use gc_token::internals::terraform::plugin::{
    AttributeSchema, BlockSchema, Diagnostic, Diagnostics, Provider, ProviderSchema,
    TerraformObject, TerraformValue, Type,
};

use crate::program;

/// The provider.
pub(crate) struct External;

impl Provider for External {
    fn schema(&self) -> ProviderSchema {
        let strings = || Type::map(Type::String);
        let external = BlockSchema::new("Runs a program and offers what it prints.")
            .with(AttributeSchema::required(
                "program",
                Type::list(Type::String),
                "The program and its arguments. No shell is involved.",
            ))
            .with(AttributeSchema::optional("working_dir", Type::String, "Where the program runs."))
            .with(AttributeSchema::optional(
                "query",
                strings(),
                "Given to the program on standard input, as a JSON object.",
            ))
            .with(AttributeSchema::computed("id", Type::String, "Always `-`."))
            .with(AttributeSchema::computed(
                "result",
                strings(),
                "What the program printed, which has to be a JSON object of strings.",
            ));
        ProviderSchema {
            data_sources: BTreeMap::from([("external", external)]),
            ..ProviderSchema::default()
        }
    }

    fn read_data_source(
        &self,
        _name: &str,
        config: &TerraformObject,
        _diagnostics: &mut Diagnostics,
    ) -> Result<TerraformObject, Diagnostic> {
        let program = program::find(argv(config)?)?;
        let query = serde_json::json!(query(config)).to_string();
        let output = program.run(&query, config.as_str("working_dir"))?;
        let result: TerraformValue = program.parse(&output)?.into_iter().collect();
        Ok(TerraformObject::default().with("id", "-").with("result", result))
    }
}

/// The program and its arguments; null and empty ones do not count.
fn argv(config: &TerraformObject) -> Result<Vec<String>, Diagnostic> {
    let words = match config.get("program") {
        TerraformValue::List(words) => words.as_slice(),
        _ => &[],
    };
    let argv: Vec<String> = words.iter().filter_map(text).collect();
    if argv.iter().all(String::is_empty) {
        let detail = "At least one element of the program has to be text that is not empty.";
        return Err(Diagnostic::error("External Program Missing", detail).with_attribute("program"));
    }
    Ok(argv.into_iter().filter(|word| !word.is_empty()).collect())
}

/// The query; null values do not count.
fn query(config: &TerraformObject) -> BTreeMap<String, String> {
    match config.get("query") {
        TerraformValue::Map(pairs) => {
            let pair = |(key, value): (&String, &TerraformValue)| Some((key.clone(), text(value)?));
            pairs.iter().filter_map(pair).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn text(value: &TerraformValue) -> Option<String> {
    match value {
        TerraformValue::String(text) => Some(text.clone()),
        _ => None,
    }
}
