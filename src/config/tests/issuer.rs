//! The URLs of issuer and API.

use super::*;

#[test]
fn urls_may_be_named_one_by_one() {
    let user = User::new(CREDENTIALS);
    let flags = [("login-url", "http://127.0.0.1:8080/"), ("api-url", "HTTPS://api.example.com")];
    let issuer = user.resolve(&flags, "{}").unwrap().issuer;
    assert_eq!(issuer.token_url, "http://127.0.0.1:8080/oauth/token");
    assert_eq!(issuer.api_url.as_deref(), Some("https://api.example.com"));
    let flags = [
        ("login-url", "https://login.mypurecloud.ie/oauth/token"),
        ("api-url", "https://proxy.example.com/genesys/api/v2/"),
    ];
    let issuer = user.resolve(&flags, "{}").unwrap().issuer;
    assert_eq!(issuer.token_url, "https://login.mypurecloud.ie/oauth/token");
    assert_eq!(issuer.api_url.as_deref(), Some("https://proxy.example.com/genesys"));
    let flags = [("token-url", "https://issuer.example.com/t?tenant=1")];
    let issuer = user.resolve(&flags, "{}").unwrap().issuer;
    assert_eq!(issuer.token_url, "https://issuer.example.com/t?tenant=1");
    assert_eq!(issuer.login_url, None);
}

#[test]
fn a_login_host_of_genesys_cloud_tells_the_region() {
    let user = User::new([CREDENTIALS[1], CREDENTIALS[2]]);
    let issuer =
        user.resolve(&[("login-url", "https://login.mypurecloud.ie")], "{}").unwrap().issuer;
    assert_eq!(issuer.region.unwrap().aws, "eu-west-1");
    assert_eq!(issuer.api_url.as_deref(), Some("https://api.mypurecloud.ie"));
}
