use super::*;

#[test]
fn runs_that_may_be_secrets_are_hidden_and_names_are_not() {
    let arn = "User: arn:aws:sts::123456789012:assumed-role/ci/run-1 may not s3:PutObject";
    assert_eq!(without_long_runs(arn), arn);
    let secret = "a".repeat(MAX_RUN + 1);
    assert_eq!(without_long_runs(&format!("key={secret}, {secret}")), "[...], [...]");
}

#[test]
fn variables_that_hold_secrets_are_known_by_their_names() {
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_SAS_TOKEN"] {
        assert!(is_secret(name), "{name}");
    }
    for name in ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"] {
        assert!(!is_secret(name), "{name}");
    }
}
