use super::*;

#[test]
fn variables_that_hold_secrets_are_known_by_their_names() {
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_SAS_TOKEN"] {
        assert!(is_secret(name), "{name}");
    }
    for name in ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"] {
        assert!(!is_secret(name), "{name}");
    }
}

#[test]
fn a_lack_of_credentials_that_may_end_is_no_mistake() {
    let fault = |is_transient| {
        let error = SettingsError::without_credentials("the program hangs");
        let fault = RequestFault::Client(SettingsError { is_transient, ..error }.into());
        let env = Environment::from([("AWS_REGION", "eu-west-1")]);
        let provider = BucketProvider::S3;
        let place = FailedPlace { shown: "the store".to_owned(), objects: String::new() };
        let explainer = FaultExplainer::new(provider, place, &env, None, false);
        explainer.explain(BucketRequest::Read, &fault, None).fault
    };
    assert_eq!(fault(true), StoreFault::Unavailable);
    assert_eq!(fault(false), StoreFault::Misconfigured);
}
