//! Revokes several tokens at the API within one time limit.

use std::sync::Mutex;
use std::time::Duration;

use super::tokens_me::{Api, RevocationError};
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

/// A little more than the API's minute.
pub const RATE_LIMIT_WAIT: Duration = Duration::from_secs(65);

const MAX_CONNECTIONS: usize = 8;

const MAX_ATTEMPTS: u32 = 3;

const MIN_RATE_LIMIT_WAIT: Duration = Duration::from_secs(1);

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

    /// Revokes all tokens within `limit`, apart from waits for the rate limit, and returns a
    /// result for each. Blocks. A token that the API no longer accepts counts as revoked, and
    /// one whose calls of the minute are used up cannot be revoked before the next minute.
    pub fn revoke_all(
        &self,
        tokens: &[AccessToken],
        limit: Duration,
        rate_limit_wait: Duration,
    ) -> Vec<Result<()>> {
        let patience = self.deadline(rate_limit_wait);
        let mut results = self.revoke_each(tokens, limit);
        loop {
            let limited = |result: &Result<(), RevocationError>| {
                let wait = result.as_ref().err()?.retry_after?.max(MIN_RATE_LIMIT_WAIT);
                Some(wait).filter(|wait| *wait < patience.remaining())
            };
            let waiting: Vec<usize> =
                (0..results.len()).filter(|index| limited(&results[*index]).is_some()).collect();
            let Some(wait) = results.iter().filter_map(limited).max() else {
                break;
            };
            self.context.reporter.warn_once(WAITING);
            patience.clock.sleep(wait);
            let again: Vec<_> = waiting.iter().map(|index| tokens[*index].clone()).collect();
            for (index, result) in waiting.into_iter().zip(self.revoke_each(&again, limit)) {
                results[index] = result;
            }
        }
        results.into_iter().map(|result| result.map_err(|failure| failure.error)).collect()
    }

    fn revoke_each(
        &self,
        tokens: &[AccessToken],
        limit: Duration,
    ) -> Vec<Result<(), RevocationError>> {
        let deadline = self.deadline(limit);
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
    ) -> Result<(), RevocationError> {
        let mut backoff = INITIAL_BACKOFF;
        let mut attempt = 1;
        loop {
            let limit = deadline.remaining();
            if limit.is_zero() {
                let error = Error::new(Kind::Unavailable, "no time was left to revoke the token");
                return Err(RevocationError { error, retry_after: None });
            }
            match (Api { url: &self.api_url, session, limit }).revoke(token) {
                Err(RevocationError { error, retry_after: None })
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

    fn deadline(&self, limit: Duration) -> Deadline<'_> {
        let clock = &*self.context.clock;
        Deadline { clock, start: clock.read(), limit }
    }
}

const WAITING: &str = "a token has used up its calls of this minute: waiting until it can be \
                       revoked; Ctrl-C ends the wait";

impl Deadline<'_> {
    fn remaining(&self) -> Duration {
        let elapsed = self.clock.read().boot.saturating_sub(self.start.boot);
        self.limit.saturating_sub(elapsed.unsigned_abs())
    }
}
