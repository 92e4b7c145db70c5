//! A user whose settings are resolved, and cases by subject. Each is a few lines of data.

mod bad_values;
mod client_secret;
mod issuer;
mod missing;
mod precedence;
mod profiles;
mod store_password;

use std::sync::Arc;

use super::*;
use crate::context::{Directories, Environment, Reporter, StandardInput, SystemClock};

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
