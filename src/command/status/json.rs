//! Renders `status --json`. Durations and offsets are in seconds.

use serde_json::{Value, json};

use super::StatusReport;
use crate::broker::messages;
use crate::cache::Lookup;
use crate::clock::{Offset, OffsetEstimate};
use crate::config::StoreSettings;
use crate::text::shown;
use crate::token::{Age, ClockRow, Explanation, MinTtl, TokenValidity, Verdict};

impl StatusReport<'_> {
    pub(super) fn to_json(&self) -> Value {
        let policy = &self.settings.freshness;
        let (min_ttl, explicit) = match policy.min_ttl {
            MinTtl::Explicit(min_ttl) => (min_ttl, true),
            MinTtl::Default(min_ttl) => (min_ttl, false),
        };
        let mut report = json!({
            "client_id": shown::plain(&self.settings.client.id),
            "token_url": shown::url(&self.settings.issuer.token_url),
            "file": self.file,
            "not_cached": self.cache_error.map(messages::not_cached),
            "store": self.settings.store.as_ref().map(store_json),
            "further_slots": self.further_slots,
            "cached": matches!(self.lookup, Lookup::Found(_)),
            "fresh": false,
            "skew": policy.skew.as_secs_f64(),
            "min_ttl": min_ttl.as_secs_f64(),
            "min_ttl_is_explicit": explicit,
            "idle_timeout": policy.idle_timeout.map(|timeout| timeout.duration().as_secs_f64()),
        });
        match self.lookup {
            Lookup::Absent => report["why"] = "nothing is cached".into(),
            Lookup::Unusable(why) => report["why"] = why.as_str().into(),
            Lookup::Found(token) => self.add_token(&token.validity, &mut report),
        }
        report
    }

    fn add_token(&self, validity: &TokenValidity, report: &mut Value) {
        let policy = &self.settings.freshness;
        let verdict = policy.judge(validity, self.now);
        let explanation = Explanation::of(policy, validity, self.now);
        report["fresh"] = matches!(verdict, Verdict::Fresh { .. }).into();
        report["why"] = verdict.to_string().into();
        report["lifetime"] = validity.initial_lifetime.as_secs_f64().into();
        report["expires_at"] = validity.expires_at().to_string().into();
        let unused = Age::of(validity.last_used(), self.now).ok();
        report["unused"] = unused.map(|age| age.elapsed().as_secs_f64()).into();
        report["wanted"] = explanation.required_ttl.as_secs_f64().into();
        report["issuer_offset"] = self.current_offset(&validity.issuer_clock);
        report["api_offset"] = self.current_offset(&validity.api_clock);
        report["api_lead"] = bounds(validity.lead());
        report["skew_learned"] = explanation.lead.map(|lead| lead.as_secs_f64()).into();
        report["skew_taken_off"] = policy.effective_skew(validity).as_secs_f64().into();
        report["evidence"] = explanation.rows.iter().map(evidence_row).collect();
    }

    fn current_offset(&self, clock: &Option<OffsetEstimate>) -> Value {
        bounds(clock.as_ref().and_then(|clock| clock.offset_at(self.now)))
    }
}

fn store_json(store: &StoreSettings) -> Value {
    json!({
        "location": store.location.to_string(),
        "origin": store.origin,
        "required": store.is_required,
        "timeout": store.timeout.as_secs_f64(),
    })
}

fn bounds(offset: Option<Offset>) -> Value {
    let pair = |offset: Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
    offset.map_or(Value::Null, pair)
}

fn evidence_row(row: &ClockRow) -> Value {
    json!({
        "clock": row.clock.label(),
        "remaining": row.remaining.as_secs_f64(),
        "taken_off": row.deducted.as_secs_f64(),
        "rest": row.after_skew.as_secs_f64(),
        "decides": row.decides,
    })
}
