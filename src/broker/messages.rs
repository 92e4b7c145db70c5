//! The broker's warnings, details and errors.

use std::time::Duration;

use jiff::SignedDuration;

use crate::cache::Entry;
use crate::clock::{Offset, Reading};
use crate::duration::human;
use crate::error::{Error, Kind};
use crate::token::{FreshnessPolicy, MinTtl, TokenValidity};

/// Where the lifetime of tokens is set.
const TOKEN_DURATION: &str = "raise 'Token Duration' of the OAuth client (Genesys Cloud: Admin > \
                              Integrations > OAuth, 300 to 172800 seconds)";

pub(super) fn minted(validity: &TokenValidity) -> String {
    let clock = match &validity.issuer_clock {
        Some(issuer) => format!("the issuer's clock is {}", issuer.offset),
        None => "the issuer did not show its clock".to_owned(),
    };
    format!("minted: lives {}; {clock}", human(validity.initial_lifetime))
}

/// Tells that the system does not say which boot this is, and why.
pub(crate) fn unknown_boot(why: &str) -> String {
    format!(
        "it is not known which boot this is ({why}): a token that another process has cached is \
         checked by a remote clock"
    )
}

/// Tells that the cache that nobody named cannot be used.
pub(crate) fn not_cached(error: &Error) -> String {
    let cause = error.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("tokens are not cached: {}{cause}{hint}", error.message)
}

pub(super) fn held_back(wait: SignedDuration) -> String {
    format!("held back: valid only in {}", human(wait))
}

pub(super) fn makeshift(remaining: SignedDuration, error: &Error) -> String {
    let (remaining, why) = (human(remaining), error.one_line());
    format!("using the cached token, which lives {remaining} more, because {why}")
}

/// Tells that the API was asked about a token, and gave no verdict.
pub(super) fn no_verdict(error: &Error) -> String {
    let cause = error.cause.as_deref().unwrap_or(&error.message);
    format!("the API gave no verdict on the token: {cause}")
}

/// The API's clock has come further than the local ones.
pub(super) const STOOD_STILL: &str = "since the API was asked last, its clock was stepped, or the local clocks stood still: the \
     token's age is taken from the API's";

/// The API's clock is further ahead than the skew allows for.
pub(super) fn lead(lead: &Offset, skew: SignedDuration) -> String {
    format!(
        "the API's clock is {lead} of the issuer's, more than the skew of {}: {} are taken off \
         every token's life",
        human(skew),
        human(lead.max)
    )
}

/// The default wish is not fulfilled; the user should know why.
pub(super) fn short(policy: &FreshnessPolicy, validity: &TokenValidity) -> Option<String> {
    let MinTtl::Default(default) = policy.min_ttl else {
        return None;
    };
    let wanted = policy.required_ttl(validity);
    (wanted < default).then(|| {
        format!(
            "the issuer's tokens live {}: reused while {} are left, not the default {} (raise the \
             OAuth client's 'Token Duration', or set --min-ttl)",
            human(validity.initial_lifetime),
            human(wanted),
            human(default)
        )
    })
}

/// Even a new token cannot keep the promise.
pub(super) fn too_short(policy: &FreshnessPolicy, validity: &TokenValidity) -> Error {
    let skew = human(policy.effective_skew(validity));
    let what = match policy.min_ttl {
        MinTtl::Explicit(wanted) => {
            format!("cannot provide a token valid for {} after a skew of {skew}", human(wanted))
        }
        MinTtl::Default(_) => format!("a new token does not outlive the skew of {skew}"),
    };
    let lifetime = human(validity.initial_lifetime);
    Error::new(Kind::Lifetime, what)
        .with_cause(format!("the issuer's tokens live {lifetime}, counted from the request"))
        .with_hint(format!("{TOKEN_DURATION}, or lower --min-ttl or --skew"))
        .with_attribute("min_ttl")
}

/// The clock of the API, or of the issuer where the API's is not known, has not come to
/// the start that the token claims, and does not get there within the skew: another token
/// would claim the same. `None` where that is not so.
pub(super) fn too_early(
    validity: &TokenValidity,
    now: &Reading,
    skew: SignedDuration,
) -> Option<Error> {
    let early = human(validity.time_until_valid(now).filter(|early| *early > skew)?);
    let lead = validity.lead().map_or_else(|| "behind that".to_owned(), |lead| lead.to_string());
    let error = match &validity.api_clock {
        Some(_) => Error::new(
            Kind::ApiRefused,
            "the issuer's tokens are not valid yet by the API's clock",
        )
        .with_cause(format!(
            "the API's clock is {lead} of the issuer's: there, a token is valid only in {early}"
        )),
        None => Error::new(Kind::ApiRefused, "the issuer's tokens are not valid yet").with_cause(
            format!("by the issuer's own clock, a token is valid only in {early} (nbf or iat)"),
        ),
    };
    Some(
        error.with_hint(
            "a token is held back for as long as --skew: raise it, or correct the clocks",
        ),
    )
}

/// Neither clock is known, and by this machine's the token is not valid yet. `None` where
/// that is not so.
pub(super) fn maybe_too_early(
    validity: &TokenValidity,
    now: &Reading,
    skew: SignedDuration,
) -> Option<String> {
    let early = validity.not_before?.duration_since(now.wall);
    (validity.time_until_valid(now).is_none() && early > skew).then(|| {
        format!(
            "by this machine's clock the token is valid only in {} (nbf or iat), and neither the \
             issuer's clock nor the API's is known: it may be refused until then",
            human(early)
        )
    })
}

/// The API refuses even a new token.
pub(super) fn refused(validity: &TokenValidity) -> Error {
    let error = Error::new(Kind::ApiRefused, "the API refuses tokens that the issuer makes");
    match validity.lead() {
        Some(lead) if lead.min >= validity.lifetime => error
            .with_cause(format!(
                "the API's clock is {lead} of the issuer's, and a token lives {}: it is dead on \
                 arrival",
                human(validity.initial_lifetime)
            ))
            .with_hint(TOKEN_DURATION),
        Some(lead) => error
            .with_cause(format!(
                "its clock is {lead} of the issuer's, so that alone does not make a token of {} \
                 dead",
                human(validity.initial_lifetime)
            ))
            .with_hint(
                "check that login and API belong to one region, and that the client is active",
            ),
        None => error
            .with_cause("HTTP 401; its clock could not be compared with the issuer's")
            .with_hint(
                "check that login and API belong to one region, and that the client is active",
            ),
    }
}

pub(super) fn lock_timed_out(timeout: Duration, entry: &Entry<'_>) -> Error {
    let waited = human(SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX));
    let holder = entry.holder().map(|pid| format!("process {pid}"));
    let holder = holder.as_deref().unwrap_or("another process");
    Error::new(Kind::Cache, format!("waited {waited} for {holder}, which is minting"))
        .with_cause(format!("it holds the lock of {}", entry.file().display()))
        .with_hint(
            "see whether it hangs; wait longer with --lock-timeout, or go without: --no-cache",
        )
}
