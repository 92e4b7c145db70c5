use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

const LOCATION: &str = "redis://cache";

fn password(user: &User, flags: &[(&'static str, &str)]) -> Option<(String, String)> {
    let store = user.resolve(flags, "{}").unwrap().store.unwrap();
    let password = store.password?;
    let reporter = Reporter::to(Box::new(std::io::sink()));
    let secret = password.get(&Context::with_env(user.env.clone(), reporter)).unwrap();
    Some((secret.expose_secret().to_owned(), password.origin().to_owned()))
}

fn user<const N: usize>(variables: [(&str, &str); N], profile: &str) -> User {
    let all = CREDENTIALS.into_iter().chain([("GC_TOKEN_STORE", LOCATION)]).chain(variables);
    let env = all.map(|(name, value)| (name.to_owned(), value.into()));
    let user = User { home: tempfile::tempdir().unwrap(), env: Environment::fixed(env) };
    user.with_file("config/config.toml", &format!("[default]\n{profile}"))
        .with_file("by-flag", "from-the-flag\n")
        .with_file("by-profile", "from-the-file\nnotes\n")
}

#[test]
fn a_password_has_the_first_of_four_sources() {
    const COMMAND: &str = "store_password_command = ['printf', 'from-the-command']";
    let variable = ("GC_TOKEN_STORE_PASSWORD", "from-the-variable");
    let profile = format!("store_password_file = '~/by-profile'\n{COMMAND}");
    let of_profile = |key: &str| format!("{key} of profile \"default\" in ");

    let with_all = user([variable], &profile);
    let flag = with_all.home.path().join("by-flag");
    let flag = [("store-password-file", flag.to_str().unwrap())];
    let found = password(&with_all, &flag).unwrap();
    assert_eq!(found, ("from-the-flag".to_owned(), "--store-password-file".to_owned()));
    let found = password(&with_all, &[]).unwrap();
    assert_eq!(found, ("from-the-variable".to_owned(), "GC_TOKEN_STORE_PASSWORD".to_owned()));
    let (found, origin) = password(&user([], &profile), &[]).unwrap();
    assert_eq!(found, "from-the-file");
    assert!(origin.starts_with(&of_profile("store_password_file")), "{origin}");
    let (found, origin) = password(&user([], COMMAND), &[]).unwrap();
    assert_eq!(found, "from-the-command");
    assert!(origin.starts_with(&of_profile("store_password_command")), "{origin}");
    assert_eq!(password(&user([], ""), &[]), None);
    let settings = user([variable], "").resolve(&[], "{}").unwrap();
    assert!(!format!("{settings:?}").contains("from-the"), "{settings:?}");
}

#[test]
fn a_password_is_looked_for_when_it_is_needed() {
    for profile in ["store_password_file = '/nonexistent/p'", "store_password_command = ['false']"]
    {
        let settings = user([], profile).resolve(&[], "{}").unwrap();
        let password = settings.store.unwrap().password.unwrap();
        let reporter = Reporter::to(Box::new(std::io::sink()));
        let error = password.get(&Context::with_env(Environment::from([]), reporter)).unwrap_err();
        assert!(error.message.contains("store password"), "{error}");
    }
}

#[test]
fn what_is_no_password_is_refused() {
    let error = user([("GC_TOKEN_STORE_PASSWORD", "a\u{1}b")], "").error(&[], "{}");
    let begin =
        "3 error: the store password from GC_TOKEN_STORE_PASSWORD contains a control character";
    assert!(error.starts_with(begin), "{error}");
    let mistyped = user([], "store_password_command = 'pass redis'");
    let error = mistyped.error(&[], "{}");
    assert!(error.contains("is not a list of strings"), "{error}");
}

#[test]
fn a_command_that_another_user_could_have_written_is_not_run() {
    let user = user([], "store_password_command = ['true']");
    let file = user.home.path().join("config/config.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let error = user.error(&[], "{}");
    assert!(error.contains(" is not run, as another user could have written it"), "{error}");
}

#[test]
fn a_bucket_has_no_password() {
    let bucket = ("store", "s3://bucket");
    let with_variable = user([("GC_TOKEN_STORE_PASSWORD", "x")], "");
    let store = with_variable.resolve(&[bucket], "{}").unwrap().store.unwrap();
    assert!(store.password.is_none());
    let error = with_variable.error(&[bucket, ("store-password-file", "p")], "{}");
    assert!(
        error.starts_with("2 error: --store-password-file: s3://bucket has no password\n"),
        "{error}"
    );
}
