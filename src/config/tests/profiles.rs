//! Files of profiles, ours and the vendor's.

use super::*;

#[test]
fn the_vendors_own_profiles_are_read_as_they_are() {
    let file = "[DEFAULT]\nenvironment = 'mypurecloud.de'\nclient_credentials = 'gc-id'\n\
                client_secret = 'gc-secret'\nlogging_enabled = true\n[other]\nenvironment = 'usw2.pure.cloud'\n";
    let user = User::new([]).with_file(".gc/config.toml", file);
    let settings = user.resolve(&[], "{}").unwrap();
    assert_eq!(settings.client.id, "gc-id");
    assert_eq!(secret(&settings), "gc-secret");
    assert_eq!(settings.issuer.region.unwrap().aws, "eu-central-1");
}

#[test]
fn bad_profiles_are_refused_without_showing_what_is_in_them() {
    let cases = [
        ("[default]\nclient_secret = hush", "line 2: "),
        (
            "[default]\nregoin = 'x'",
            "regoin of profile \"default\" in ~/config/config.toml is not a setting",
        ),
        ("default = 'hush'", "\"default\" is not a table"),
        (
            "[default]\nscope = ['hush']",
            "scope of profile \"default\" in ~/config/config.toml is not a plain value",
        ),
        (
            "[default]\nclient_id='x'\nregion='us-east-1'\nclient_secret_command = 'pass hush'",
            "is not a list of strings",
        ),
    ];
    for (text, expected) in cases {
        let user = User::new([]).with_file("config/config.toml", text);
        let error = user.error(&[], "{}");
        assert!(error.starts_with("3 ") && error.contains(expected), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn a_misspelled_profile_is_compared_with_the_existing_ones() {
    let user = User::new([]).with_file("config/config.toml", "[staging2]\n[prod]\n");
    let hint = |name: &str| {
        let error = user.error(&[("profile", name)], "{}");
        error.split_once("hint: ").map(|(_, hint)| hint.to_owned())
    };
    assert_eq!(
        hint("stagign2").as_deref(),
        Some("did you mean staging2? Otherwise, add a table of that name to the first file")
    );
    assert_eq!(
        hint("acme").as_deref(),
        Some("add a table [acme] to the first file, as 'gc-token init --profile acme' does")
    );
}
