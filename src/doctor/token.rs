//! Gets a token as a pipeline does, and has the API check it.

use jiff::SignedDuration;

use super::{Finding, Topic, acceptance, clocks};
use crate::broker::{self, ProvidedToken, TokenOrigin, messages};
use crate::cache::{Entry, Lookup};
use crate::clock::Reading;
use crate::config::Settings;
use crate::context::{Context, Reporter};
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::token::{FreshnessPolicy, MinTtl, TokenValidity, Verdict};

/// The fault of the cache is reported elsewhere, and not repeated as the warning that it causes.
pub(super) fn findings(
    mut settings: Settings,
    cache_fault: Option<&Error>,
    context: &Context,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut cached = None;
    if let Ok(lookup) = look_up(&settings) {
        findings.extend(cached_entry(&lookup, &settings.freshness, &context.clock.read()));
        if let Lookup::Found(token) = lookup {
            cached = Some(token.access_token);
        }
    }
    let mut provided = get_token(&settings, cache_fault, context, &mut findings);
    if let Err(error) = &provided {
        let error = error.clone();
        findings.push(Finding::failure(Topic::Token, &error));
        if error.kind == Kind::Cache {
            settings.cache.switch_off();
            provided = get_token(&settings, cache_fault, context, &mut findings);
            findings.push(without_cache(provided.as_ref().err()));
        }
    }
    if let Ok(provided) = provided {
        let now = context.clock.read();
        let is_from_store = settings.store.is_some()
            && provided.origin == TokenOrigin::Cached
            && cached.as_ref() != Some(&provided.token.access_token);
        findings.push(token_origin(&provided, is_from_store, &now));
        findings.push(token_lifetime(&settings.freshness, &provided.token.validity));
        findings.extend(acceptance::api_verdict(settings, &provided, is_from_store, context));
    }
    findings
}

fn look_up(settings: &Settings) -> Result<Lookup> {
    Entry::of(settings).map_or(Ok(Lookup::Absent), |entry| entry.read())
}

fn cached_entry(lookup: &Lookup, policy: &FreshnessPolicy, now: &Reading) -> Vec<Finding> {
    match lookup {
        Lookup::Absent => vec![Finding::ok(Topic::Token, "no token was cached")],
        Lookup::Unusable(why) => {
            vec![Finding::warning(Topic::Token, format!("the cached entry is not used: {why}"))]
        }
        Lookup::Found(token) => {
            let verdict = policy.judge(&token.validity, now);
            let message = format!("the cached token is {verdict}");
            let finding = match verdict {
                Verdict::Fresh { .. } => Finding::ok(Topic::Token, message),
                Verdict::Stale(_) => Finding::note(Topic::Token, message),
            };
            vec![finding, clocks::wall_clock_steps(&token.validity, now)]
        }
    }
}

/// Gets a token as every command does; its warnings become findings, unless they are known.
fn get_token(
    settings: &Settings,
    cache_fault: Option<&Error>,
    context: &Context,
    findings: &mut Vec<Finding>,
) -> Result<ProvidedToken> {
    let (reporter, warnings) = Reporter::collected();
    let context = &context.with_reporter(reporter.into());
    let provided = broker::get_token(settings, context);
    for warning in warnings.take() {
        let is_found = findings.iter().any(|finding| finding.message == warning);
        if !is_found && !cache_fault.is_some_and(|fault| is_told_by(fault, &warning)) {
            findings.push(Finding::warning(Topic::Token, warning));
        }
    }
    provided
}

/// Returns whether a warning is about a token that `fault` has kept out of the cache. The files
/// that they name differ.
fn is_told_by(fault: &Error, warning: &str) -> bool {
    let cause = fault.cause.as_deref().unwrap_or(&fault.message);
    warning.contains("not cached: ") && warning.contains(cause)
}

fn without_cache(error: Option<&Error>) -> Finding {
    match error {
        None => Finding::note(Topic::Token, "without the cache, a token is available")
            .with_hint("fix the cache, or run without it: --no-cache"),
        Some(error) => Finding::failure(Topic::Token, error),
    }
}

fn token_origin(provided: &ProvidedToken, is_from_store: bool, now: &Reading) -> Finding {
    let left = human(provided.token.validity.remaining(now).unwrap_or_default());
    match provided.origin {
        TokenOrigin::Cached if is_from_store => {
            Finding::ok(Topic::Token, format!("a token from the store is used: {left} left"))
        }
        TokenOrigin::Cached => {
            Finding::ok(Topic::Token, format!("the cached token is reused: {left} left"))
        }
        TokenOrigin::Minted => {
            Finding::ok(Topic::Token, format!("a new token was minted: {left} left"))
        }
        TokenOrigin::Stale => Finding::warning(
            Topic::Token,
            format!("the cached token is reused because minting failed: {left} left"),
        ),
    }
}

fn token_lifetime(policy: &FreshnessPolicy, validity: &TokenValidity) -> Finding {
    let (skew, required) = (policy.effective_skew(validity), policy.required_ttl(validity));
    let message = format!(
        "new tokens live {}; {} of that are required after a skew of {}",
        human(validity.initial_lifetime),
        human(required),
        human(skew)
    );
    let default = match policy.min_ttl {
        MinTtl::Default(default) => default,
        MinTtl::Explicit(_) => SignedDuration::ZERO,
    };
    // Beyond half of the usable lifetime, every second call or more mints a token.
    let usable = validity.initial_lifetime.saturating_sub(skew);
    if required < default || required > usable / 2 {
        Finding::note(Topic::Token, message).with_hint(messages::longer_lifetime_hint())
    } else {
        Finding::ok(Topic::Token, message)
    }
}
