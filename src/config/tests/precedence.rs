//! Which of several values counts.

use super::*;

#[test]
fn flags_go_before_the_query_before_the_environment_before_the_profile() {
    let profile =
        "[default]\nregion = 'us-east-1'\nclient_id = 'p'\nscope = 'p'\nskew = 7\naudience = 'p'";
    let user = User::new([("GC_TOKEN_SCOPE", "e"), ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "s")])
        .with_file("config/config.toml", profile);
    let settings =
        user.resolve(&[("client-id", "f")], r#"{"client_id":"q","audience":"q"}"#).unwrap();
    assert_eq!(settings.client.id, "f");
    assert_eq!(settings.issuer.audience.as_deref(), Some("q"));
    assert_eq!(settings.issuer.scope.as_deref(), Some("e"));
    assert_eq!(settings.freshness.skew, SignedDuration::from_secs(7));
    assert_eq!(settings.issuer.token_url, "https://login.mypurecloud.com/oauth/token");
}

#[test]
fn our_own_variables_go_before_the_providers() {
    let user = User::new(CREDENTIALS);
    assert_eq!(user.resolve(&[], "{}").unwrap().client.id, "env-id");
    let mut variables = user.env.all();
    variables.insert("GC_TOKEN_CLIENT_ID".into(), "own-id".into());
    let variables = variables.into_iter().map(|(name, value)| (name.into_string().unwrap(), value));
    let user = User { env: Environment::fixed(variables), ..user };
    assert_eq!(user.resolve(&[], "{}").unwrap().client.id, "own-id");
}

#[test]
fn empty_variables_count_as_unset() {
    let user = User::new([("GC_TOKEN_REGION", ""), ("GENESYSCLOUD_REGION", "us-east-1")]);
    assert!(user.error(&[], "{}").starts_with("3 error: there is no client id"));
}
