//! Values that mean nothing, by name and origin.

use super::*;

#[test]
fn bad_values_are_refused_by_name_and_origin() {
    let user = User::new(CREDENTIALS).with_file("empty", "").with_file("two-lines", "\nb");
    let empty = user.home.path().join("empty").display().to_string();
    let two_lines = user.home.path().join("two-lines").display().to_string();
    let cases: &[(&'static str, &str, &str)] = &[
        (
            "region",
            "eu-wset-1",
            "2 error: --region: \"eu-wset-1\" is not a region of Genesys Cloud\n  hint: did you mean eu-west-1? 'gc-token regions' lists them all",
        ),
        (
            "client-auth",
            "jwt",
            "2 error: --client-auth: \"jwt\" is unknown\n  hint: one of basic, post",
        ),
        ("timeout", "0", "2 error: --timeout: \"0\" must be greater than 0"),
        (
            "login-url",
            "http://login.mypurecloud.ie",
            "2 error: --login-url: \"http://login.mypurecloud.ie\" would send the client secret unencrypted\n  hint: use https; http is for loopback addresses only",
        ),
        ("login-url", "ftp://x", "2 error: --login-url: \"ftp://x\" is neither https nor http"),
        (
            "login-url",
            "https://x/?a",
            "2 error: --login-url: \"https://x/?...\" is not a base URL: it has a query",
        ),
        (
            "token-url",
            "https://user:hush@x/",
            "2 error: --token-url: a URL with a user or a password in it\n  hint: credentials come from the environment, a file or a profile",
        ),
        (
            "token-url",
            "https://x/#f",
            "2 error: --token-url: \"https://x/#...\" has a fragment, which RFC 6749 section 3.2 forbids",
        ),
        (
            "no-cache",
            "maybe",
            "2 error: --no-cache: \"maybe\" is neither true nor false\n  hint: write true or false",
        ),
        (
            "client-secret-file",
            "/none",
            "3 error: cannot read the client secret from the file \"/none\"\n  cause: No such file or directory (os error 2)\n  hint: --client-secret-file takes the name of a file that holds the secret",
        ),
        (
            "client-secret-file",
            &empty,
            "3 error: the client secret from the file \"~/empty\" (--client-secret-file) is empty",
        ),
        (
            "client-secret-file",
            &two_lines,
            "3 error: the client secret from the file \"~/two-lines\" (--client-secret-file) has an empty first line",
        ),
        (
            "profile",
            "nope",
            "2 error: --profile: \"nope\" is not a profile\n  cause: looked in ~/config/config.toml and ~/.gc/config.toml\n  hint: add a table [nope] to the first file, as 'gc-token init --profile nope' does",
        ),
    ];
    for (flag, value, expected) in cases {
        assert_eq!(&user.error(&[(flag, value)], "{}"), expected);
    }
}

#[test]
fn the_values_of_a_store_are_checked_by_themselves() {
    let check = |flag: &'static str, value: &str| {
        let flags = vec![(flag, value.to_owned())];
        check_values(&Layers::new(flags, Query::default(), &[].into()))
            .map_err(|error| error.message)
    };
    assert_eq!(check("store", "redis://cache"), Ok(()));
    for (flag, value, message) in [
        ("store", "cache", "--store: \"cache\" is not the location of a store"),
        ("store-timeout", "0", "--store-timeout: \"0\" must be greater than 0"),
        ("store-required", "perhaps", "--store-required: \"perhaps\" is neither true nor false"),
        ("no-store", "perhaps", "--no-store: \"perhaps\" is neither true nor false"),
    ] {
        assert_eq!(check(flag, value), Err(message.to_owned()));
    }
}
