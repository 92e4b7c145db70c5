//! `config show` and `config check`.

use serde_json::Value;

use crate::common::cloud::SECRET;
use crate::common::runner::Runner;

const CONFIG: &str = ".config/gc-token/config.toml";

/// What the secrets of Genesys Cloud look like.
const RANDOM: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

const HIDDEN: &str = "(not shown: it may be a secret)";

const BROKEN: &str = "\
# Mistakes of each kind.
[default]
region = 'Irland'
client_id = 'the-client'
min_tll = '5m'
skew = 'soon'
timeout = 0
scope = ['a']

[prod]
region = 'Ireland'
login_url = 'http://login.example'
tokens = 51
verify = 'sometimes'
client_secret_command = 'pass show genesys'
";

fn broken() -> Runner {
    Runner::bare()
        .with_file(CONFIG, BROKEN)
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
        .set("GC_TOKEN_IDLE_TIMEOUT", "0")
        .set("GC_TOKEN_NO_CACHE", "perhaps")
        .set("GC_TOKEN_REGOIN", "euw1")
}

#[test]
fn every_mistake_is_listed_with_its_place() {
    let ended = broken().run(&["config", "check", "--verify", "sometimes"]);
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(3), ""), "{ended:#?}");
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn every_place_that_is_not_toml_is_listed() {
    let runner =
        Runner::bare().with_file(CONFIG, "[default]\nskew = \nscope = 'a'\nmin_ttl = hunter2\n");
    let ended = runner.run(&["config", "check"]);
    assert_eq!(ended.status.code(), Some(3), "{ended:#?}");
    for line in [2, 4] {
        assert!(ended.stderr.contains(&format!("config.toml:{line}: ")), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("hunter2"));
}

#[test]
fn settings_without_mistakes_pass_and_missing_ones_do_not() {
    let profile = "[default]\nregion = 'Ireland'\nclient_id = 'me'\n[prod]\nskew = '1s'\n";
    let runner = Runner::bare().with_file(CONFIG, profile);
    let ended = runner.run(&["config", "check"]);
    assert_eq!(ended.status.code(), Some(3));
    assert!(ended.stderr.contains("there is no secret for client"), "{}", ended.stderr);
    let runner = runner.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    let said = runner.run(&["config", "check"]).succeeded().to_owned();
    assert_eq!(said, "no mistakes: the settings and 2 profiles were checked\n");
    let unknown = runner.run(&["config", "check", "--profile", "prd"]);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:#?}");
}

#[test]
fn each_setting_is_shown_with_its_origin_and_its_mistake() {
    let words = ["config", "show", "-v", "--client-id", "another", "--min-ttl=1h"];
    let ended = broken().run(&words);
    let text = ended.succeeded();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
    let short = broken().run(&words.map(|word| if word == "-v" { "--verbose" } else { word }));
    assert_eq!(short.succeeded(), text);
    let quiet = broken().run(&["config", "show"]).succeeded().to_owned();
    assert!(!quiet.contains("overridden"), "{quiet}");
}

#[test]
fn programs_get_the_same_as_json() {
    let shown = broken().run(&["config", "show", "--json", "--client-id=another"]);
    let json: Value = serde_json::from_str(shown.succeeded()).expect("JSON");
    assert_eq!(json["profile"]["name"], "default");
    let setting = |name: &str| {
        let settings = json["settings"].as_array().expect("a list");
        settings.iter().find(|setting| setting["name"] == name).expect(name).clone()
    };
    let client_id = setting("client-id");
    assert_eq!(client_id["value"], "another");
    assert_eq!(client_id["origin"]["name"], "--client-id");
    let place = serde_json::json!({
        "kind": "profile",
        "profile": "default",
        "key": "client_id",
        "file": "HOME/.config/gc-token/config.toml",
        "line": 4,
    });
    assert_eq!(client_id["overridden"][0]["origin"], place);
    assert_eq!(setting("client-secret")["value"], "set");
    assert_eq!(setting("lock-timeout")["origin"]["kind"], "default");
    assert!(setting("skew")["fault"].as_str().expect("a text").contains("is not a duration"));
    assert_eq!(json["faults"].as_array().expect("a list").len(), 2, "{json:#}");
}

#[test]
fn the_password_of_a_store_is_shown_by_its_places_alone() {
    let profile = "[default]\nstore = 'redis://cache'\nstore_password_file = 'passwords/redis'\n\
                   store_password_command = ['pass', 'private-name']\n";
    let runner =
        Runner::bare().with_file(CONFIG, profile).set("GC_TOKEN_STORE_PASSWORD", "hush-hush");
    let shown = runner.run(&["config", "show", "--json"]);
    let json: Value = serde_json::from_str(shown.succeeded()).expect("JSON");
    let settings = json["settings"].as_array().expect("a list");
    let password = settings.iter().find(|setting| setting["name"] == "store-password").unwrap();
    assert_eq!(password["value"], "set");
    assert_eq!(password["origin"]["name"], "GC_TOKEN_STORE_PASSWORD");
    let overridden = password["overridden"].as_array().expect("a list");
    let keys: Vec<_> = overridden.iter().map(|place| &place["origin"]["key"]).collect();
    assert_eq!(keys, ["store_password_file", "store_password_command"]);
    for hidden in ["hush-hush", "private-name"] {
        assert!(!shown.stdout.contains(hidden), "{}", shown.stdout);
    }
    let wrong = runner.run(&["config", "check", "--store", "redis://cache/x"]);
    assert!(wrong.stderr.contains("is not the number of a database"), "{}", wrong.stderr);
}

#[test]
fn a_token_url_may_have_a_query_and_a_base_url_may_not() {
    let check = |flag: &str| {
        let runner = Runner::bare().set("GC_TOKEN_CLIENT_SECRET", SECRET);
        let words = ["config", "check", "--client-id=me", "--region=euw1"];
        runner.run(&[&words[..], &[flag]].concat()).stderr
    };
    let said = check("--token-url=https://login.example/token?tenant=a");
    assert!(!said.contains("error"), "{said}");
    for flag in ["--login-url", "--api-url"] {
        let said = check(&format!("{flag}=https://login.example/?tenant=a"));
        assert!(
            said.contains(&format!("{flag}: \"https://login.example/?...\" is not a base URL"))
        );
    }
}

#[test]
fn a_file_that_is_not_toml_does_not_hide_the_other_values() {
    let runner = Runner::bare().with_file(CONFIG, "[default\n").set("GENESYSCLOUD_REGION", "euw1");
    let text = runner.run(&["config", "show"]).succeeded().to_owned();
    assert!(text.contains("! cannot read the profiles"), "{text}");
    assert!(text.lines().any(|line| line.ends_with("  GENESYSCLOUD_REGION")), "{text}");
}

#[test]
fn a_secret_in_place_of_a_name_is_not_shown() {
    let profile = format!("[default]\n{RANDOM} = 'x'\n[{RANDOM}]\nregion = 'x'\nscop = 'y'\n");
    let runner = Runner::bare().with_file(CONFIG, &profile);
    for words in [
        &["config", "show"][..],
        &["config", "show", "-v"],
        &["config", "show", "--json"],
        &["config", "show", "--profile", RANDOM],
        &["config", "show", "--json", "--profile", RANDOM],
        &["config", "check"],
        &["get"],
        &["get", "--profile", RANDOM],
        &["ci", "github", "--profile", RANDOM],
        &["man", RANDOM],
    ] {
        let ended = runner.run(words);
        assert!(!ended.stdout.contains(RANDOM), "{words:?}: {}", ended.stdout);
        assert!(!ended.stderr.contains(RANDOM), "{words:?}: {}", ended.stderr);
        assert!(ended.stdout.contains(HIDDEN) || ended.stderr.contains(HIDDEN), "{ended:#?}");
    }
}
