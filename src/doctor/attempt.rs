//! A token, got as a pipeline gets it, and shown to the API.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Finding, Topic, clocks};
use crate::api::Opinion;
use crate::broker::{Broker, Given, How, Network, Remote};
use crate::cache::{self, Lookup, Slot};
use crate::clock::Reading;
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::settings::{Settings, Verify};
use crate::token::{AccessToken, Demand, MinTtl, Stamp, Verdict};
use crate::world::{Talk, World};

/// How long a mint may take here, and how long another process's may: a report
/// that does not come is of no use.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same where the issuer has just given no answer at all.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

/// Looks into the cache, gets a token, and asks the API about it.
pub(super) fn findings(
    mut settings: Settings,
    issuer_answers: bool,
    world: &World,
) -> Vec<Finding> {
    let patience = match issuer_answers {
        true => PATIENCE,
        false => LITTLE_PATIENCE,
    };
    settings.network.timeout = settings.network.timeout.min(patience);
    settings.cache.lock_timeout = settings.cache.lock_timeout.min(patience);
    let mut findings = Vec::new();
    if let Ok(lookup) = lookup(&settings) {
        findings.extend(cached(&lookup, &settings.demand, &world.clock.read()));
    }
    let mut given = get(&settings, world, &mut findings);
    if let Err(error) = &given {
        let error = error.clone();
        findings.push(Finding::failure(Topic::Token, &error));
        if error.kind == Kind::Cache {
            settings.cache.dir = None;
            given = get(&settings, world, &mut findings);
            findings.push(without_cache(given.as_ref().err()));
        }
    }
    if let Ok(given) = given {
        let now = world.clock.read();
        findings.push(got(&given, &now));
        findings.push(lifetime(&settings.demand, &given.token.stamp));
        findings.push(accepted(&settings, &given.token.access_token, world));
    }
    findings
}

fn lookup(settings: &Settings) -> Result<Lookup> {
    match &settings.cache.dir {
        None => Ok(Lookup::Absent),
        Some(dir) => Slot::new(dir, settings, cache::seal_of(settings)?).read(),
    }
}

fn cached(lookup: &Lookup, demand: &Demand, now: &Reading) -> Vec<Finding> {
    match lookup {
        Lookup::Absent => vec![Finding::ok(Topic::Token, "no token was cached")],
        Lookup::Unusable(why) => {
            vec![Finding::note(Topic::Token, format!("the cached entry is not used: {why}"))]
        }
        Lookup::Found(token) => {
            let verdict = demand.judge(&token.stamp, now);
            let what = format!("the cached token is {verdict}");
            let finding = match verdict {
                Verdict::Fresh { .. } => Finding::ok(Topic::Token, what),
                Verdict::Stale(_) => Finding::note(Topic::Token, what),
            };
            vec![finding, clocks::steps(&token.stamp, now)]
        }
    }
}

/// The call that every verb makes. What it warns of is found, too.
fn get(settings: &Settings, world: &World, findings: &mut Vec<Finding>) -> Result<Given> {
    let (talk, warnings) = Talk::collected();
    let remote = remote(settings, world, &talk);
    let given = Broker { settings, remote: &remote, clock: &*world.clock, talk: &talk }.get();
    let warnings = warnings.take();
    findings.extend(warnings.into_iter().map(|warning| Finding::warning(Topic::Token, warning)));
    given
}

fn remote<'a>(settings: &'a Settings, world: &'a World, talk: &'a Talk) -> Network<'a> {
    Network { settings, env: &world.env, clock: &*world.clock, talk }
}

fn without_cache(error: Option<&Error>) -> Finding {
    match error {
        None => Finding::note(Topic::Token, "without the cache, a token can be had")
            .hint("mend the cache, or go without it: --no-cache"),
        Some(error) => Finding::failure(Topic::Token, error),
    }
}

fn got(given: &Given, now: &Reading) -> Finding {
    let left = given.token.stamp.remaining(now).unwrap_or_default();
    let left = human(left);
    match given.how {
        How::Cached => Finding::ok(Topic::Token, format!("it is reused: {left} left")),
        How::Minted => Finding::ok(Topic::Token, format!("a new one was made: {left} left")),
        How::Makeshift => Finding::warning(
            Topic::Token,
            format!("the cached one is made do with, since no other can be had: {left} left"),
        ),
    }
}

/// Where the lifetime of tokens is set.
const TOKEN_DURATION: &str =
    "raise the OAuth client's 'Token Duration', or lower --min-ttl or --skew";

fn lifetime(demand: &Demand, stamp: &Stamp) -> Finding {
    let (skew, wanted) = (demand.skew_for(stamp), demand.wanted(stamp));
    let what = format!(
        "new tokens live {}; {} of it are wanted after a skew of {}",
        human(stamp.whole),
        human(wanted),
        human(skew)
    );
    let default = match demand.min_ttl {
        MinTtl::Default(default) => default,
        MinTtl::Explicit(_) => SignedDuration::ZERO,
    };
    // From here on, half of all calls make a new one.
    let usable = stamp.whole.saturating_sub(skew);
    if wanted < default || wanted > usable / 2 {
        Finding::note(Topic::Token, what).hint(TOKEN_DURATION)
    } else {
        Finding::ok(Topic::Token, what)
    }
}

fn accepted(settings: &Settings, token: &AccessToken, world: &World) -> Finding {
    let Some(url) = &settings.issuer.api_url else {
        let what = "no API is known that could be asked about it";
        return Finding::note(Topic::Token, what).hint("--region or --api-url names one");
    };
    let (talk, _) = Talk::collected();
    let failed =
        |kind, cause: String| Error::new(kind, "the API does not accept the token").why(cause);
    let error = match remote(settings, world, &talk).ask_api(token).map(|answer| answer.opinion) {
        Ok(Opinion::Accepted) => {
            return Finding::ok(Topic::Token, "the API accepts it");
        }
        Ok(Opinion::Refused) => failed(Kind::ApiRefused, "HTTP 401".into()).hint(format!(
            "check that {} and {url} belong to one region, and that the client is active",
            settings.issuer.token_url
        )),
        Ok(Opinion::Unclear(429)) => failed(Kind::RateLimited, "HTTP 429: too many calls".into())
            .hint("try again in a minute"),
        Ok(Opinion::Unclear(status)) => failed(Kind::Unavailable, format!("HTTP {status}"))
            .hint("check --api-url; a proxy or the API itself may have a problem"),
        Err(error) => error,
    };
    match settings.verify {
        // Then it may be meant not to be reached from here.
        Verify::Never if error.kind == Kind::Unavailable => Finding::trouble(Topic::Token, &error),
        _ => Finding::failure(Topic::Token, &error),
    }
}
