//! A token, got as a pipeline gets it, and shown to the API.

use jiff::SignedDuration;

use super::{Finding, Topic, acceptance, clocks};
use crate::broker::{self, ProvidedToken, TokenOrigin};
use crate::cache::{Entry, Lookup};
use crate::clock::Reading;
use crate::config::Settings;
use crate::context::{Context, Reporter};
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::token::{FreshnessPolicy, MinTtl, TokenValidity, Verdict};

/// Looks into the cache, gets a token, and asks the API about it.
pub(super) fn findings(mut settings: Settings, context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Ok(lookup) = lookup(&settings) {
        findings.extend(cached(&lookup, &settings.freshness, &context.clock.read()));
    }
    let mut given = get(&settings, context, &mut findings);
    if let Err(error) = &given {
        let error = error.clone();
        findings.push(Finding::failure(Topic::Token, &error));
        if error.kind == Kind::Cache {
            settings.cache.switch_off();
            given = get(&settings, context, &mut findings);
            findings.push(without_cache(given.as_ref().err()));
        }
    }
    if let Ok(given) = given {
        let now = context.clock.read();
        findings.push(got(&given, &now));
        findings.push(lifetime(&settings.freshness, &given.token.validity));
        findings.extend(acceptance::findings(settings, &given, context));
    }
    findings
}

fn lookup(settings: &Settings) -> Result<Lookup> {
    Entry::of(settings).map_or(Ok(Lookup::Absent), |entry| entry.read())
}

fn cached(lookup: &Lookup, policy: &FreshnessPolicy, now: &Reading) -> Vec<Finding> {
    match lookup {
        Lookup::Absent => vec![Finding::ok(Topic::Token, "no token was cached")],
        Lookup::Unusable(why) => {
            vec![Finding::note(Topic::Token, format!("the cached entry is not used: {why}"))]
        }
        Lookup::Found(token) => {
            let verdict = policy.judge(&token.validity, now);
            let what = format!("the cached token is {verdict}");
            let finding = match verdict {
                Verdict::Fresh { .. } => Finding::ok(Topic::Token, what),
                Verdict::Stale(_) => Finding::note(Topic::Token, what),
            };
            vec![finding, clocks::steps(&token.validity, now)]
        }
    }
}

/// The call that every verb makes. What it warns of is found, too.
fn get(
    settings: &Settings,
    context: &Context,
    findings: &mut Vec<Finding>,
) -> Result<ProvidedToken> {
    let (reporter, warnings) = Reporter::collected();
    let context = &context.with_reporter(reporter.into());
    let given = broker::get_token(settings, context);
    let warnings = warnings.take();
    findings.extend(warnings.into_iter().map(|warning| Finding::warning(Topic::Token, warning)));
    given
}

fn without_cache(error: Option<&Error>) -> Finding {
    match error {
        None => Finding::note(Topic::Token, "without the cache, a token can be had")
            .with_hint("fix the cache, or do without it: --no-cache"),
        Some(error) => Finding::failure(Topic::Token, error),
    }
}

fn got(given: &ProvidedToken, now: &Reading) -> Finding {
    let left = given.token.validity.remaining(now).unwrap_or_default();
    let left = human(left);
    match given.origin {
        TokenOrigin::Cached => Finding::ok(Topic::Token, format!("it is reused: {left} left")),
        TokenOrigin::Minted => {
            Finding::ok(Topic::Token, format!("a new one was made: {left} left"))
        }
        TokenOrigin::Stale => Finding::warning(
            Topic::Token,
            format!("the cached one is made do with, since no other can be had: {left} left"),
        ),
    }
}

/// Where the lifetime of tokens is set.
const TOKEN_DURATION: &str =
    "raise the OAuth client's 'Token Duration', or lower --min-ttl or --skew";

fn lifetime(policy: &FreshnessPolicy, validity: &TokenValidity) -> Finding {
    let (skew, wanted) = (policy.effective_skew(validity), policy.required_ttl(validity));
    let what = format!(
        "new tokens live {}; {} of it are wanted after a skew of {}",
        human(validity.initial_lifetime),
        human(wanted),
        human(skew)
    );
    let default = match policy.min_ttl {
        MinTtl::Default(default) => default,
        MinTtl::Explicit(_) => SignedDuration::ZERO,
    };
    // From here on, half of all calls make a new one.
    let usable = validity.initial_lifetime.saturating_sub(skew);
    if wanted < default || wanted > usable / 2 {
        Finding::note(Topic::Token, what).with_hint(TOKEN_DURATION)
    } else {
        Finding::ok(Topic::Token, what)
    }
}
