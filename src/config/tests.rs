//! Precedence, origins, and what is refused. Each case is a few lines of data.

mod store_password;

use super::*;
use crate::context::{Directories, Environment, Reporter, StandardInput, SystemClock};
use std::sync::Arc;

/// Settings for tests of other modules: client `client`, secret `secret`, no
/// cache.
pub(crate) fn settings(login_url: &str) -> Settings {
    Settings {
        client: OAuthClient {
            id: "client".into(),
            secret: SecretSource::Known("secret".to_owned().into()),
            auth: ClientAuth::Basic,
        },
        issuer: Issuer {
            token_url: format!("{login_url}/oauth/token"),
            login_url: Some(login_url.into()),
            api_url: None,
            region: None,
            scope: None,
            audience: None,
        },
        freshness: FreshnessPolicy {
            skew: table::SKEW.default_duration(),
            min_ttl: MinTtl::Default(table::MIN_TTL.default_duration()),
            newer_than: None,
            idle_timeout: None,
        },
        verify: Verify::Auto,
        cache: CacheSettings {
            dir: None,
            was_named: true,
            state_dir: None,
            lock_timeout: Duration::from_secs(1),
            slot: 0,
        },
        store: None,
        network: NetworkSettings::new(Duration::from_secs(5), None),
    }
}

/// A user with a home directory, an environment, and the files in it.
struct User {
    home: tempfile::TempDir,
    env: Environment,
}

impl User {
    fn new<const N: usize>(env: [(&str, &str); N]) -> User {
        User { home: tempfile::tempdir().unwrap(), env: env.into() }
    }

    fn with_file(self, path: &str, text: &str) -> User {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn resolve(&self, flags: &[(&'static str, &str)], query: &str) -> Result<Settings> {
        let home = self.home.path();
        let context = Context {
            env: self.env.clone(),
            clock: Arc::new(SystemClock::default()),
            directories: Arc::new(Directories {
                home: Some(home.to_owned()),
                cache: Some(home.join("cache")),
                config: Some(home.join("config")),
                state: Some(home.join("state")),
            }),
            reporter: Reporter::to(Box::new(std::io::sink())).into(),
        };
        let flags = flags.iter().map(|(name, value)| (*name, value.to_string())).collect();
        let query = Query::parse(query.as_bytes())?;
        let mut layers = Layers::new(flags, query, &context.env);
        layers.load_profile(&context)?;
        resolve(&layers, &context, &mut StandardInput::empty())
    }

    /// The error's three lines, the home directory written as `~`.
    fn error(&self, flags: &[(&'static str, &str)], query: &str) -> String {
        let error = self.resolve(flags, query).unwrap_err();
        let text = format!("{} {error}", error.kind.exit_code());
        text.replace(self.home.path().to_str().unwrap(), "~")
    }
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("GENESYSCLOUD_REGION", "mypurecloud.ie"),
    ("GENESYSCLOUD_OAUTHCLIENT_ID", "env-id"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "env-secret"),
];

fn secret(settings: &Settings) -> String {
    use secrecy::ExposeSecret;
    let reporter = Reporter::to(Box::new(std::io::sink()));
    let secret = settings.client.secret.get(&SystemClock::default(), &reporter).unwrap();
    secret.expose_secret().to_owned()
}

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
fn the_vendors_own_profiles_are_read_as_they_are() {
    let file = "[DEFAULT]\nenvironment = 'mypurecloud.de'\nclient_credentials = 'gc-id'\n\
                client_secret = 'gc-secret'\nlogging_enabled = true\n[other]\nenvironment = 'usw2.pure.cloud'\n";
    let user = User::new([]).with_file(".gc/config.toml", file);
    let settings = user.resolve(&[], "{}").unwrap();
    assert_eq!(settings.client.id, "gc-id");
    assert_eq!(secret(&settings), "gc-secret");
    assert_eq!(settings.issuer.region.unwrap().aws, "eu-central-1");
}

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

#[test]
fn bad_values_are_refused_by_name_and_origin() {
    let user = User::new(CREDENTIALS).with_file("empty", "").with_file("two-lines", "\nb");
    let empty = user.home.path().join("empty").display().to_string();
    let two_lines = user.home.path().join("two-lines").display().to_string();
    let cases: &[(&'static str, &str, &str)] = &[
        (
            "region",
            "eu-wset-1",
            "2 error: --region: \"eu-wset-1\" is not a region of Genesys Cloud\n  hint: did you mean eu-west-1? 'gc-token regions' lists them all",
        ),
        (
            "client-auth",
            "jwt",
            "2 error: --client-auth: \"jwt\" is unknown\n  hint: one of basic, post",
        ),
        ("timeout", "0", "2 error: --timeout: \"0\" must be greater than 0"),
        (
            "login-url",
            "http://login.mypurecloud.ie",
            "2 error: --login-url: \"http://login.mypurecloud.ie\" would send the client secret unencrypted\n  hint: use https; http is for loopback addresses only",
        ),
        ("login-url", "ftp://x", "2 error: --login-url: \"ftp://x\" is neither https nor http"),
        (
            "login-url",
            "https://x/?a",
            "2 error: --login-url: \"https://x/?...\" is not a base URL: it has a query",
        ),
        (
            "token-url",
            "https://user:hush@x/",
            "2 error: --token-url: a URL with a user or a password in it\n  hint: credentials come from the environment, a file or a profile",
        ),
        (
            "token-url",
            "https://x/#f",
            "2 error: --token-url: \"https://x/#...\" has a fragment, which RFC 6749 section 3.2 forbids",
        ),
        (
            "no-cache",
            "maybe",
            "2 error: --no-cache: \"maybe\" is neither true nor false\n  hint: write true or false",
        ),
        (
            "client-secret-file",
            "/none",
            "3 error: cannot read the client secret from the file \"/none\"\n  cause: No such file or directory (os error 2)\n  hint: --client-secret-file takes the name of a file that holds the secret",
        ),
        (
            "client-secret-file",
            &empty,
            "3 error: the client secret from the file \"~/empty\" (--client-secret-file) is empty",
        ),
        (
            "client-secret-file",
            &two_lines,
            "3 error: the client secret from the file \"~/two-lines\" (--client-secret-file) has an empty first line",
        ),
        (
            "profile",
            "nope",
            "2 error: --profile: \"nope\" is not a profile\n  cause: looked in ~/config/config.toml and ~/.gc/config.toml\n  hint: add a table [nope] to the first file, as 'gc-token init --profile nope' does",
        ),
    ];
    for (flag, value, expected) in cases {
        assert_eq!(&user.error(&[(flag, value)], "{}"), expected);
    }
}

#[test]
fn bad_profiles_are_refused_without_showing_what_is_in_them() {
    let cases = [
        ("[default]\nclient_secret = hush", "line 2: "),
        (
            "[default]\nregoin = 'x'",
            "regoin of profile \"default\" in ~/config/config.toml is not a setting",
        ),
        ("default = 'hush'", "\"default\" is not a table"),
        (
            "[default]\nscope = ['hush']",
            "scope of profile \"default\" in ~/config/config.toml is not a plain value",
        ),
        (
            "[default]\nclient_id='x'\nregion='us-east-1'\nclient_secret_command = 'pass hush'",
            "is not a list of strings",
        ),
    ];
    for (text, expected) in cases {
        let user = User::new([]).with_file("config/config.toml", text);
        let error = user.error(&[], "{}");
        assert!(error.starts_with("3 ") && error.contains(expected), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn a_misspelled_profile_is_compared_with_the_existing_ones() {
    let user = User::new([]).with_file("config/config.toml", "[staging2]\n[prod]\n");
    let hint = |name: &str| {
        let error = user.error(&[("profile", name)], "{}");
        error.split_once("hint: ").map(|(_, hint)| hint.to_owned())
    };
    assert_eq!(
        hint("stagign2").as_deref(),
        Some("did you mean staging2? Otherwise, add a table of that name to the first file")
    );
    assert_eq!(
        hint("acme").as_deref(),
        Some("add a table [acme] to the first file, as 'gc-token init --profile acme' does")
    );
}

#[test]
fn a_missing_setting_names_the_profile_that_was_read() {
    let credentials =
        [("GENESYSCLOUD_OAUTHCLIENT_ID", "x"), ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "x")];
    let user = User::new(credentials).with_file("config/config.toml", "[default]\nscope = \"a\"\n");
    let error = user.error(&[], "{}");
    assert!(
        error.contains(
            "looked at --region, the query, GC_TOKEN_REGION, GENESYSCLOUD_REGION and profile \
             \"default\" in ~/config/config.toml\n"
        ),
        "{error}"
    );
}

#[test]
fn nothing_at_all_says_what_to_set() {
    assert_eq!(
        User::new([]).error(&[], "{}"),
        "3 error: there is no region, no client id and no client secret\n  \
         cause: looked at flags, the query and the environment; found no profile\n  \
         hint: run 'gc-token init', or set GENESYSCLOUD_REGION (e.g. eu-west-1), \
         GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET"
    );
    assert!(
        User::new([("GENESYSCLOUD_REGION", "us-east-1")])
            .error(&[], "{}")
            .starts_with("3 error: there is no client id")
    );
}

#[test]
fn a_variable_by_the_name_of_another_program_is_pointed_at() {
    let all = [
        ("GENESYS_CLOUD_REGION", "us-east-1"),
        ("GENESYSCLOUD_OAUTH_CLIENT_ID", "mine"),
        ("GENESYSCLOUD_CLIENT_SECRET", "hush"),
    ];
    let right =
        ["GENESYSCLOUD_REGION", "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];
    for given in 0..3 {
        let mut variables = all;
        for at in 0..given {
            variables[at].0 = right[at];
        }
        let said = User::new(variables).error(&[], "{}");
        let hint = format!("hint: {} is not read: name it {}", all[given].0, right[given]);
        assert!(said.contains(&hint) && !said.contains("hush"), "{said}");
    }
}

#[test]
fn empty_variables_count_as_unset() {
    let user = User::new([("GC_TOKEN_REGION", ""), ("GENESYSCLOUD_REGION", "us-east-1")]);
    assert!(user.error(&[], "{}").starts_with("3 error: there is no client id"));
}

#[test]
fn the_values_of_a_store_are_checked_by_themselves() {
    let check = |flag: &'static str, value: &str| {
        let flags = vec![(flag, value.to_owned())];
        check_values(&Layers::new(flags, Query::default(), &[].into()))
            .map_err(|error| error.message)
    };
    assert_eq!(check("store", "redis://cache"), Ok(()));
    for (flag, value, message) in [
        ("store", "cache", "--store: \"cache\" is not the location of a store"),
        ("store-timeout", "0", "--store-timeout: \"0\" must be greater than 0"),
        ("store-required", "perhaps", "--store-required: \"perhaps\" is neither true nor false"),
        ("no-store", "perhaps", "--no-store: \"perhaps\" is neither true nor false"),
    ] {
        assert_eq!(check(flag, value), Err(message.to_owned()));
    }
}
