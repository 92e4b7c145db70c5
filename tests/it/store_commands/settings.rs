//! The settings of a store in `config show`, `config check` and `status`.

use serde_json::Value;

use super::Fleet;
use crate::common::cloud::SECRET;
use crate::common::runner::Runner;
use crate::common::servers::shared_store::SharedStore;

const CONFIG: &str = ".config/gc-token/config.toml";
const PROFILE: &str = "[default]\nregion = 'Ireland'\nclient_id = 'me'\nstore = 's3://tokens/ci'\n";

fn runner() -> Runner {
    Runner::bare().with_file(CONFIG, PROFILE).set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
}

#[test]
fn a_flag_overrides_the_profile_and_a_password_is_not_shown() {
    let words = ["config", "show", "-v", "--store", "redis://cache:6379/0"];
    let shown = runner().set("GC_TOKEN_STORE_PASSWORD", "hunter2").run(&words);
    let lines = shown.succeeded().lines().skip_while(|line| !line.starts_with("store "));
    let lines: Vec<&str> = lines.take(3).collect();
    assert!(lines[0].contains("redis://cache:6379/0 ") && lines[0].ends_with("  --store"));
    assert!(lines[1].contains("s3://tokens/ci") && lines[1].ends_with("line 4, overridden"));
    assert!(lines[2].starts_with("store-password set "), "{lines:?}");
    assert!(lines[2].ends_with("GC_TOKEN_STORE_PASSWORD"), "{lines:?}");
    assert!(!shown.stdout.contains("hunter2"));
}

#[test]
fn each_mistake_is_found_and_a_password_in_a_location_is_not_shown() {
    for (setting, value, told) in [
        ("GC_TOKEN_STORE", "redis://u:hunter2@h", "the location holds a password"),
        ("GC_TOKEN_STORE", "ftp://h/x", "begins with ftp:, which is no kind of store"),
        ("GC_TOKEN_STORE_TIMEOUT", "0", "must be greater than 0"),
        ("GC_TOKEN_STORE_REQUIRED", "perhaps", "GC_TOKEN_STORE_REQUIRED"),
        ("GC_TOKEN_NO_STORE", "perhaps", "GC_TOKEN_NO_STORE"),
    ] {
        let runner = runner().set(setting, value);
        let check = runner.run(&["config", "check"]);
        assert_eq!(check.status.code(), Some(3), "{check:#?}");
        assert!(check.stderr.contains(told), "{check:#?}");
        let show = runner.run(&["config", "show"]);
        let joined = show.succeeded().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(told), "{show:#?}");
        assert!(!check.stderr.contains("hunter2") && !show.stdout.contains("hunter2"));
        let get = runner.run(&["get"]);
        assert_eq!(get.status.code(), Some(3), "{get:#?}");
        assert!(get.stderr.contains(told), "{get:#?}");
    }
    let profile = PROFILE.replace("s3://tokens/ci", "s3://");
    let broken = Runner::bare().with_file(CONFIG, &profile).run(&["config", "check"]);
    assert!(broken.stderr.contains("config.toml:4: store"), "{broken:#?}");
}

#[test]
fn a_store_that_is_required_has_to_be_named() {
    let runner = Runner::bare()
        .with_file(CONFIG, &PROFILE.replace("store = 's3://tokens/ci'\n", ""))
        .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
    let get = runner.run(&["get", "--store-required"]);
    assert_eq!(get.status.code(), Some(2), "{get:#?}");
    assert!(get.stderr.contains("--store-required: there is no store"), "{get:#?}");
    let check = runner.set("GC_TOKEN_STORE_REQUIRED", "1").run(&["config", "check"]);
    assert!(check.stderr.contains("GC_TOKEN_STORE_REQUIRED: there is no store"), "{check:#?}");
}

#[test]
fn status_names_the_store_without_a_request_to_it() {
    // Nothing listens there.
    let status = |runner: Runner, args: &[&str]| {
        let words: Vec<_> = ["status"].iter().chain(args).copied().collect();
        runner.run(&words).succeeded().to_owned()
    };
    let text = status(runner(), &["--store=redis://127.0.0.1:1/0"]);
    let line =
        "\nstore       redis://127.0.0.1:1/0\n            from --store, asked before a mint\n";
    assert!(text.contains(line), "{text}");
    let text = status(runner(), &[]);
    let line =
        "\nstore       s3://tokens/ci\n            from profile \"default\", asked before a mint\n";
    assert!(text.contains(line), "{text}");
    let text = status(runner(), &["--store=redis://127.0.0.1:1/0", "--store-required"]);
    assert!(text.contains(", asked before a mint, and has to answer\n"), "{text}");
    let text = status(runner(), &["--no-store"]);
    assert!(text.contains("\nstore       none, from --no-store\n"), "{text}");
    let json: Value = serde_json::from_str(&status(runner(), &["--json"])).unwrap();
    assert_eq!(json["store"]["location"], "s3://tokens/ci");
    assert_eq!(
        (&json["store"]["required"], &json["store"]["timeout"]),
        (&false.into(), &2.0.into())
    );
    let json: Value = serde_json::from_str(&status(runner(), &["--json", "--no-store"])).unwrap();
    assert_eq!(json["store"], Value::Null);
    let Some(fleet) = Fleet::with(SharedStore::redis(&[])) else {
        return;
    };
    let text = status(fleet.machine_without_store(), &[]);
    assert!(!text.contains("\nstore "), "{text}");
}

#[test]
fn a_location_is_shown_in_one_way_and_hides_what_may_be_a_password() {
    let file = |store: &str| PROFILE.replace("s3://tokens/ci", store);
    for (given, shown) in [
        ("rediss://ci@127.0.0.1:1", "rediss://ci@127.0.0.1:1/0"),
        ("redis://127.0.0.1:1/3?prefix=team:", "redis://127.0.0.1:1/3?prefix=team:"),
        ("redis://p%40ssw0rd@127.0.0.1:1", "redis://...@127.0.0.1:1/0"),
        ("s3://tokens/ci/", "s3://tokens/ci"),
    ] {
        let runner = Runner::bare()
            .with_file(CONFIG, &file(given))
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
        for command in [&["config", "show"][..], &["status"], &["get", "--store-required"]] {
            // Nothing answers there, and there are no credentials.
            let finished = runner.run(command);
            let said = format!("{}{}", finished.stdout, finished.stderr);
            assert!(said.contains(&format!("{shown}\n")) || said.contains(&format!("{shown} ")));
            assert!(!said.contains("ssw0rd"), "{said}");
        }
    }
}

#[test]
fn the_password_of_a_store_is_not_read_from_standard_input() {
    let runner = runner().set("GC_TOKEN_STORE", "redis://127.0.0.1:1");
    let get = runner.run_on(&["get", "--store-password-file", "-"], b"hunter2\n");
    assert_eq!(get.status.code(), Some(2), "{get:#?}");
    let message = "--store-password-file: the password of a store is not read from standard input";
    assert!(get.stderr.contains(message), "{get:#?}");
    let runner = runner.set("GC_TOKEN_STORE_PASSWORD_FILE", "-");
    for command in ["check", "show"] {
        let told = runner.run(&["config", command]);
        let said = format!("{}{}", told.stdout, told.stderr);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("GC_TOKEN_STORE_PASSWORD_FILE: the password of a store is not"));
    }
}

#[test]
fn a_recipe_for_ci_names_the_store() {
    for store in ["redis://ci@cache.example:6379/0", "s3://tokens/ci", "az://tokens/ci"] {
        let runner =
            Runner::bare().set("GC_TOKEN_STORE", store).set("GC_TOKEN_STORE_REQUIRED", "true");
        for system in ["github", "gitlab"] {
            let recipe = runner.run(&["ci", system, "--region", "eu-west-1"]);
            let stated = recipe.succeeded().replace(['"', '\''], "");
            for line in
                [format!("GC_TOKEN_STORE: {store}"), "GC_TOKEN_STORE_REQUIRED: true".to_owned()]
            {
                assert!(stated.contains(&line), "{line}: {recipe:#?}");
            }
        }
    }
}

#[test]
fn init_writes_the_store_that_it_has_tried_out() {
    Fleet::with_each(|fleet| {
        let machine = fleet.machine_without_store();
        let (url, api) = (fleet.cloud.login_url(), fleet.cloud.api_url());
        let location = fleet.store.location();
        let own = ["init", "--yes", "--login-url", &url, "--api-url", &api, "--store"];
        let refused = machine.run(&[&own[..], &["ftp://h"]].concat());
        assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
        assert!(!machine.home().join(CONFIG).exists());
        machine.run(&[&own[..], &[&location]].concat()).succeeded();
        let written = std::fs::read_to_string(machine.home().join(CONFIG)).unwrap();
        assert!(written.contains(&format!("\nstore = \"{location}\"\n")), "{written}");
        assert_eq!(fleet.store.records().len(), 2, "of the check, and the token");
        machine.run(&["cache", "clear"]).succeeded();
        machine.run(&["get"]).token();
        assert_eq!(fleet.cloud.counters().mints, 1);
    });
}

#[test]
fn settings_of_a_store_without_a_store_are_told_once() {
    for name in
        ["GC_TOKEN_STORE_PASSWORD", "GC_TOKEN_STORE_PASSWORD_FILE", "GC_TOKEN_STORE_TIMEOUT"]
    {
        let value = if name.ends_with("TIMEOUT") { "3s" } else { "sesame" };
        let get = Runner::bare()
            .set("GENESYSCLOUD_OAUTHCLIENT_ID", "the-client")
            .set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
            .set(name, value);
        let warned = |words: &[&str]| {
            let finished = get.run(&[&["status"], words].concat());
            finished.stderr.matches(&format!("{name} has no effect: there is no store")).count()
        };
        assert_eq!(warned(&["--region=eu-west-1"]), 1, "{name}");
        assert_eq!(warned(&["--region=eu-west-1", "--no-store"]), 0, "{name}");
        assert_eq!(warned(&["--region=eu-west-1", "--store=redis://h"]), 0, "{name}");
    }
}

#[test]
fn a_store_is_not_required_and_left_out_at_once() {
    let runner = runner().set("GC_TOKEN_STORE", "redis://127.0.0.1:1");
    let refused = runner.run(&["status", "--no-store", "--store-required"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:#?}");
    let message = "--store-required: --no-store leaves the store out";
    assert!(refused.stderr.contains(message), "{refused:#?}");
    runner.set("GC_TOKEN_STORE_REQUIRED", "true").run(&["status", "--no-store"]).succeeded();
}

#[test]
fn a_recipe_for_ci_names_the_credentials_of_the_store() {
    let recipe = |store: &str, runner: Runner| {
        runner.run(&["ci", "github", "--region", "eu-west-1", "--store", store])
    };
    let redis = recipe("redis://ci@cache.example", Runner::bare());
    let password = "GC_TOKEN_STORE_PASSWORD: ${{ secrets.GC_TOKEN_STORE_PASSWORD }}\n";
    assert_eq!(redis.succeeded().matches(password).count(), 2, "{redis:#?}");
    assert_eq!(redis.stderr, "");
    for (store, credentials) in [
        ("s3://tokens/ci", "AWS_ACCESS_KEY_ID"),
        ("gs://tokens/ci", "GOOGLE_CREDENTIALS"),
        ("az://tokens/ci", "AZURE_STORAGE_ACCOUNT_KEY"),
    ] {
        let bucket = recipe(store, Runner::bare());
        assert!(bucket.succeeded().contains(credentials), "{bucket:#?}");
        assert!(bucket.stdout.contains("id-token: write"), "{bucket:#?}");
    }
    let file = Runner::bare().set("GC_TOKEN_STORE_PASSWORD_FILE", "password");
    let command = "[default]\nstore_password_command = [\"cat\", \"password\"]\n";
    for (runner, origin) in [
        (file, "GC_TOKEN_STORE_PASSWORD_FILE"),
        (Runner::bare().with_file(CONFIG, command), "store_password_command"),
    ] {
        let told = recipe("redis://ci@cache.example", runner);
        told.succeeded();
        assert!(told.stderr.contains(origin), "{told:#?}");
        assert!(told.stderr.contains("has no effect in a recipe"), "{told:#?}");
    }
    let without = recipe("redis://ci@cache.example", Runner::bare().set("GC_TOKEN_NO_STORE", "1"));
    assert!(!without.succeeded().contains("GC_TOKEN_STORE"), "{without:#?}");
}
