//! One machine that uses a store.

use std::time::Duration;

use gc_token::internals::cache::Key;
use gc_token::internals::config::{Layers, Query, Settings, resolve};
use gc_token::internals::context::{Context, Environment, Reporter, StandardInput};
use gc_token::internals::store::{
    LazyStore, Observation, RecordName, Store, StoreError, Swap, Version,
};

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const KEEP: Duration = Duration::from_secs(600);

/// A machine with settings from variables alone.
pub(crate) struct Machine {
    settings: Settings,
    context: Context,
}

/// The engine of one process on a machine.
pub(crate) struct Client<'a>(LazyStore<'a>);

impl Machine {
    pub(crate) fn of(location: &str) -> Machine {
        Machine::with(location, &[])
    }

    pub(crate) fn with(location: &str, variables: &[(&str, &str)]) -> Machine {
        let own = [
            ("GC_TOKEN_STORE", location),
            ("GENESYSCLOUD_REGION", "eu-west-1"),
            ("GENESYSCLOUD_OAUTHCLIENT_ID", "client"),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "of-the-client"),
        ];
        let all = own.iter().chain(variables);
        let env = Environment::fixed(all.map(|(name, value)| (name.to_string(), value.into())));
        let (reporter, _warnings) = Reporter::collected();
        let context = Context::with_env(env.clone(), reporter);
        let layers = Layers::new(Vec::new(), Query::default(), &env);
        let settings = resolve(&layers, &context, &mut StandardInput::taken()).unwrap();
        Machine { settings, context }
    }

    pub(crate) fn client(&self) -> Client<'_> {
        let store = self.settings.store.as_ref().unwrap();
        Client(LazyStore::new(store, &self.settings.network, &self.context))
    }
}

impl Client<'_> {
    pub(crate) fn read(&self, name: &RecordName) -> Result<Observation, StoreError> {
        self.0.read(name, LIMIT)
    }

    pub(crate) fn read_within(
        &self,
        name: &RecordName,
        limit: Duration,
    ) -> Result<Observation, StoreError> {
        self.0.read(name, limit)
    }

    pub(crate) fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
    ) -> Result<Swap, StoreError> {
        self.swap_for(name, expected, record, KEEP)
    }

    pub(crate) fn swap_for(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        self.0.swap(name, expected, record, keep, LIMIT)
    }
}

/// Returns a name that depends on `number` alone.
pub(crate) fn name(number: u32) -> RecordName {
    let key = Key::parse(&format!("{number:032x}")).unwrap();
    RecordName::of(&key, b"of-the-client")
}

/// Returns the error of a request, which shows no password, in one line each.
pub(crate) fn error_of<T: std::fmt::Debug>(result: Result<T, StoreError>) -> StoreError {
    let error = result.unwrap_err();
    let shown = format!("{error:?}");
    assert!(!shown.contains("battery") && !shown.contains("of-the-"), "{shown}");
    assert!(!shown.contains("\\n"), "{shown}");
    error
}

pub(crate) fn won(swap: Swap) -> Version {
    match swap {
        Swap::Won(version) => version,
        Swap::Lost => panic!("the swap lost"),
    }
}
