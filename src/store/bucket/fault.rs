//! Explains why a request to a bucket failed: what the store said, and what to do.

mod classify;
mod credentials;

use std::error::Error as StdError;
use std::time::Duration;

use super::description::BucketDescription;
use super::exchange::{Failure, Outcome};
use super::purpose::{Purpose, allow_http_variable};
use super::refusal::BucketRefusal;
use super::variables::{ENDPOINTS, UnusableVariable, variable_prefix};
use crate::config::{BucketProvider, StoreSettings};
use crate::context::Environment;
use crate::error::{Error, Kind};
use crate::sanitize::Secrets;
use crate::store::{StoreError, StoreFault};

pub(super) struct FaultExplainer {
    provider: BucketProvider,
    /// For example `the store s3://bucket`.
    store: String,
    /// The region that requests are signed for.
    region: Option<String>,
    /// The credentials that requests are signed with, such as `with an access key from ...`.
    credentials: Option<String>,
    /// The variable that names another endpoint than the provider's.
    endpoint: Option<&'static str>,
    secrets: Secrets,
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
const SECRET_NAMES: [&str; 4] = ["KEY", "SECRET", "TOKEN", "SAS"];

/// Characters of a store's own words.
const MAX_MESSAGE: usize = 240;

/// A longer run of token characters may be a secret: those of Amazon have 40.
const MAX_RUN: usize = 39;

impl FaultExplainer {
    pub(super) fn new(
        provider: BucketProvider,
        settings: &StoreSettings,
        env: &Environment,
    ) -> FaultExplainer {
        let prefix = variable_prefix(provider);
        let mut secrets = Secrets::default();
        let names = env.names(prefix).into_iter().filter_map(|name| name.into_string().ok());
        for name in names.filter(|name| is_secret(name)) {
            secrets.add(&env.text(&name).unwrap_or_default());
        }
        let mut endpoints = ENDPOINTS.into_iter().filter(|name| name.starts_with(prefix));
        FaultExplainer {
            provider,
            store: format!("the store {}", settings.location),
            credentials: BucketDescription { provider, bucket: "", env }.credentials(),
            region: env.text("AWS_REGION").or_else(|| env.text("AWS_DEFAULT_REGION")),
            endpoint: endpoints.find(|name| env.text(name).is_some()),
            secrets,
        }
    }

    /// Explains a fault. `has_read` tells that the store has answered a read before.
    pub(super) fn explain(
        &self,
        request: BucketRequest,
        fault: &RequestFault,
        failure: Option<Failure>,
        has_read: bool,
    ) -> StoreError {
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
            Outcome::Refused(refusal) => self.refused(request, refusal, has_read),
            Outcome::PlainHttp => self.plain_http(&failure),
            Outcome::NoResponseYet => {
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
        let error = self.unreachable(Some(failure), cause);
        match &explained.hint {
            Some(hint) if !failure.is_on_this_machine => error.with_hint(hint.clone()),
            _ => error,
        }
    }

    fn unreachable(&self, failure: Option<&Failure>, cause: String) -> StoreError {
        let hint = match (self.endpoint, failure) {
            (Some(variable), _) => {
                format!("check {variable}, or allow more time with --store-timeout")
            }
            (None, Some(failure)) => format!(
                "check that {} can be reached from here; if only a proxy can reach it, set \
                 HTTPS_PROXY",
                failure.host
            ),
            (None, None) => "allow more time with --store-timeout".to_owned(),
        };
        self.error(StoreFault::Unavailable, "is not reachable").with_cause(cause).with_hint(hint)
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
    fn refused(
        &self,
        request: BucketRequest,
        refusal: &BucketRefusal,
        has_read: bool,
    ) -> StoreError {
        let (fault, what, hint) = self.classify(request, refusal, has_read);
        let cause = match (&refusal.region, &self.region) {
            (Some(region), Some(own)) if region != own && classify::is_other_region(refusal) => {
                format!("{}: the bucket is in {region}, requests were for {own}", refusal.name())
            }
            (Some(region), None) if classify::is_other_region(refusal) => {
                format!("{}: the bucket is in {region}, and no region is set", refusal.name())
            }
            _ => self.quoted(refusal),
        };
        self.error(fault, what).with_cause(cause).with_hint(hint)
    }

    /// Explains an error of the library, before a request or about a response.
    fn unusable(&self, error: &object_store::Error) -> StoreError {
        let text = match error {
            object_store::Error::Generic { source, .. } => chain(&**source),
            error => chain(error),
        };
        let hint = match unusable_variable(error) {
            Some(variable) => format!("correct {}, or unset it", variable.name()),
            None => self.settings_hint().to_owned(),
        };
        self.error(StoreFault::Misconfigured, "cannot be used")
            .with_cause(self.redacted(&text))
            .with_hint(hint)
    }

    fn error(&self, fault: StoreFault, what: &str) -> StoreError {
        StoreError::new(fault, format!("{} {what}", self.store))
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
        self.secrets.redacted_line(&without_long_runs(text), MAX_MESSAGE)
    }
}

fn unusable_variable(error: &object_store::Error) -> Option<&UnusableVariable> {
    match error {
        object_store::Error::Generic { source, .. } => source.downcast_ref(),
        _ => None,
    }
}

fn is_secret(variable: &str) -> bool {
    // The identifier of a key is shown to users in consoles, and the others name files.
    let is_public = variable.ends_with("_KEY_ID") || variable.ends_with("_FILE");
    !is_public && SECRET_NAMES.iter().any(|part| variable.contains(part))
}

fn too_slow(host: Option<&str>, limit: Duration) -> String {
    match host {
        Some(host) => format!("no complete response from {host} within {limit:.1?}"),
        None => format!("no complete response within {limit:.1?}"),
    }
}

/// Returns the text of an error and of its sources, each once: some repeat the next.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let own = source.to_string();
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        next = source.source();
    }
    text
}

fn without_long_runs(text: &str) -> String {
    let is_token_char = |char: char| char.is_ascii_alphanumeric() || "-._~+/=%".contains(char);
    let shown = text.split_inclusive(|char| !is_token_char(char)).map(|part| {
        let run = part.trim_end_matches(|char| !is_token_char(char));
        if run.len() > MAX_RUN { format!("[...]{}", &part[run.len()..]) } else { part.to_owned() }
    });
    shown.collect()
}

#[cfg(test)]
mod tests;
