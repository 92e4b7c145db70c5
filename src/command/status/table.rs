//! `status` for people: what is cached, then the verdict's arithmetic.

use jiff::SignedDuration;

use super::Report;
use crate::broker::messages;
use crate::cache::Lookup;
use crate::config::{Origin, Setting, Settings, Verify, table};
use crate::duration::human;
use crate::sanitize;
use crate::text::shown;
use crate::token::{
    Age, ClockName, ClockRow, Explanation, MinTtl, StaleReason, TokenValidity, Verdict,
};

impl Report<'_> {
    /// A name and a value on each line, and a table of the evidence.
    pub(super) fn table(&self) -> String {
        let file = self.file.map_or_else(|| self.no_cache(), str::to_owned);
        let mut text = [
            line("client", &shown::plain(&self.settings.client.id)),
            line("issuer", &shown::url(&self.settings.issuer.token_url)),
            line("cache", &file),
        ]
        .concat();
        match self.lookup {
            Lookup::Absent => {
                text += &line("wanted", &self.wanted());
                text + &line("verdict", "nothing is cached: would mint")
            }
            Lookup::Unusable(why) => {
                text += &line("wanted", &self.wanted());
                text + &line("verdict", &format!("would mint: {why}"))
            }
            Lookup::Found(token) => text + &self.found(&token.validity),
        }
    }

    fn found(&self, validity: &TokenValidity) -> String {
        let policy = &self.settings.freshness;
        let explanation = Explanation::of(policy, validity, self.now);
        let verdict = policy.judge(validity, self.now);
        let would = would(&verdict, self.settings, validity);
        let lifetime = format!("{} from the request", human(validity.initial_lifetime));
        let expires = format!("{} by the issuer's clock", validity.expires_at());
        let mut lines = vec![line("lifetime", &lifetime), line("expires", &expires)];
        lines.extend(self.clocks(validity));
        lines.push(line("skew", &self.skew(&explanation)));
        lines.push(line("wanted", &self.wanted()));
        lines.extend(self.used(validity).map(|used| line("used", &used)));
        if !explanation.rows.is_empty() {
            lines.push("\n".to_owned());
            lines.push(cells(["evidence", "left", "less skew", "rest"], ""));
            lines.extend(explanation.rows.iter().map(row));
            lines.push("\n".to_owned());
        }
        lines.push(line("verdict", &format!("{verdict}: {would}")));
        lines.concat()
    }

    /// When the token was used last, where that matters.
    fn used(&self, validity: &TokenValidity) -> Option<String> {
        let timeout = human(self.settings.freshness.idle_timeout?.duration());
        let unused = match Age::of(validity.last_used(), self.now) {
            Ok(age) => format!("{} ago, as far as is known", human(age.elapsed())),
            Err(_) => "not known on this boot".to_owned(),
        };
        let origin = self.origin(&table::IDLE_TIMEOUT);
        Some(format!("{unused}; idle timeout {timeout}, {origin}"))
    }

    fn no_cache(&self) -> String {
        let trouble = || self.trouble.map(messages::not_cached);
        match self.layers.find(&table::NO_CACHE) {
            Some(given) => format!("none, {}", from(&given.origin)),
            None => trouble().unwrap_or_else(|| "none".to_owned()),
        }
    }

    /// The origin of a setting.
    fn origin(&self, setting: &'static Setting) -> String {
        let given = self.layers.find(setting);
        given.map_or_else(|| "by default".to_owned(), |given| from(&given.origin))
    }

    /// Which of the two is taken off, and why.
    fn skew(&self, explanation: &Explanation) -> String {
        let (skew, origin) = (exact(explanation.skew), self.origin(&table::SKEW));
        match explanation.lead {
            Some(learned) if learned > explanation.skew => {
                format!(
                    "{}: the API may be that far ahead of the issuer, more than the {skew} {origin}",
                    exact(learned)
                )
            }
            Some(_) => format!("{skew}, {origin}: the API is ahead of the issuer by no more"),
            None => format!("{skew}, {origin}"),
        }
    }

    /// How the clocks stand to each other, one below the other.
    fn clocks(&self, validity: &TokenValidity) -> Vec<String> {
        let seen = [("issuer's", &validity.issuer_clock), ("API's", &validity.api_clock)];
        let seen = seen.into_iter().filter_map(|(name, clock)| {
            let offset = clock.as_ref()?.offset_at(self.now)?;
            Some(format!("the {name} is {offset} of this machine's"))
        });
        let lead = validity.lead();
        let lead = lead.map(|lead| format!("the API's is {lead} of the issuer's"));
        let mut names = ["clocks"].into_iter().chain(std::iter::repeat(""));
        seen.chain(lead).map(|text| line(names.next().unwrap_or_default(), &text)).collect()
    }

    fn wanted(&self) -> String {
        match self.settings.freshness.min_ttl {
            MinTtl::Explicit(min_ttl) => {
                format!("{}, {}", human(min_ttl), self.origin(&table::MIN_TTL))
            }
            MinTtl::Default(min_ttl) => match self.lookup {
                Lookup::Found(token) => {
                    let wanted = human(self.settings.freshness.required_ttl(&token.validity));
                    let whole = human(min_ttl);
                    format!("{wanted}: {whole} or half of what a new token offers")
                }
                _ => format!("{} or half of what a new token offers", human(min_ttl)),
            },
        }
    }
}

fn from(origin: &Origin) -> String {
    format!("from {origin}")
}

/// Tells what `get` would do with a token of this verdict.
fn would(verdict: &Verdict, settings: &Settings, validity: &TokenValidity) -> &'static str {
    let (verify, has_api) = (settings.verify, settings.issuer.api_url.is_some());
    match verdict {
        Verdict::Fresh { .. } if verify == Verify::Always => {
            "would be reused if the API accepts it (--verify always)"
        }
        Verdict::Fresh { .. } => "would be reused",
        Verdict::Stale(StaleReason::Idle { .. }) => match has_api && verify != Verify::Never {
            true => "would be reused if the API accepts it, else would mint",
            false => "would mint",
        },
        Verdict::Stale(why) if why.can_be_revalidated() && validity.issuer_expiry.is_some() => {
            "would be reused if the API or the issuer's clock shows that it lives, else would mint"
        }
        Verdict::Stale(_) => "would mint",
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<12}{}\n", sanitize::line(value))
}

fn row(row: &ClockRow) -> String {
    let at_least = match row.clock {
        ClockName::Boot | ClockName::Wall => "",
        ClockName::Issuer | ClockName::Api => ">= ",
    };
    let left = format!("{at_least}{}", human(row.remaining));
    let decides = if row.decides { "decides" } else { "" };
    cells([row.clock.label(), &left, &exact(row.deducted), &human(row.after_skew)], decides)
}

/// With a tenth where there is one: cut to whole seconds, what is taken off
/// would not fit to what is left.
fn exact(skew: SignedDuration) -> String {
    match skew.subsec_nanos() {
        0 => human(skew),
        _ => format!("{:.1}s", skew.as_secs_f64()),
    }
}

fn cells([name, left, skew, rest]: [&str; 4], mark: &str) -> String {
    let row = format!("{name:<16}{left:>16}{skew:>12}{rest:>14}  {mark}");
    format!("{}\n", row.trim_end())
}
