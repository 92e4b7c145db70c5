//! A stand-in for the provider `hashicorp/external`, for machines that do not
//! reach the Terraform registry: one data source, `external`, that runs a
//! program. The schema and the summaries of errors are those of version 2.3.

use std::collections::BTreeMap;

use gc_token::terraform::plugin::{
    Attribute, Block, Diagnostic, Notes, Object, Provider, Schema, Type, Value,
};

use crate::program;

/// The provider.
pub(crate) struct External;

impl Provider for External {
    fn schema(&self) -> Schema {
        let strings = || Type::map(Type::String);
        let external = Block::new("Runs a program and offers what it prints.")
            .with(Attribute::required(
                "program",
                Type::list(Type::String),
                "The program and its arguments. No shell is involved.",
            ))
            .with(Attribute::optional("working_dir", Type::String, "Where the program runs."))
            .with(Attribute::optional(
                "query",
                strings(),
                "Given to the program on standard input, as a JSON object.",
            ))
            .with(Attribute::computed("id", Type::String, "Always `-`."))
            .with(Attribute::computed(
                "result",
                strings(),
                "What the program printed, which has to be a JSON object of strings.",
            ));
        Schema { data_sources: BTreeMap::from([("external", external)]), ..Schema::default() }
    }

    fn read_data_source(
        &self,
        _name: &str,
        config: &Object,
        _notes: &mut Notes,
    ) -> Result<Object, Diagnostic> {
        let program = program::find(argv(config)?)?;
        let query = serde_json::json!(query(config)).to_string();
        let output = program.run(&query, config.string("working_dir"))?;
        let result: Value = program.parse(&output)?.into_iter().collect();
        Ok(Object::default().with("id", "-").with("result", result))
    }
}

/// The program and its arguments; null and empty ones do not count.
fn argv(config: &Object) -> Result<Vec<String>, Diagnostic> {
    let words = match config.get("program") {
        Value::List(words) => words.as_slice(),
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
fn query(config: &Object) -> BTreeMap<String, String> {
    match config.get("query") {
        Value::Map(pairs) => {
            let pair = |(key, value): (&String, &Value)| Some((key.clone(), text(value)?));
            pairs.iter().filter_map(pair).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
