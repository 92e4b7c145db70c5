//! What is said where settings are missing.

use super::*;

#[test]
fn a_missing_setting_names_the_profile_that_was_read() {
    let credentials =
        [("GENESYSCLOUD_OAUTHCLIENT_ID", "x"), ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x")];
    let user = User::new(credentials).with_file("config/config.toml", "[default]\nscope = \"a\"\n");
    let error = user.error(&[], "{}");
    assert!(
        error.contains(
            "looked at --region, the query, GC_TOKEN_REGION, GENESYSCLOUD_REGION and profile \
             \"default\" in ~/config/config.toml\n"
        ),
        "{error}"
    );
}

#[test]
fn nothing_at_all_says_what_to_set() {
    assert_eq!(
        User::new([]).error(&[], "{}"),
        "3 error: there is no region, no client id and no client secret\n  \
         cause: looked at flags, the query and the environment; found no profile\n  \
         hint: run 'gc-token init', or set GENESYSCLOUD_REGION (e.g. eu-west-1), \
         GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET"
    );
    assert!(
        User::new([("GENESYSCLOUD_REGION", "us-east-1")])
            .error(&[], "{}")
            .starts_with("3 error: there is no client id")
    );
}

#[test]
fn a_variable_by_the_name_of_another_program_is_pointed_at() {
    let all = [
        ("GENESYS_CLOUD_REGION", "us-east-1"),
        ("GENESYSCLOUD_OAUTH_CLIENT_ID", "mine"),
        ("GENESYSCLOUD_CLIENT_SECRET", "hush"),
    ];
    let right =
        ["GENESYSCLOUD_REGION", "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];
    for given in 0..3 {
        let mut variables = all;
        for at in 0..given {
            variables[at].0 = right[at];
        }
        let said = User::new(variables).error(&[], "{}");
        let hint = format!("hint: {} is not read: name it {}", all[given].0, right[given]);
        assert!(said.contains(&hint) && !said.contains("hush"), "{said}");
    }
}
