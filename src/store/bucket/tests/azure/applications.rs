//! Applications with a secret, or with the token of a CI system.

use hyper::Method;

use super::*;

#[test]
fn the_service_principal_of_terraform_gets_a_token() {
    let host = AzureHost::start();
    let own = [("ARM_CLIENT_ID", "the-id"), ("ARM_TENANT_ID", "the-tenant")];
    let secret = [("ARM_CLIENT_SECRET", CLIENT_SECRET)];
    let requests = host.requests(&[&own[..], &secret].concat());
    assert_eq!(requests[0].path, "/the-tenant/oauth2/v2.0/token");
    assert!(form(&requests[0]).contains("client_id=the-id&client_secret=client-s3cret"));
    assert_eq!(requests[1].header("authorization"), Some("Bearer access"));

    let directory = tempfile::tempdir().unwrap();
    let [id, secret_file] = ["id", "secret"].map(|name| directory.path().join(name));
    std::fs::write(&id, "id-of-file\n").unwrap();
    std::fs::write(&secret_file, CLIENT_SECRET).unwrap();
    let in_files = [
        ("ARM_CLIENT_ID_FILE_PATH", id.to_str().unwrap()),
        ("ARM_CLIENT_SECRET_FILE_PATH", secret_file.to_str().unwrap()),
        own[1],
    ];
    let sent = form(&host.requests(&in_files)[0]);
    assert!(sent.contains("client_id=id-of-file&client_secret=client-s3cret"), "{sent}");

    // A client of Azure's own programs is another one.
    let azure = [("AZURE_CLIENT_ID", "own"), ("AZURE_TENANT_ID", "own-tenant")];
    let azure = [&azure[..], &[("AZURE_CLIENT_SECRET", "x")], &own, &secret].concat();
    assert_eq!(host.requests(&azure)[0].path, "/own-tenant/oauth2/v2.0/token");
    let machine = [&[("AZURE_CLIENT_ID", "own")], &own[..], &secret].concat();
    let expected = "connects with the identity of the machine from its metadata service";
    assert_eq!(told(&machine), expected);
}

#[test]
fn tokens_of_a_ci_system_are_exchanged() {
    let host = AzureHost::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token").display().to_string();
    std::fs::write(&file, "token of the file").unwrap();
    let own = [("ARM_CLIENT_ID", "the-id"), ("ARM_TENANT_ID", "the-tenant")];
    let url = format!("{}/oidc?v=1", host.url);
    for (more, assertion, exchanges) in [
        (vec![("ARM_OIDC_TOKEN", "token in variable")], "token+in+variable", 1),
        (vec![("ARM_OIDC_TOKEN_FILE_PATH", &*file)], "token+of+the+file", 1),
        (
            vec![("ARM_OIDC_REQUEST_URL", &*url), ("ARM_OIDC_REQUEST_TOKEN", "runner")],
            "token+of+the+job",
            2,
        ),
        (
            vec![
                ("ACTIONS_ID_TOKEN_REQUEST_URL", &*url),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner"),
            ],
            "token+of+the+job",
            2,
        ),
    ] {
        let env = [&own[..], &more].concat();
        let requests = host.requests(&env);
        assert_eq!(requests.len(), exchanges + 1, "{more:?}");
        if exchanges == 2 {
            let expected = "/oidc?v=1&audience=api%3A%2F%2FAzureADTokenExchange";
            assert_eq!(requests[0].path, expected);
            assert_eq!(requests[0].header("authorization"), Some("Bearer runner"));
        }
        let exchange = &requests[exchanges - 1];
        assert_eq!(exchange.path, "/the-tenant/oauth2/v2.0/token");
        let form = form(exchange);
        assert!(form.contains("client_id=the-id"), "{form}");
        assert!(form.contains(&format!("client_assertion={assertion}")), "{form}");
        assert_eq!(requests[exchanges].header("authorization"), Some("Bearer access"));
        let source = more[0].0;
        let expected = format!("connects with a workload identity from ARM_CLIENT_ID and {source}");
        assert_eq!(told(&env), expected);
    }
}

#[test]
fn azure_pipelines_are_asked_for_a_token_of_their_connection() {
    let host = AzureHost::start();
    let url = format!("{}/oidc?v=1", host.url);
    let requests = host.requests(&[
        ("ARM_CLIENT_ID", "the-id"),
        ("ARM_TENANT_ID", "the-tenant"),
        ("SYSTEM_OIDCREQUESTURI", &url),
        ("SYSTEM_ACCESSTOKEN", "pipeline"),
        ("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "connection"),
    ]);
    assert_eq!(requests[0].method, Method::POST);
    let expected = "/oidc?v=1&api-version=7.1&serviceConnectionId=connection";
    assert_eq!(requests[0].path, expected);
    assert_eq!(requests[0].header("authorization"), Some("Bearer pipeline"));
    assert!(form(&requests[1]).contains("client_assertion=token+of+the+job"));
    assert_eq!(requests[2].header("authorization"), Some("Bearer access"));
}

#[test]
fn a_token_that_is_refused_names_the_service_and_the_code() {
    let host = FakeHost::start(|_| {
        FakeResponse::new(401, r#"{"error": "invalid_client", "error_description": "AADSTS70021"}"#)
    });
    let url = host.url();
    let error = refused(&[
        ACCOUNT,
        ("AZURE_AUTHORITY_HOST", &*url),
        ("ARM_CLIENT_ID", "id"),
        ("ARM_TENANT_ID", "tenant"),
        ("ARM_OIDC_TOKEN", "s3cret"),
    ]);
    let (_, message, cause, hint) = parts(&error);
    assert_eq!(message, "no Azure credentials for the store az://tokens/ci/a%20b");
    let expected = format!("127.0.0.1:{} answered HTTP 401 invalid_client: AADSTS70021", host.port);
    assert_eq!(cause, expected);
    assert!(hint.contains("ARM_"), "{hint}");
}
