//! `status` for people: what is cached, then the verdict's arithmetic.

use jiff::SignedDuration;

use super::Report;
use crate::broker::messages;
use crate::cache::Lookup;
use crate::config::{Origin, Setting, Settings, Verify, table};
use crate::duration::human;
use crate::sanitize;
use crate::text::shown;
use crate::token::{Age, Arithmetic, MinTtl, Row, Stale, Stamp, Verdict, Witness};

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
            Lookup::Found(token) => text + &self.found(&token.stamp),
        }
    }

    fn found(&self, stamp: &Stamp) -> String {
        let demand = &self.settings.demand;
        let arithmetic = Arithmetic::of(demand, stamp, self.now);
        let verdict = demand.judge(stamp, self.now);
        let would = would(&verdict, self.settings, stamp);
        let lifetime = format!("{} from the request", human(stamp.whole));
        let expires = format!("{} by the issuer's clock", stamp.expires_at());
        let mut lines = vec![line("lifetime", &lifetime), line("expires", &expires)];
        lines.extend(self.clocks(stamp));
        lines.push(line("skew", &self.skew(&arithmetic)));
        lines.push(line("wanted", &self.wanted()));
        lines.extend(self.used(stamp).map(|used| line("used", &used)));
        if !arithmetic.rows.is_empty() {
            lines.push("\n".to_owned());
            lines.push(cells(["evidence", "left", "less skew", "rest"], ""));
            lines.extend(arithmetic.rows.iter().map(row));
            lines.push("\n".to_owned());
        }
        lines.push(line("verdict", &format!("{verdict}: {would}")));
        lines.concat()
    }

    /// When the token was used last, where that matters.
    fn used(&self, stamp: &Stamp) -> Option<String> {
        let timeout = human(self.settings.demand.idle_timeout?.whole());
        let unused = match Age::of(stamp.last_used(), self.now) {
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
    fn skew(&self, arithmetic: &Arithmetic) -> String {
        let (skew, origin) = (exact(arithmetic.skew), self.origin(&table::SKEW));
        match arithmetic.learned {
            Some(learned) if learned > arithmetic.skew => {
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
    fn clocks(&self, stamp: &Stamp) -> Vec<String> {
        let seen = [("issuer's", &stamp.issuer), ("API's", &stamp.api)];
        let seen = seen.into_iter().filter_map(|(name, clock)| {
            let offset = clock.as_ref()?.seen_from(self.now)?;
            Some(format!("the {name} is {offset} of this machine's"))
        });
        let lead = stamp.lead();
        let lead = lead.map(|lead| format!("the API's is {lead} of the issuer's"));
        let mut names = ["clocks"].into_iter().chain(std::iter::repeat(""));
        seen.chain(lead).map(|text| line(names.next().unwrap_or_default(), &text)).collect()
    }

    fn wanted(&self) -> String {
        match self.settings.demand.min_ttl {
            MinTtl::Explicit(min_ttl) => {
                format!("{}, {}", human(min_ttl), self.origin(&table::MIN_TTL))
            }
            MinTtl::Default(min_ttl) => match self.lookup {
                Lookup::Found(token) => {
                    let wanted = human(self.settings.demand.wanted(&token.stamp));
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
fn would(verdict: &Verdict, settings: &Settings, stamp: &Stamp) -> &'static str {
    let (verify, has_api) = (settings.verify, settings.issuer.api_url.is_some());
    match verdict {
        Verdict::Fresh { .. } if verify == Verify::Always => {
            "would be reused if the API accepts it (--verify always)"
        }
        Verdict::Fresh { .. } => "would be reused",
        Verdict::Stale(Stale::Idle { .. }) => match has_api && verify != Verify::Never {
            true => "would be reused if the API accepts it, else would mint",
            false => "would mint",
        },
        Verdict::Stale(why) if why.is_doubtful() && stamp.ends.is_some() => {
            "would be reused if the API or the issuer's clock shows that it lives, else would mint"
        }
        Verdict::Stale(_) => "would mint",
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<12}{}\n", sanitize::line(value))
}

fn row(row: &Row) -> String {
    let at_least = match row.witness {
        Witness::Boot | Witness::Wall => "",
        Witness::Issuer | Witness::Api => ">= ",
    };
    let left = format!("{at_least}{}", human(row.left));
    let decides = if row.decides { "decides" } else { "" };
    cells([row.witness.name(), &left, &exact(row.taken_off), &human(row.rest)], decides)
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
