//! Credentials of Google Cloud.

use std::os::unix::fs::PermissionsExt;

use super::fake::{FakeHost, FakeResponse};
use super::fake_objects::FakeObjects;
use super::internet::FakeInternet;
use super::signatures::service_account_file;
use super::*;
use BucketProvider::GoogleCloud;

const REFRESH: &str = "1//refresh-token";

fn refused(env: &[(&str, &str)]) -> StoreError {
    let error = engine(GoogleCloud, env.iter().copied(), None).read(&name(0), LIMIT).unwrap_err();
    assert_no_secret(&error);
    assert!(!format!("{error:?}").contains(REFRESH));
    error
}

/// As an action of GitHub writes the file.
#[test]
fn a_federated_identity_reads_and_writes() {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| {
        let body = String::from_utf8_lossy(&request.body);
        match &*request.path {
            "/oidc" => {
                assert_eq!(request.header("authorization"), Some("Bearer runner"));
                FakeResponse::new(200, r#"{"value": "token of the job"}"#)
            }
            "/sts" => {
                assert!(body.contains("subject_token=token+of+the+job"), "{body}");
                assert!(body.contains("audience=pool"), "{body}");
                FakeResponse::new(200, r#"{"access_token": "federated", "expires_in": 3600}"#)
            }
            "/impersonate" => {
                assert_eq!(request.header("authorization"), Some("Bearer federated"));
                FakeResponse::new(200, r#"{"accessToken": "ya29.token"}"#)
            }
            _ => {
                assert_eq!(request.header("authorization"), Some("Bearer ya29.token"));
                objects.answer(request)
            }
        }
    });
    let (directory, url) = (tempfile::tempdir().unwrap(), host.url());
    let file = directory.path().join("credentials.json");
    let source = serde_json::json!({
        "url": format!("{url}/oidc"),
        "headers": { "Authorization": "Bearer runner" },
        "format": { "type": "json", "subject_token_field_name": "value" },
    });
    let account = |impersonation: &str| {
        serde_json::json!({
            "type": "external_account",
            "audience": "pool",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{url}/sts"),
            "service_account_impersonation_url": format!("{url}{impersonation}"),
            "credential_source": source,
        })
    };
    let shown = file.display().to_string();
    let store = || {
        let env = [("GOOGLE_APPLICATION_CREDENTIALS", &*shown), ("GOOGLE_BASE_URL", &*url)];
        engine(BucketProvider::GoogleCloud, env, None)
    };
    std::fs::write(&file, account("/impersonate").to_string()).unwrap();
    assert_conditional(&store(), 0);
    let exchanges = host.take_seen().iter().filter(|seen| seen.path == "/sts").count();
    assert_eq!(exchanges, 1);

    let refused = FakeHost::start(|_| FakeResponse::new(400, r#"{"error": "invalid_grant"}"#));
    let account = account("").to_string().replace(&format!("{url}/sts"), &refused.url());
    std::fs::write(&file, account).unwrap();
    let error = store().read(&name(0), LIMIT).unwrap_err().error;
    assert_eq!(error.message, "no Google Cloud credentials for the store gs://tokens/ci/a%20b");
    let cause = format!("127.0.0.1:{} answered HTTP 400 invalid_grant", refused.port);
    assert_eq!(error.cause, Some(cause));
}

/// Terraform's variables hold JSON or the name of a file.
#[test]
fn the_credentials_of_terraform_count_before_those_of_applications() {
    let directory = tempfile::tempdir().unwrap();
    let Some(file) = service_account_file(directory.path()) else { return };
    let pretty = |json: &str| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        serde_json::to_string_pretty(&json).unwrap()
    };
    let json = pretty(&std::fs::read_to_string(&file).unwrap());
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| objects.answer(request));
    let url = host.url();
    let home = directory.path().display().to_string();
    let missing = [
        ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file"),
        ("GOOGLE_BASE_URL", &*url),
        ("HOME", &*home),
    ];
    for own in [
        vec![("GOOGLE_CREDENTIALS", &*json)],
        vec![("GOOGLE_CREDENTIALS", &*file)],
        vec![("GOOGLE_CREDENTIALS", "~/account.json")],
        vec![("GOOGLE_CREDENTIALS", "{}"), ("GOOGLE_BACKEND_CREDENTIALS", &*json)],
    ] {
        let env = [&own[..], &missing].concat();
        engine(GoogleCloud, env.clone(), None).read(&name(0), LIMIT).unwrap();
        let request = host.take_seen().pop().unwrap();
        assert!(request.header("authorization").unwrap().starts_with("Bearer ey"), "{own:?}");
        let told = engine(GoogleCloud, env, None).description().pop().unwrap().message;
        let variable = own.last().unwrap().0;
        assert_eq!(told, format!("connects with a service account from {variable}"));
    }
    let token = [("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token"), ("GOOGLE_CREDENTIALS", &*json)];
    engine(GoogleCloud, [&token[..], &missing].concat(), None).read(&name(0), LIMIT).unwrap();
    let request = host.take_seen().pop().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer ya29.token"));
}

/// As `gcloud auth application-default login` leaves it.
#[test]
fn the_login_of_a_person_is_exchanged_for_a_token() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".config/gcloud/application_default_credentials.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let login = serde_json::json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "d-secret",
        "refresh_token": REFRESH,
    });
    std::fs::write(&file, login.to_string()).unwrap();
    let mut objects = FakeObjects::default();
    let hosts = ["oauth2.googleapis.com", "storage.googleapis.com"];
    let internet = FakeInternet::start(&hosts, move |request| match &*request.path {
        "/token" => {
            let form = String::from_utf8_lossy(&request.body);
            assert!(form.contains("refresh_token=1%2F%2Frefresh-token"), "{form}");
            FakeResponse::new(200, r#"{"access_token": "ya29.token", "expires_in": 3599}"#)
        }
        _ => {
            assert_eq!(request.header("authorization"), Some("Bearer ya29.token"));
            objects.answer(request)
        }
    });
    let home_path = home.path().display().to_string();
    let store = internet.engine(GoogleCloud, &[("HOME", &*home_path)]);
    (0..2).for_each(|_| drop(store.read(&name(0), LIMIT).unwrap()));
    assert_eq!(internet.take_hosts(), [hosts[0], hosts[1], hosts[1]]);
    // Another directory of gcloud.
    let directory = file.parent().unwrap().display().to_string();
    internet
        .engine(GoogleCloud, &[("CLOUDSDK_CONFIG", &*directory)])
        .read(&name(0), LIMIT)
        .unwrap();

    let expired = FakeInternet::start(&hosts, |_| {
        FakeResponse::new(400, r#"{"error": "invalid_grant", "error_description": "expired"}"#)
    });
    let error = expired.engine(GoogleCloud, &[("HOME", &*home_path)]).read(&name(0), LIMIT);
    let error = error.unwrap_err();
    let (_, message, cause, hint) = parts(&error);
    assert_eq!(message, "no Google Cloud credentials for the store gs://tokens/ci/a%20b");
    assert_eq!(cause, "oauth2.googleapis.com answered HTTP 400 invalid_grant: expired");
    assert!(hint.contains("gcloud auth application-default login"), "{hint}");
}

#[test]
fn credentials_that_are_not_supported_are_named_and_not_shown() {
    let kind = |kind: &str| format!("{{\"type\": \"{kind}\", \"refresh_token\": \"{REFRESH}\"}}");
    let takes = "check GOOGLE_CREDENTIALS: it takes the key of a service account";
    for (json, why, shown) in [
        (
            kind("impersonated_service_account"),
            "credentials of the type impersonated_service_account are not supported",
            "print-access-token",
        ),
        (kind("authorized_user"), "the login of a user is not complete", takes),
        (kind("external_account"), "missing field `audience`", takes),
        (format!("{{{REFRESH}"), "there is no JSON with credentials of Google Cloud", takes),
        (kind("service_account"), "the key of a service account has no private_key", takes),
    ] {
        let error = refused(&[("GOOGLE_CREDENTIALS", &*json)]);
        let (fault, message, cause, hint) = parts(&error);
        let expected = (StoreFault::Misconfigured, "the store gs://tokens/ci/a%20b cannot be used");
        assert_eq!((fault, message), expected);
        assert!(cause.starts_with(&format!("GOOGLE_CREDENTIALS: {why}")), "{cause}");
        assert!(hint.contains(shown), "{hint}");
    }
    let account = ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "ci@project.iam.gserviceaccount.com");
    let error = refused(&[account]);
    let (_, _, cause, hint) = parts(&error);
    assert_eq!(cause, "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT is set, and gc-token does not do that");
    assert!(hint.contains("--impersonate-service-account"), "{hint}");
}

#[test]
fn a_file_that_every_user_could_change_is_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file.json");
    std::fs::write(&file, "{\"type\": \"external_account\"}").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o606)).unwrap();
    let shown = file.display().to_string();
    let error = refused(&[("GOOGLE_APPLICATION_CREDENTIALS", &*shown)]);
    let (_, _, cause, hint) = parts(&error);
    assert!(cause.contains("is not trusted, because every user could change it"), "{cause}");
    assert_eq!(hint, format!("chmod go-w {shown}"));
}

#[test]
fn a_lack_of_credentials_names_what_was_looked_for() {
    let error = refused(&[("GOOGLE_BASE_URL", "http://127.0.0.1:1"), ("NO_GCE_CHECK", "true")]);
    let (_, message, cause, hint) = parts(&error);
    assert_eq!(message, "no Google Cloud credentials for the store gs://tokens/ci/a%20b");
    assert_eq!(
        cause,
        "GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_BACKEND_CREDENTIALS, GOOGLE_CREDENTIALS, \
         GOOGLE_APPLICATION_CREDENTIALS, the file of gcloud auth application-default login, and \
         the instance's account were looked for; NO_GCE_CHECK is set"
    );
    assert!(hint.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{hint}");
}
