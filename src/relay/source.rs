//! Where the next token comes from: the broker, for a run that outlives many.

use std::sync::Arc;

use crate::broker::{Broker, Given, Network};
use crate::error::Result;
use crate::settings::Settings;
use crate::token::{AccessToken, Demand};
use crate::world::{Clock, Environment, Talk, World};

/// Makes tokens, or a stand-in in a test. Blocks.
pub(super) trait Source: Send + Sync {
    /// A token that is fresh now, and another one than `refused`.
    fn next(&self, refused: Option<&AccessToken>) -> Result<Given>;

    /// When a token is fresh.
    fn demand(&self) -> &Demand;
}

/// The broker, with all that it needs at hand.
pub(super) struct Brokered {
    settings: Settings,
    env: Environment,
    clock: Arc<dyn Clock>,
    talk: Arc<Talk>,
}

impl Brokered {
    pub(super) fn new(mut settings: Settings, world: &World) -> Arc<Brokered> {
        // That was for the first token. From now on, any that is fresh is good.
        settings.demand.newer_than = None;
        let clock = world.clock.clone();
        // Each mint may find the same thing to warn of.
        let talk = Arc::new(Talk::sparing(world.talk.clone()));
        Arc::new(Brokered { settings, env: world.env.clone(), clock, talk })
    }
}

impl Source for Brokered {
    fn next(&self, refused: Option<&AccessToken>) -> Result<Given> {
        let Brokered { settings, env, clock, talk } = self;
        let clock = &**clock;
        let remote = &Network { settings, env, clock, talk };
        let broker = Broker { settings, remote, clock, talk };
        match refused {
            None => broker.get(),
            Some(token) => broker.replace(token),
        }
    }

    fn demand(&self) -> &Demand {
        &self.settings.demand
    }
}
