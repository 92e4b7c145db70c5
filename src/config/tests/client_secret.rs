//! Where the client secret is from.

use super::*;

#[test]
fn a_profiles_secret_is_not_sent_for_another_client() {
    let user = User::new([("GENESYSCLOUD_OAUTHCLIENT_ID", "mine")]).with_file(
        "config/config.toml",
        "[default]\nregion='us-east-1'\nclient_id='other'\nclient_secret='x'",
    );
    assert_eq!(
        user.error(&[], "{}"),
        "3 error: there is no secret for client \"mine\"\n  \
         cause: client_secret of profile \"default\" in ~/config/config.toml belongs to another client than GENESYSCLOUD_OAUTHCLIENT_ID names\n  \
         hint: set GENESYSCLOUD_OAUTHCLIENT_SECRET, or client_secret_command in a profile"
    );
}

#[test]
fn a_secret_comes_from_a_file_the_environment_or_a_command() {
    let user = User::new(CREDENTIALS).with_file("secret", "file-secret\r\n");
    let path = user.home.path().join("secret").display().to_string();
    assert_eq!(secret(&user.resolve(&[], "{}").unwrap()), "env-secret");
    let flags = [("client-secret-file", path.as_str())];
    assert_eq!(secret(&user.resolve(&flags, "{}").unwrap()), "file-secret");

    let user = User::new([]).with_file(
        "config/config.toml",
        "[p]\nregion='us-east-1'\nclient_id='x'\nclient_secret_command=['printf', '%s\\n', 'from $HOME']",
    );
    assert_eq!(secret(&user.resolve(&[("profile", "p")], "{}").unwrap()), "from $HOME");
}

#[test]
fn a_failing_secret_command_is_named_without_its_arguments() {
    for (command, cause) in [
        ("['false', 'hush']", "exit status: 1"),
        ("['true', 'hush']", "is empty"),
        ("['/does/not/exist', 'hush']", "No such file or directory (os error 2)"),
    ] {
        let user = User::new([]).with_file(
            "config/config.toml",
            &format!("[p]\nregion='us-east-1'\nclient_id='x'\nclient_secret_command={command}"),
        );
        let settings = user.resolve(&[("profile", "p")], "{}").unwrap();
        let reporter = Reporter::to(Box::new(std::io::sink()));
        let error = settings.client.secret.get(&SystemClock::default(), &reporter).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(cause) && !text.contains("hush"), "{text}");
    }
}
