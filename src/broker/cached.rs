//! The broker's dealings with the cache, and what it tells of them.

use super::{Broker, messages};
use crate::cache::{Entry, Lock, Lookup};
use crate::clock::Reading;
use crate::context::Verbosity;
use crate::error::Error;
use crate::token::{AccessToken, Token};

impl Broker<'_> {
    /// Returns the slot of the token in the cache; warns where there is no place for one,
    /// although nobody asked to do without.
    pub(super) fn entry(&self) -> Option<Entry<'_>> {
        self.tell_trouble(self.settings.cache.nowhere().as_ref());
        Entry::of(self.settings)
    }

    /// Warns that tokens are not cached, and why.
    pub(super) fn tell_trouble(&self, trouble: Option<&Error>) {
        if let Some(error) = trouble {
            self.reporter.warn(messages::not_cached(error));
        }
    }

    /// Tells the cache that `token` was used at `used`, if that is worth a write. Best
    /// effort: a token that is not known to have been used is asked about.
    pub fn record_use(&self, token: &AccessToken, used: &Reading) {
        if let Some(entry) = Entry::of(self.settings) {
            self.keep_use(&entry, token, used);
        }
    }

    pub(super) fn keep_use(&self, entry: &Entry<'_>, token: &AccessToken, used: &Reading) {
        if let Some(timeout) = self.policy().idle_timeout
            && let Err(error) = entry.record_use(token, used, timeout)
        {
            self.reporter.info(format_args!("the use is not recorded: {}", error.message));
        }
    }

    /// Stores the token; it is good even if that fails.
    pub(super) fn keep(&self, lock: &Lock<'_>, token: &Token) {
        if let Err(error) = lock.store(token) {
            self.reporter
                .warn(format_args!("the token is not cached: {}: {error}", lock.file().display()));
        }
    }

    /// Tells what was found in the cache.
    pub(super) fn explain(&self, lookup: &Lookup) {
        if let Some(why) = self.clock.unknown_boot() {
            self.reporter.info(messages::unknown_boot(why));
        }
        match lookup {
            Lookup::Absent => self.reporter.info("no token in the cache"),
            Lookup::Unusable(why) => {
                self.reporter.warn(format_args!("the cached entry is not used: {why}"));
            }
            Lookup::Found(token) if self.reporter.is_enabled(Verbosity::Info) => {
                let verdict = self.policy().judge(&token.validity, &self.clock.read());
                self.reporter.info(format_args!("cached token: {verdict}"));
            }
            Lookup::Found(_) => {}
        }
    }
}
