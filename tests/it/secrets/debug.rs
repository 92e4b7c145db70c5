//! What `{:?}` shows, in a log or in a failing assertion of somebody's own.

use std::sync::Arc;

use gc_token::internals::broker;
use gc_token::internals::cache::{Entry, Seal};
use gc_token::internals::config::{Layers, Query, resolve};
use gc_token::internals::context::{Context, Directories, Environment, StandardInput};
use gc_token::internals::sandbox::{Faults, SandboxConfig};

use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::guard;

#[test]
fn debug_shows_no_secret() {
    let cloud = cloud(SandboxConfig::default());
    let home = tempfile::tempdir().unwrap();
    let login_url = cloud.login_url();
    let context = Context {
        env: Environment::from([
            ("GC_TOKEN_LOGIN_URL", login_url.as_str()),
            ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
        ]),
        directories: Arc::new(Directories {
            cache: Some(home.path().join("cache")),
            ..Directories::default()
        }),
        ..Context::process()
    };
    let layers = Layers::new(Vec::new(), Query::default(), &context.env);
    let settings = resolve(&layers, &context, &mut StandardInput::empty()).unwrap();
    let given = broker::get_token(&settings, &context).unwrap();
    guard_sees(given.token.access_token.expose());
    let entry = Entry::of(&settings).unwrap();
    let lookup = entry.read().unwrap();
    let lock = entry.try_lock().unwrap();
    let shown = [
        format!("{settings:?} {settings:#?}"),
        format!("{given:?} {:?}", given.token.access_token),
        format!("{entry:?} {lookup:?} {lock:?}"),
        format!("{:?}", Seal::from_secret(SECRET.as_bytes())),
        format!("{:?} {:?}", cloud.counters(), Faults::default()),
    ];
    for shown in shown {
        guard::holds_no_secret(shown.as_bytes(), "Debug");
        guard::holds_no_token(shown.as_bytes(), "Debug");
    }
}

/// A guard that sees nothing would let everything pass.
fn guard_sees(token: &str) {
    let finds = |search: fn(&[u8], &str), text: &str| {
        let text = format!("gc-token: {text}.\n");
        std::panic::catch_unwind(|| search(text.as_bytes(), "a rehearsal")).is_err()
    };
    assert!(finds(guard::holds_no_token, token));
    for secret in guard::spellings() {
        assert!(finds(guard::holds_no_secret, &secret));
    }
    assert!(!finds(guard::holds_no_secret, "nothing at all"));
}
