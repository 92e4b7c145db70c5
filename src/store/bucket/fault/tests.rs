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
