//! The broker's warnings, details and errors.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;

use crate::cache::Entry;
use crate::clock::{Offset, Reading};
use crate::config::StoreSettings;
use crate::duration::human;
use crate::error::{Error, Kind};
use crate::store::{StoreError, StoreFault};
use crate::token::{FreshnessPolicy, MinTtl, TokenValidity, Verdict};

const TOKEN_DURATION_HINT: &str = "raise 'Token Duration' of the OAuth client (Genesys Cloud: \
                                   Admin > Integrations > OAuth, 300 to 172800 seconds)";

const CLIENT_HINT: &str =
    "check that login and API belong to one region, and that the client is active";

pub(crate) fn longer_lifetime_hint() -> String {
    format!("{TOKEN_DURATION_HINT}, or lower --min-ttl or --skew")
}

pub(super) fn minted(validity: &TokenValidity) -> String {
    let clock = match &validity.issuer_clock {
        Some(clock) => format!("the issuer's clock is {}", clock.offset),
        None => "the issuer's clock could not be measured".to_owned(),
    };
    format!("minted: valid for {}; {clock}", human(validity.initial_lifetime))
}

pub(super) fn revalidated(verdict: &Verdict) -> String {
    format!("after revalidation: {verdict}")
}

/// `reason` says why the system does not identify this boot.
pub(crate) fn unknown_boot(reason: &str) -> String {
    format!(
        "this boot cannot be identified ({reason}): tokens that other processes have cached are \
         checked by a remote clock"
    )
}

pub(crate) fn not_cached(error: &Error) -> String {
    let cause = error.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("tokens are not cached: {}{cause}{hint}", error.message)
}

pub(super) fn not_stored(file: &Path, error: &io::Error) -> String {
    format!("the token is not cached: {}: {error}", file.display())
}

pub(super) const DOUBTFUL_SHARED_TOKEN: &str = "the clocks of this machine and of the store disagree about a shared token: asking a remote clock";

pub(super) fn unusable_record(store: &StoreSettings) -> String {
    format!(
        "the record in {} is not used: it is of another version, or was altered",
        store.location
    )
}

pub(super) fn waiting_for_turn(store: &StoreSettings) -> String {
    format!("waiting for another machine that is minting ({})", store.location)
}

pub(super) fn turn_timed_out(store: &StoreSettings, waited: Duration) -> StoreError {
    let place = &store.location;
    StoreError::new(StoreFault::Unavailable, format!("there is no token from the store {place}"))
        .with_cause(format!("another machine has been minting for {waited:.0?}"))
}

pub(super) fn without_store(error: &Error) -> String {
    format!("minting for this machine alone, because {}", as_reason(error))
}

pub(super) fn not_shared(error: &Error) -> String {
    format!("the token is not shared with other machines, because {}", as_reason(error))
}

/// Returns an error as a part of a sentence, and what to do.
fn as_reason(error: &Error) -> String {
    let cause = error.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{cause}{hint}", error.message)
}

pub(super) fn use_not_recorded(error: &Error) -> String {
    format!("the use of the token is not recorded: {}", error.message)
}

pub(super) fn waiting_until_valid(wait: SignedDuration) -> String {
    format!("waiting {} until the token is valid", human(wait))
}

pub(super) fn serving_stale(remaining: SignedDuration, error: &Error) -> String {
    let (remaining, reason) = (human(remaining), error.one_line());
    format!("using the cached token, valid for another {remaining}, because {reason}")
}

pub(super) fn not_verified(error: &Error) -> String {
    let cause = error.cause.as_deref().unwrap_or(&error.message);
    format!("could not verify the token with the API: {cause}")
}

pub(super) const REBASED_ON_API: &str = "the API's clock was stepped since the last check, or the local clocks stood still: the \
     token's age is taken from the API's clock";

pub(super) fn lead(lead: &Offset, skew: SignedDuration) -> String {
    format!(
        "the API's clock is {lead} of the issuer's, more than the skew of {}: {} are deducted \
         from every token's lifetime",
        human(skew),
        human(lead.max)
    )
}

/// Returns a warning if the default `--min-ttl` is capped for these tokens.
pub(super) fn short_lifetime(policy: &FreshnessPolicy, validity: &TokenValidity) -> Option<String> {
    let MinTtl::Default(default) = policy.min_ttl else {
        return None;
    };
    let required = policy.required_ttl(validity);
    (required < default).then(|| {
        format!(
            "the issuer's tokens live {}: reused while {} are left, not the default {} (raise the \
             OAuth client's 'Token Duration', or set --min-ttl)",
            human(validity.initial_lifetime),
            human(required),
            human(default)
        )
    })
}

pub(super) fn too_short(policy: &FreshnessPolicy, validity: &TokenValidity) -> Error {
    let lifetime = human(validity.initial_lifetime);
    let skew = human(policy.effective_skew(validity));
    let message = match policy.min_ttl {
        MinTtl::Explicit(min_ttl) => format!(
            "cannot provide a token valid for {}: new tokens live {lifetime} (minus {skew} skew)",
            human(min_ttl)
        ),
        MinTtl::Default(_) => {
            format!("new tokens live {lifetime}, which is not longer than the skew of {skew}")
        }
    };
    Error::new(Kind::Lifetime, message)
        .with_cause("lifetimes count from the token request")
        .with_hint(longer_lifetime_hint())
        .with_attribute("min_ttl")
}

/// Returns an error if the token is not yet valid by the API's clock, else by the issuer's,
/// and will not be within the skew. Another token would be no better.
pub(super) fn too_early(
    validity: &TokenValidity,
    now: &Reading,
    skew: SignedDuration,
) -> Option<Error> {
    let early = human(validity.time_until_valid(now).filter(|early| *early > skew)?);
    let lead = validity.lead().map_or_else(|| "behind that".to_owned(), |lead| lead.to_string());
    let error = if validity.api_clock.is_some() {
        Error::new(Kind::ApiRefused, "token not yet valid by the API's clock").with_cause(format!(
            "the API's clock is {lead} of the issuer's: there, a new token is valid only in \
             {early} (nbf or iat)"
        ))
    } else {
        Error::new(Kind::ApiRefused, "token not yet valid by the issuer's own clock")
            .with_cause(format!("a new token is valid only in {early} (nbf or iat)"))
    };
    let hint = "gc-token waits at most --skew for a token to become valid: raise it, or correct \
                the clocks";
    Some(error.with_hint(hint))
}

/// Returns a warning if neither remote clock is known, and the token is not yet valid by the
/// local one.
pub(super) fn maybe_too_early(
    validity: &TokenValidity,
    now: &Reading,
    skew: SignedDuration,
) -> Option<String> {
    let early = validity.not_before?.duration_since(now.wall);
    (validity.time_until_valid(now).is_none() && early > skew).then(|| {
        format!(
            "by the local clock the token is valid only in {} (nbf or iat), and neither the \
             issuer's clock nor the API's is known: the API may reject it until then",
            human(early)
        )
    })
}

pub(super) fn rejected(validity: &TokenValidity) -> Error {
    let error = Error::new(Kind::ApiRefused, "the API rejects new tokens of this issuer");
    let lifetime = human(validity.initial_lifetime);
    match validity.lead() {
        Some(lead) if lead.min >= validity.lifetime => error
            .with_cause(format!(
                "the API's clock is {lead} of the issuer's, and tokens live {lifetime}: they \
                 arrive expired"
            ))
            .with_hint(TOKEN_DURATION_HINT),
        Some(lead) => error
            .with_cause(format!(
                "HTTP 401; the API's clock is {lead} of the issuer's, which alone does not \
                 expire a token that lives {lifetime}"
            ))
            .with_hint(CLIENT_HINT),
        None => error
            .with_cause("HTTP 401; the API's clock could not be compared with the issuer's")
            .with_hint(CLIENT_HINT),
    }
}

pub(super) const GETTING_A_TOKEN: &str = "getting a token";

pub(super) fn waiting_for_lock(holder: &str) -> String {
    format!("waiting for {holder}, which is minting")
}

pub(super) fn took_token(holder: &str, waited: Duration) -> String {
    format!("using the token that {holder} has minted, after a wait of {}", human_wait(waited))
}

pub(super) fn lock_holder(entry: &Entry<'_>) -> String {
    let holder = entry.holder().map(|pid| format!("process {pid}"));
    holder.unwrap_or_else(|| "another process".to_owned())
}

fn human_wait(waited: Duration) -> String {
    human(SignedDuration::try_from(waited).unwrap_or(SignedDuration::MAX))
}

pub(super) fn lock_timed_out(timeout: Duration, entry: &Entry<'_>) -> Error {
    let waited = human_wait(timeout);
    let holder = lock_holder(entry);
    Error::new(Kind::Cache, format!("waited {waited} for {holder}, which is minting"))
        .with_cause(format!("it holds the lock of {}", entry.file().display()))
        .with_hint(
            "check whether it hangs; wait longer with --lock-timeout, or do without a cache: \
             --no-cache",
        )
}
