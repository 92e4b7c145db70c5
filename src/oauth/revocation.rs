//! Revokes several tokens at the API within one time limit.

use std::sync::Mutex;
use std::time::Duration;

use super::tokens_me::Api;
use crate::clock::Reading;
use crate::config::NetworkSettings;
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};
use crate::net::Session;
use crate::sync;
use crate::token::AccessToken;

pub struct RevocationEndpoint {
    api_url: String,
    network: NetworkSettings,
    context: Context,
}

const MAX_CONNECTIONS: usize = 8;

const MAX_ATTEMPTS: u32 = 3;

const INITIAL_BACKOFF: Duration = Duration::from_millis(250);

struct Deadline<'a> {
    clock: &'a dyn Clock,
    start: Reading,
    limit: Duration,
}

impl RevocationEndpoint {
    pub fn new(api_url: String, network: NetworkSettings, context: Context) -> RevocationEndpoint {
        RevocationEndpoint { api_url, network, context }
    }

    /// Revokes all tokens within `limit`, and returns a result for each. Blocks. A token that the API no longer accepts counts as revoked.
    pub fn revoke_all(&self, tokens: &[AccessToken], limit: Duration) -> Vec<Result<()>> {
        let clock = &*self.context.clock;
        let deadline = Deadline { clock, start: clock.read(), limit };
        let results = Mutex::new(Vec::new());
        let queue = Mutex::new(tokens.iter().enumerate());
        let next = || sync::lock(&queue).next();
        let work = || {
            let session = Session::new(&self.network, &self.context);
            while let Some((index, token)) = next() {
                let result = self.revoke(token, &session, &deadline);
                sync::lock(&results).push((index, result));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..tokens.len().min(MAX_CONNECTIONS) {
                // Without threads, this one does all the work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let mut results = sync::lock(&results).split_off(0);
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn revoke(
        &self,
        token: &AccessToken,
        session: &Session<'_>,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let mut backoff = INITIAL_BACKOFF;
        let mut attempt = 1;
        loop {
            let limit = deadline.remaining();
            if limit.is_zero() {
                return Err(Error::new(Kind::Unavailable, "no time was left to revoke the token"));
            }
            match (Api { url: &self.api_url, session, limit }).revoke(token) {
                Err(error)
                    if error.kind.is_transient()
                        && attempt < MAX_ATTEMPTS
                        && backoff < deadline.remaining() =>
                {
                    deadline.clock.sleep(backoff);
                    backoff *= 2;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

impl Deadline<'_> {
    fn remaining(&self) -> Duration {
        let elapsed = self.clock.read().boot.saturating_sub(self.start.boot);
        self.limit.saturating_sub(elapsed.unsigned_abs())
    }
}
