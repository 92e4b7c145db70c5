//! The JSON Schema of `config.toml` accepts what the program accepts, by a validator that
//! knows nothing of the program.

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::common::page;
use crate::common::runner::Runner;

const URL: &str = "https://gc-token.test/config.schema.json";

/// Returns what the validator says against a file of profiles.
fn mistake(file: &str) -> Option<String> {
    let runner = Runner::bare();
    let schema: Value =
        serde_json::from_str(runner.run(&["config", "schema"]).succeeded()).expect("JSON");
    let mut compiler = Compiler::new();
    compiler.add_resource(URL, schema).expect("the URL is valid");
    let mut schemas = Schemas::new();
    let schema = compiler.compile(URL, &mut schemas).expect("a valid schema");
    let table: toml::Table = file.parse().expect("TOML");
    let value = serde_json::to_value(table).expect("JSON");
    schemas.validate(&value, schema).err().map(|error| format!("{error:#}"))
}

#[test]
fn the_profiles_in_the_book_are_valid() {
    let pages = page::all().into_iter().map(|name| page::read(&name));
    let blocks: Vec<String> = pages
        .flat_map(|text| {
            let blocks = text.split("```toml\n").skip(1);
            let blocks = blocks.map(|rest| rest.split("\n```").next().unwrap().to_owned());
            blocks.collect::<Vec<_>>()
        })
        .filter(|block| block.contains("client_id"))
        .collect();
    assert!(blocks.len() > 1, "{blocks:?}");
    for block in blocks {
        assert_eq!(mistake(&block), None, "{block}");
    }
}

#[test]
fn the_schema_and_the_program_agree() {
    for (setting, is_valid) in [
        ("scope = 'read'", true),
        ("skew = '5s'", true),
        ("skew = 90", true),
        ("skew = -1", false),
        ("skew = true", false),
        ("skew = ['5s']", false),
        ("verify = 'always'", true),
        ("verify = 'sometimes'", false),
        ("client_auth = 'post'", true),
        ("client_auth = 'jwt'", false),
        ("tokens = 50", true),
        ("tokens = 51", false),
        ("tokens = 0", false),
        ("tokens = '50'", true),
        ("tokens = '51'", false),
        ("tokens = 'many'", false),
        ("rate = 5000000", true),
        ("rate = 0", false),
        ("rate = 5000000000", false),
        ("rate = '300'", true),
        ("rate = 'auto'", true),
        ("rate = 'off'", true),
        ("rate = 'fast'", false),
        ("rate = true", false),
        ("no_cache = true", true),
        ("no_cache = 'on'", true),
        ("no_cache = 0", true),
        ("no_cache = 'maybe'", false),
        ("client_secret = 'of-the-test'", true),
        ("client_secret = 5", false),
        ("client_secret_command = ['true']", true),
        ("client_secret_command = 'true'", false),
        ("client_secret_command = []", false),
        ("store_password_command = ['true']", true),
        ("store_password_command = 'true'", false),
        ("store_password_command = []", false),
        ("force_refresh = true", false),
        ("profile = 'other'", false),
        ("regoin = 'eu-west-1'", false),
    ] {
        let is_secret = setting.starts_with("client_secret");
        let secret = if is_secret { "" } else { "client_secret = 'of-the-test'" };
        let file =
            format!("[default]\nregion = 'eu-west-1'\nclient_id = 'me'\n{secret}\n{setting}\n");
        assert_eq!(mistake(&file).is_none(), is_valid, "{setting}: {:?}", mistake(&file));
        let runner = Runner::bare().with_file(".config/gc-token/config.toml", &file);
        let ended = runner.run(&["config", "check"]);
        assert_eq!(ended.status.code() != Some(3), is_valid, "{setting}: {ended:#?}");
    }
}
