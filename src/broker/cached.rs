//! Access to the cache, and the messages about it.

use super::{Broker, messages};
use crate::cache::{Entry, Lock, Lookup};
use crate::clock::Reading;
use crate::context::Verbosity;
use crate::error::Error;
use crate::token::{AccessToken, Token};

impl Broker<'_> {
    /// Returns `None` if tokens are not cached; with a warning unless `--no-cache` was given.
    pub(super) fn open_entry(&self) -> Option<Entry<'_>> {
        self.warn_not_cached(self.settings.cache.missing_directory().as_ref());
        Entry::of(self.settings)
    }

    pub(super) fn warn_not_cached(&self, reason: Option<&Error>) {
        if let Some(error) = reason {
            self.reporter.warn(messages::not_cached(error));
        }
    }

    /// Records in the cache that `token` was used at `used`, if the recorded use is much
    /// older. Best effort: a token without a recent use is checked at the API.
    pub fn record_use(&self, token: &AccessToken, used: &Reading) {
        if let Some(entry) = Entry::of(self.settings) {
            self.store_last_use(&entry, token, used);
        }
    }

    pub(super) fn store_last_use(&self, entry: &Entry<'_>, token: &AccessToken, used: &Reading) {
        if let Some(timeout) = self.policy().idle_timeout
            && let Err(error) = entry.record_use(token, used, timeout)
        {
            self.reporter.info(messages::use_not_recorded(&error));
        }
    }

    /// Caches the token. It can be provided even if that fails.
    pub(super) fn store(&self, lock: &Lock<'_>, token: &Token) {
        if let Err(error) = lock.store(token) {
            self.reporter.warn(messages::not_stored(&lock.file(), &error));
        }
    }

    pub(super) fn log_lookup(&self, lookup: &Lookup) {
        if let Some(reason) = self.clock.unknown_boot() {
            self.reporter.info(messages::unknown_boot(reason));
        }
        match lookup {
            Lookup::Absent => self.reporter.info("no token in the cache"),
            Lookup::Unusable(reason) => {
                self.reporter.warn(format_args!("the cached entry is not used: {reason}"));
            }
            Lookup::Found(token) if self.reporter.is_enabled(Verbosity::Info) => {
                let verdict = self.policy().judge(&token.validity, &self.clock.read());
                self.reporter.info(format_args!("cached token: {verdict}"));
            }
            Lookup::Found(_) => {}
        }
    }
}
