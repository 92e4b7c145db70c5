//! Tokens in the slots of a pool.

use gc_token::internals::broker::get_token;
use gc_token::internals::config::{Layers, Query, resolve};
use gc_token::internals::context::{Context, Environment, Reporter, StandardInput};
use gc_token::internals::sandbox::Sandbox;

use super::cloud::{CLIENT, SECRET};
use super::runner::Runner;

/// Mints a token into this slot of the runner's cache, as the pool of a gateway does.
pub fn mint_into_slot(slot: u32, runner: &Runner, cloud: &Sandbox) -> String {
    let env = [
        ("GC_TOKEN_LOGIN_URL", cloud.login_url()),
        ("GC_TOKEN_API_URL", cloud.api_url()),
        ("GC_TOKEN_CACHE_DIR", runner.cache().display().to_string()),
        ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT.to_owned()),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET.to_owned()),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    let store = runner.variables(&["GC_TOKEN_STORE", "AWS_", "AZURE_"]);
    let env = Environment::fixed(env.chain(store));
    let (reporter, _warnings) = Reporter::collected();
    let context = Context::with_env(env.clone(), reporter);
    let layers = Layers::new(Vec::new(), Query::default(), &env);
    let mut settings = resolve(&layers, &context, &mut StandardInput::taken()).unwrap();
    settings.cache.slot = slot;
    get_token(&settings, &context).unwrap().token.access_token.expose().to_owned()
}
