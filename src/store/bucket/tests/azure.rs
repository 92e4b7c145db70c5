//! Credentials of Azure.

mod applications;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use hyper::Method;

use super::fake::{FakeHost, FakeRequest, FakeResponse};
use super::fake_objects::FakeObjects;
use super::internet::FakeInternet;
use super::*;
use BucketProvider::Azure;

const ACCOUNT: (&str, &str) = ("AZURE_STORAGE_ACCOUNT_NAME", "account");
const CLIENT_SECRET: &str = "client-s3cret~value";
const SAS: &str = "sv=2023-11-03&sp=rcw&sig=c2lnbmF0dXJl";

/// A store that is also the service which hands out tokens.
struct AzureHost {
    host: FakeHost,
    url: String,
}

impl AzureHost {
    fn start() -> AzureHost {
        let mut objects = FakeObjects::default();
        let host = FakeHost::start(move |request| {
            if request.path.ends_with("/oauth2/v2.0/token") {
                return FakeResponse::new(200, r#"{"access_token": "access", "expires_in": 3599}"#);
            }
            if request.path.starts_with("/oidc?") {
                let field = if request.method == Method::POST { "oidcToken" } else { "value" };
                return FakeResponse::new(200, format!("{{\"{field}\": \"token of the job\"}}"));
            }
            objects.answer(request)
        });
        AzureHost { url: host.url(), host }
    }

    /// Returns the requests of a read.
    fn requests(&self, env: &[(&str, &str)]) -> Vec<FakeRequest> {
        let places =
            [ACCOUNT, ("AZURE_STORAGE_ENDPOINT", &*self.url), ("AZURE_AUTHORITY_HOST", &*self.url)];
        let env = places.into_iter().chain(env.iter().copied());
        engine(Azure, env, None).read(&name(0), LIMIT).unwrap();
        self.host.take_seen()
    }
}

fn refused(env: &[(&str, &str)]) -> StoreError {
    let env = env.iter().copied();
    let error = engine(Azure, env, None).read(&name(0), Duration::from_secs(1)).unwrap_err();
    assert_no_secret(&error);
    assert!(!format!("{error:?}").contains(CLIENT_SECRET));
    error
}

fn told(env: &[(&str, &str)]) -> String {
    let env = [ACCOUNT].into_iter().chain(env.iter().copied());
    engine(Azure, env, None).description().pop().unwrap().message
}

fn form(request: &FakeRequest) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

#[test]
fn keys_and_signatures_of_terraform_follow_those_of_azure() {
    let host = AzureHost::start();
    let authorization = |env: &[(&str, &str)]| {
        let request = host.requests(env).pop().unwrap();
        request.header("authorization").map(str::to_owned).unwrap_or(request.path)
    };
    let key = ("ARM_ACCESS_KEY", "a2V5");
    assert!(authorization(&[key]).starts_with("SharedKey account:"));
    assert!(authorization(&[("AZURE_STORAGE_KEY", "a2V5")]).starts_with("SharedKey account:"));
    assert!(authorization(&[("ARM_SAS_TOKEN", SAS)]).contains("sig="));
    assert!(authorization(&[key, ("AZURE_STORAGE_SAS_TOKEN", SAS)]).contains("sig="));
    let other = [key, ("ARM_SAS_TOKEN", SAS), ("ARM_CLIENT_ID", "id")];
    assert!(authorization(&other).starts_with("SharedKey account:"));
    assert_eq!(told(&other), "connects with the key of the account from ARM_ACCESS_KEY");
}

#[test]
fn the_login_of_az_is_used_where_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("az");
    std::fs::write(
        &program,
        "#!/bin/sh\n[ \"$*\" = 'account get-access-token --output json --resource \
         https://storage.azure.com' ] && echo '{\"accessToken\": \"of-az\", \"expiresOn\": \
         \"2020-01-01 00:00:00\", \"expires_on\": 4000000000}'\n",
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    let host = AzureHost::start();
    for switch in ["AZURE_USE_AZURE_CLI", "ARM_USE_CLI"] {
        let env = [("PATH", &*path), (switch, "true")];
        let request = host.requests(&env).pop().unwrap();
        assert_eq!(request.header("authorization"), Some("Bearer of-az"));
        assert_eq!(told(&env), format!("connects with the login of az, by {switch}"));
    }
    std::fs::write(&program, "#!/bin/sh\nexit 1\n").unwrap();
    let error = refused(&[ACCOUNT, ("PATH", &*path), ("ARM_USE_CLI", "true")]);
    assert_eq!(parts(&error).2, "\"az\" of ARM_USE_CLI failed: exit status: 1");
}

#[test]
fn the_clouds_of_governments_have_hosts_of_their_own() {
    let hosts = ["login.microsoftonline.us", "account.blob.core.usgovcloudapi.net"];
    let mut objects = FakeObjects::default();
    let internet = FakeInternet::start(&hosts, move |request| match &*request.path {
        "/tenant/oauth2/v2.0/token" => {
            FakeResponse::new(200, r#"{"access_token": "access", "expires_in": 3599}"#)
        }
        _ => objects.answer(request),
    });
    let env = [
        ACCOUNT,
        ("ARM_ENVIRONMENT", "usgovernment"),
        ("ARM_CLIENT_ID", "id"),
        ("ARM_TENANT_ID", "tenant"),
        ("ARM_CLIENT_SECRET", CLIENT_SECRET),
    ];
    internet.engine(Azure, &env).read(&name(0), LIMIT).unwrap();
    assert_eq!(internet.take_hosts(), hosts);
    let told = internet.engine(Azure, &env).description().remove(0).message;
    assert!(told.starts_with("its endpoint is https://account.blob.core.usgovcloudapi.net,"));
    let error = refused(&[ACCOUNT, ("ARM_ENVIRONMENT", "moon")]);
    assert_eq!(parts(&error).2, "ARM_ENVIRONMENT names no cloud of Azure");
}

#[test]
fn settings_that_are_missing_or_not_supported_are_named() {
    let error = refused(&[]);
    assert_eq!(parts(&error).2, "AZURE_STORAGE_ACCOUNT_NAME is not set");
    let own = [ACCOUNT, ("ARM_CLIENT_ID", "id"), ("ARM_TENANT_ID", "tenant")];
    let certificate = [("ARM_CLIENT_CERTIFICATE_PATH", "/certificate.pfx")];
    let error = refused(&[&own[..], &certificate].concat());
    let expected =
        "ARM_CLIENT_CERTIFICATE_PATH is set, and gc-token uses no certificates of clients";
    assert_eq!(parts(&error).2, expected);
}

#[test]
fn a_lack_of_credentials_names_what_was_looked_for() {
    // Takes connections, and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", silent.local_addr().unwrap());
    let host = FakeHost::start(|_| FakeResponse::new(404, "not here"));
    let metadata = host.url();
    for (variable, url) in [("IDENTITY_ENDPOINT", &*metadata), ("ARM_MSI_ENDPOINT", &*url)] {
        let error = refused(&[ACCOUNT, (variable, url)]);
        let (_, message, cause, hint) = parts(&error);
        assert_eq!(message, "no Azure credentials for the store az://tokens/ci/a%20b", "{cause}");
        assert!(
            cause
                .starts_with("AZURE_STORAGE_ACCOUNT_KEY, AZURE_CLIENT_ID and AZURE_TENANT_ID with"),
            "{cause}"
        );
        assert!(
            cause.contains("and the machine's identity were looked for; the last: "),
            "{cause}"
        );
        assert!(hint.contains("AZURE_STORAGE_ACCOUNT_KEY"), "{hint}");
    }
}
