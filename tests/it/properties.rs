//! What holds for any input: Terraform's query, profiles, and names of
//! regions.

use std::path::PathBuf;
use std::sync::Arc;

use gc_token::internals::config::{Flags, Layers, Query, Setting, table};
use gc_token::internals::context::{Context, Directories, Environment, Reporter};
use gc_token::internals::error::Kind;
use gc_token::internals::region::{REGIONS, Region};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value};

/// Cases are not kept: what they find becomes a test with a name.
fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Any JSON value, a string half of the time.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => any::<String>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((any::<String>(), inner), 0..3)
                .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names of settings, right and wrong ones.
fn key() -> impl Strategy<Value = String> {
    let known: Vec<_> = table::ALL.iter().map(|it| it.key.to_owned()).collect();
    prop_oneof![
        8 => proptest::sample::select(known),
        1 => Just("client_secret".to_owned()),
        1 => any::<String>(),
    ]
}

fn in_query(key: &str) -> Option<&'static Setting> {
    table::ALL.iter().copied().find(|setting| setting.in_query && setting.key == key)
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_query_is_an_object_of_strings_with_known_keys(
        pairs in vec((key(), value()), 0..4)
    ) {
        let object: Map<_, _> = pairs.into_iter().collect();
        let is_fine = object.iter().all(|(key, value)| {
            in_query(key).is_some() && (value.is_string() || value.is_null())
        });
        let bytes = serde_json::to_vec(&object).unwrap();
        match Query::parse(&bytes) {
            Ok(query) => {
                prop_assert!(is_fine, "{object:?}");
                for setting in table::ALL {
                    let written = object.get(setting.key).and_then(Value::as_str);
                    let written = written.filter(|text| !text.is_empty());
                    let given = query.get(setting).map(|given| given.value);
                    prop_assert_eq!(given.as_deref(), written);
                }
            }
            Err(error) => {
                prop_assert!(!is_fine, "{object:?}: {error}");
                prop_assert_eq!(error.kind, Kind::Configuration);
            }
        }
    }

    /// Terraform shows the whole of standard error, and somebody may have put
    /// a secret into the query: no value is repeated.
    #[test]
    fn no_value_of_a_query_shows_in_its_refusal(key in key(), cut in 0usize..40) {
        let bytes = format!("{{\"{}\": [\"hunter2-hunter2\"]}}", key.escape_default());
        let bytes = &bytes.as_bytes()[..bytes.len() - cut.min(bytes.len())];
        if let Err(error) = Query::parse(bytes) {
            let shown = error.to_string();
            prop_assert!(!shown.contains("hunter2"), "{shown}");
            prop_assert!(shown.lines().count() <= 3, "{shown}");
        }
    }

    #[test]
    fn no_bytes_make_the_query_parser_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(query) = Query::parse(&bytes) {
            prop_assert_eq!(query, Query::default(), "nothing random is a setting");
        }
    }

    #[test]
    fn no_name_makes_the_region_finder_panic(name in any::<String>()) {
        if let Err(error) = Region::find(&name) {
            prop_assert_eq!(error.kind, Kind::Configuration);
        }
    }

    #[test]
    fn every_spelling_of_a_region_is_found(
        region in 0..REGIONS.len(),
        spelling in 0usize..7,
        upper in any::<bool>(),
        blanks in "[ \t\n]{0,2}",
    ) {
        let region = &REGIONS[region];
        let domain = region.domain;
        let name = match spelling {
            0 => region.aws.to_owned(),
            1 => domain.to_owned(),
            2 => format!("api.{domain}"),
            3 => format!("https://api.{domain}"),
            4 => format!("https://login.{domain}/oauth/token"),
            5 => format!("apps.{domain}:443"),
            _ => format!("https://api.{domain}./?query#fragment"),
        };
        let name = if upper { name.to_ascii_uppercase() } else { name };
        prop_assert_eq!(Region::find(&format!("{blanks}{name}{blanks}")), Ok(region));
    }

    /// A name with one wrong letter is refused, or is by chance another region.
    #[test]
    fn a_near_miss_never_means_the_region_that_it_misses(
        region in 0..REGIONS.len(),
        at in any::<proptest::sample::Index>(),
        letter in "[a-z0-9]",
    ) {
        let region = &REGIONS[region];
        let mut name = region.domain.to_owned();
        let at = at.index(name.len());
        name.replace_range(at..=at, &letter);
        if name != region.domain {
            prop_assert_ne!(Region::find(&name).ok(), Some(region), "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn no_profile_makes_the_parser_panic(text in profile()) {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        std::fs::write(&file, &text).unwrap();
        if let Err(error) = load(home.path().into()) {
            let shown = error.to_string();
            prop_assert_eq!(error.kind, Kind::Configuration);
            prop_assert!(shown.contains(&*file.to_string_lossy()), "{shown}");
            prop_assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

/// TOML that is right, nearly right, and not at all.
fn profile() -> impl Strategy<Value = Vec<u8>> {
    let toml_value = prop_oneof![
        Just("\"hunter2\"".to_owned()),
        Just("hunter2".to_owned()),
        Just("\"hunter2".to_owned()),
        Just("[\"pass\", \"hunter2\"]".to_owned()),
        Just("{ a = \"hunter2\" }".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
    ];
    let key = prop_oneof![3 => key(), 1 => Just("client_secret_command".to_owned())];
    let line = (key, toml_value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let lines = vec(line, 0..5).prop_map(|lines| format!("[default]\n{}", lines.concat()));
    prop_oneof![vec(any::<u8>(), 0..100), lines.prop_map(String::into_bytes),]
}

fn load(config: PathBuf) -> gc_token::internals::error::Result<()> {
    let directories = Directories { config: Some(config), ..Directories::default() };
    let reporter = Reporter::to(Box::new(std::io::sink()));
    let context = Context {
        directories: Arc::new(directories),
        ..Context::with_env(Environment::fixed([]), reporter)
    };
    Layers::new(Flags::new(), Query::default(), &context.env).load_profile(&context)
}
