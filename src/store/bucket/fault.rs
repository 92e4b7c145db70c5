//! Explains why a request to a bucket failed: what the store said, and what to do.

mod classify;
mod credentials;
mod words;

use std::time::Duration;

use percent_encoding::percent_decode_str;

use self::words::{chain, reach_hint, too_slow, without_long_runs};
use super::client::BucketClient;
use super::exchange::{Failure, Outcome};
use super::purpose::{Purpose, allow_http_variable};
use super::refusal::BucketRefusal;
use super::region::SignedRegion;
use super::settings_error::SettingsError;
use super::variables;
use crate::config::BucketProvider;
use crate::context::Environment;
use crate::error::{Error, Kind};
use crate::sanitize::Secrets;
use crate::store::{StoreError, StoreFault};

pub(super) struct FaultExplainer {
    provider: BucketProvider,
    place: FailedPlace,
    region: Option<SignedRegion>,
    /// The credentials that requests are signed with, such as `with an access key from ...`.
    credentials: Option<String>,
    /// Why better credentials than those of the platform were not found.
    lack: Option<SettingsError>,
    /// The setting that names another endpoint than the provider's.
    endpoint: Option<String>,
    /// The store has answered a read before.
    has_read: bool,
    secrets: Secrets,
    /// No secret is so short that redacting it would spoil other words.
    is_quotable: bool,
}

pub(super) struct FailedPlace {
    /// For example `the store s3://bucket/prefix`.
    pub(super) shown: String,
    /// For example `bucket/prefix/*`.
    pub(super) objects: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BucketRequest {
    Read,
    Swap,
}

#[derive(Debug)]
pub(super) enum RequestFault {
    Client(object_store::Error),
    TooSlow(Duration),
}

/// Parts of the names of variables that hold secrets.
const SECRET_NAMES: [&str; 5] = ["KEY", "SECRET", "TOKEN", "SAS", "IDENTITY_HEADER"];

/// Bytes.
const MIN_SECRET: usize = 4;

/// Characters of a store's own words.
const MAX_MESSAGE: usize = 240;

/// Characters about the settings, which may name several files.
const MAX_OWN_WORDS: usize = 1000;

impl FaultExplainer {
    pub(super) fn new(
        provider: BucketProvider,
        place: FailedPlace,
        env: &Environment,
        client: Option<&BucketClient>,
        has_read: bool,
    ) -> FaultExplainer {
        let (mut secrets, mut is_quotable) = (Secrets::default(), true);
        for name in variables::names(env, provider).filter(|name| is_secret(name)) {
            let Some(value) = env.text(&name) else { continue };
            is_quotable &= value.len() >= MIN_SECRET;
            let signature = value.split(['?', '&']).find_map(|part| part.strip_prefix("sig="));
            for secret in [&*value].into_iter().chain(signature) {
                secrets.add(secret);
                secrets.add(&percent_decode_str(secret).decode_utf8_lossy());
            }
        }
        FaultExplainer {
            provider,
            place,
            region: client.and_then(|client| client.region.clone()),
            credentials: client.map(|client| client.credentials.clone()),
            lack: client.and_then(|client| client.lack.clone()),
            endpoint: client.and_then(|client| client.endpoint.clone()),
            has_read,
            secrets,
            is_quotable,
        }
    }

    pub(super) fn explain(
        &self,
        request: BucketRequest,
        fault: &RequestFault,
        failure: Option<Failure>,
    ) -> StoreError {
        let failure = failure.filter(|failure| {
            let is_late = matches!(fault, RequestFault::TooSlow(_));
            !(is_late && matches!(failure.outcome, Outcome::Credentials(_)))
        });
        let Some(failure) = failure else {
            return match fault {
                RequestFault::Client(error) => self.unusable(error),
                RequestFault::TooSlow(limit) => self.unreachable(None, too_slow(None, *limit)),
            };
        };
        if failure.purpose != Purpose::Record {
            return self.no_credentials(&failure, fault);
        }
        match &failure.outcome {
            Outcome::Refused(refusal) => self.refused(request, refusal),
            Outcome::PlainHttp => self.plain_http(&failure),
            Outcome::NoResponseYet | Outcome::Credentials(_) => {
                let limit = match fault {
                    RequestFault::TooSlow(limit) => *limit,
                    RequestFault::Client(error) => return self.unusable(error),
                };
                self.unreachable(Some(&failure), too_slow(Some(&failure.host), limit))
            }
            Outcome::Broken { explained, is_untrusted } => {
                self.broken(&failure, explained, *is_untrusted)
            }
        }
    }

    fn broken(&self, failure: &Failure, explained: &Error, is_untrusted: bool) -> StoreError {
        if explained.kind == Kind::Configuration {
            return StoreError { fault: StoreFault::Misconfigured, error: explained.clone() };
        }
        let cause = explained.cause.clone().unwrap_or_default();
        if is_untrusted {
            let error = self.error(StoreFault::Misconfigured, "cannot be trusted");
            let hint = explained.hint.clone().unwrap_or_default();
            return error.with_cause(cause).with_hint(hint);
        }
        let error = self.unreachable(Some(failure), self.with_region(cause));
        match &explained.hint {
            Some(hint) if !failure.is_on_this_machine => error.with_hint(hint.clone()),
            _ => error,
        }
    }

    fn unreachable(&self, failure: Option<&Failure>, cause: String) -> StoreError {
        let hint = match (&self.endpoint, failure) {
            (Some(variable), _) => {
                format!("check {variable}, or allow more time with --store-timeout")
            }
            (None, Some(failure)) => reach_hint(&failure.host),
            (None, None) => "allow more time with --store-timeout".to_owned(),
        };
        self.error(StoreFault::Unavailable, "is not reachable").with_cause(cause).with_hint(hint)
    }

    fn with_region(&self, cause: String) -> String {
        match &self.region {
            Some(region) if self.endpoint.is_none() => region.named_in(cause),
            _ => cause,
        }
    }

    fn plain_http(&self, failure: &Failure) -> StoreError {
        let variable = allow_http_variable(self.provider);
        self.error(StoreFault::Misconfigured, "is addressed over plain HTTP")
            .with_cause(format!(
                "{} is not this machine: others on the network could read and change requests",
                failure.host
            ))
            .with_hint(format!("use https, or set {variable}=true if that network is your own"))
    }

    /// Explains a response that is no success.
    fn refused(&self, request: BucketRequest, refusal: &BucketRefusal) -> StoreError {
        let (fault, what, hint) = self.classify(request, refusal);
        let cause = match (&refusal.region, &self.region) {
            (Some(region), Some(own))
                if region != own.value() && classify::is_other_region(refusal) =>
            {
                format!(
                    "{}: the bucket is in {region}, requests were for {own}",
                    refusal.name(),
                    own = own.value()
                )
            }
            _ => self.quoted(refusal),
        };
        self.error(fault, what).with_cause(cause).with_hint(hint)
    }

    /// Explains an error of the library, before a request or about a response.
    fn unusable(&self, error: &object_store::Error) -> StoreError {
        if let Some(error) = SettingsError::of(error) {
            return self.wrong_settings(error);
        }
        let text = match error {
            object_store::Error::Generic { source, .. } => chain(&**source),
            error => chain(error),
        };
        self.error(StoreFault::Misconfigured, "cannot be used")
            .with_cause(self.redacted(&text))
            .with_hint(match self.credentials {
                Some(_) => format!("check {}", self.used_credentials()),
                None => self.settings_hint().to_owned(),
            })
    }

    fn wrong_settings(&self, error: &SettingsError) -> StoreError {
        let hint = error.hint.as_deref().unwrap_or_else(|| self.settings_hint());
        let explained = if error.lacks_credentials {
            self.lack_of_credentials(match error.is_transient {
                true => StoreFault::Unavailable,
                false => StoreFault::Misconfigured,
            })
        } else {
            self.error(StoreFault::Misconfigured, "cannot be used")
        };
        let cause = self.secrets.redacted_line(&error.cause, MAX_OWN_WORDS);
        explained.with_cause(cause).with_hint(hint)
    }

    fn error(&self, fault: StoreFault, what: &str) -> StoreError {
        StoreError::new(fault, format!("{} {what}", self.place.shown))
    }

    /// Returns the status, the code and the words of a response.
    fn quoted(&self, refusal: &BucketRefusal) -> String {
        match &refusal.message {
            Some(message) => {
                let first_line = message.lines().next().unwrap_or_default();
                format!("{}: {}", refusal.name(), self.redacted(first_line))
            }
            None => refusal.name(),
        }
    }

    fn redacted(&self, text: &str) -> String {
        if !self.is_quotable {
            return "[...]".to_owned();
        }
        self.secrets.redacted_line(&without_long_runs(text), MAX_MESSAGE)
    }
}

fn is_secret(variable: &str) -> bool {
    // The identifier of a key is shown to users in consoles, and the others name files.
    let is_public = ["_KEY_ID", "_KEY_ENABLED", "_FILE", "_FILE_PATH"]
        .iter()
        .any(|end| variable.ends_with(end));
    !is_public && SECRET_NAMES.iter().any(|part| variable.contains(part))
}

#[cfg(test)]
mod tests;
