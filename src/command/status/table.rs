//! Renders `status` as text: the cached token, then the calculation behind the verdict.

use jiff::SignedDuration;

use super::StatusReport;
use crate::broker::messages;
use crate::cache::Lookup;
use crate::config::{Origin, Setting, Settings, Verify, table};
use crate::duration::human;
use crate::sanitize;
use crate::text::{counted, shown};
use crate::token::{
    Age, ClockName, ClockRow, Explanation, MinTtl, StaleReason, TokenValidity, Verdict,
};

impl StatusReport<'_> {
    pub(super) fn to_text(&self) -> String {
        let file = self.file.map_or_else(|| self.cache_location(), str::to_owned);
        let mut text = [
            line("client", &shown::plain(&self.settings.client.id)),
            line("issuer", &shown::url(&self.settings.issuer.token_url)),
            line("cache", &file),
        ]
        .concat();
        text += &self.store_lines();
        if !self.further_slots.is_empty() {
            let tokens = counted(self.further_slots.len(), "more token");
            text += &line("pool", &format!("{tokens} of this client: see 'gc-token cache list'"));
        }
        match self.lookup {
            Lookup::Absent => {
                text += &line("wanted", &self.required_ttl_text());
                text + &line("verdict", "nothing is cached: would mint")
            }
            Lookup::Unusable(why) => {
                text += &line("wanted", &self.required_ttl_text());
                text + &line("verdict", &format!("would mint: {why}"))
            }
            Lookup::Found(token) => text + &self.token_lines(&token.validity),
        }
    }

    /// Returns nothing if no store is set.
    fn store_lines(&self) -> String {
        let Some(given) = self.layers.find(&table::STORE) else {
            return String::new();
        };
        let Some(store) = &self.settings.store else {
            return line("store", &format!("none, {}", self.origin_text(&table::NO_STORE)));
        };
        let origin = match &given.origin {
            // 'config show' has the file.
            Origin::Profile { profile, .. } => format!("profile {:?}", shown::plain(profile)),
            origin => origin.to_string(),
        };
        let required = if store.is_required { ", and has to answer" } else { "" };
        let asked = format!("from {origin}, asked before a mint{required}");
        line("store", &store.location.to_string()) + &line("", &asked)
    }

    fn token_lines(&self, validity: &TokenValidity) -> String {
        let policy = &self.settings.freshness;
        let explanation = Explanation::of(policy, validity, self.now);
        let verdict = policy.judge(validity, self.now);
        let outcome = predicted_outcome(&verdict, self.settings, validity);
        let lifetime = format!("{} from the request", human(validity.initial_lifetime));
        let expires = format!("{} by the issuer's clock", validity.expires_at());
        let mut lines = vec![line("lifetime", &lifetime), line("expires", &expires)];
        lines.extend(self.clock_lines(validity));
        lines.push(line("skew", &self.skew_text(&explanation)));
        lines.push(line("wanted", &self.required_ttl_text()));
        lines.extend(self.last_use(validity).map(|used| line("used", &used)));
        if !explanation.rows.is_empty() {
            lines.push("\n".to_owned());
            lines.push(table_row(["evidence", "left", "less skew", "rest"], ""));
            lines.extend(explanation.rows.iter().map(evidence_row));
            lines.push("\n".to_owned());
        }
        lines.push(line("verdict", &format!("{verdict}: {outcome}")));
        lines.concat()
    }

    fn last_use(&self, validity: &TokenValidity) -> Option<String> {
        let timeout = human(self.settings.freshness.idle_timeout?.duration());
        let unused = match Age::of(validity.last_used(), self.now) {
            Ok(age) => format!("{} ago, as far as is known", human(age.elapsed())),
            Err(_) => "not known on this boot".to_owned(),
        };
        let origin = self.origin_text(&table::IDLE_TIMEOUT);
        Some(format!("{unused}; idle timeout {timeout}, {origin}"))
    }

    fn cache_location(&self) -> String {
        let cache_error = || self.cache_error.map(messages::not_cached);
        match self.layers.find(&table::NO_CACHE) {
            Some(given) => format!("none, from {}", given.origin),
            None => cache_error().unwrap_or_else(|| "none".to_owned()),
        }
    }

    fn origin_text(&self, setting: &'static Setting) -> String {
        let given = self.layers.find(setting);
        given.map_or_else(|| "by default".to_owned(), |given| format!("from {}", given.origin))
    }

    fn skew_text(&self, explanation: &Explanation) -> String {
        let (skew, origin) = (with_tenths(explanation.skew), self.origin_text(&table::SKEW));
        match explanation.lead {
            Some(learned) if learned > explanation.skew => {
                format!(
                    "{}: the API may be that far ahead of the issuer, more than the {skew} {origin}",
                    with_tenths(learned)
                )
            }
            Some(_) => format!("{skew}, {origin}: the API is ahead of the issuer by no more"),
            None => format!("{skew}, {origin}"),
        }
    }

    fn clock_lines(&self, validity: &TokenValidity) -> Vec<String> {
        let clocks = [("issuer's", &validity.issuer_clock), ("API's", &validity.api_clock)];
        let offsets = clocks.into_iter().filter_map(|(name, clock)| {
            let offset = clock.as_ref()?.offset_at(self.now)?;
            Some(format!("the {name} is {offset} of this machine's"))
        });
        let lead = validity.lead().map(|lead| format!("the API's is {lead} of the issuer's"));
        let mut names = ["clocks"].into_iter().chain(std::iter::repeat(""));
        offsets.chain(lead).map(|text| line(names.next().unwrap_or_default(), &text)).collect()
    }

    fn required_ttl_text(&self) -> String {
        match self.settings.freshness.min_ttl {
            MinTtl::Explicit(min_ttl) => {
                format!("{}, {}", human(min_ttl), self.origin_text(&table::MIN_TTL))
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

fn predicted_outcome(
    verdict: &Verdict,
    settings: &Settings,
    validity: &TokenValidity,
) -> &'static str {
    let (verify, has_api) = (settings.verify, settings.issuer.api_url.is_some());
    match verdict {
        Verdict::Fresh { .. } if verify == Verify::Always => {
            "would be reused if the API accepts it (--verify always)"
        }
        Verdict::Fresh { .. } => "would be reused",
        Verdict::Stale(StaleReason::Idle { .. }) if has_api && verify != Verify::Never => {
            "would be reused if the API accepts it, else would mint"
        }
        Verdict::Stale(StaleReason::Idle { .. }) => "would mint",
        Verdict::Stale(why) if why.can_be_revalidated() && validity.issuer_expiry.is_some() => {
            "would be reused if the API or the issuer's clock shows that it is valid, else would mint"
        }
        Verdict::Stale(_) => "would mint",
    }
}

pub(super) const LABEL_COLUMNS: usize = 12;

fn line(name: &str, value: &str) -> String {
    format!("{name:<LABEL_COLUMNS$}{}\n", sanitize::line(value))
}

fn evidence_row(row: &ClockRow) -> String {
    let at_least = match row.clock {
        ClockName::Boot | ClockName::Wall => "",
        ClockName::Issuer | ClockName::Api => ">= ",
    };
    let left = format!("{at_least}{}", human(row.remaining));
    let decides = if row.decides { "decides" } else { "" };
    table_row(
        [row.clock.label(), &left, &with_tenths(row.deducted), &human(row.after_skew)],
        decides,
    )
}

/// Keeps tenths of a second, so that the columns of the table add up.
fn with_tenths(skew: SignedDuration) -> String {
    match skew.subsec_nanos() {
        0 => human(skew),
        _ => format!("{:.1}s", skew.as_secs_f64()),
    }
}

fn table_row([name, left, skew, rest]: [&str; 4], mark: &str) -> String {
    let row = format!("{name:<16}{left:>16}{skew:>12}{rest:>14}  {mark}");
    format!("{}\n", row.trim_end())
}
