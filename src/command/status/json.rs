//! `status --json`. Durations and offsets are in seconds.

use serde_json::{Value, json};

use super::Report;
use crate::broker::messages;
use crate::cache::Lookup;
use crate::clock::{Measure, Offset};
use crate::text::shown;
use crate::token::{Age, Arithmetic, MinTtl, Row, Stamp, Verdict};

impl Report<'_> {
    /// For programs.
    pub(super) fn json(&self) -> Value {
        let demand = &self.settings.demand;
        let (min_ttl, explicit) = match demand.min_ttl {
            MinTtl::Explicit(min_ttl) => (min_ttl, true),
            MinTtl::Default(min_ttl) => (min_ttl, false),
        };
        let mut report = json!({
            "client_id": shown::plain(&self.settings.client.id),
            "token_url": shown::url(&self.settings.issuer.token_url),
            "file": self.file,
            "not_cached": self.trouble.map(messages::not_cached),
            "cached": matches!(self.lookup, Lookup::Found(_)),
            "fresh": false,
            "skew": demand.skew.as_secs_f64(),
            "min_ttl": min_ttl.as_secs_f64(),
            "min_ttl_is_explicit": explicit,
            "idle_timeout": demand.idle_timeout.map(|timeout| timeout.whole().as_secs_f64()),
        });
        match self.lookup {
            Lookup::Absent => report["why"] = "nothing is cached".into(),
            Lookup::Unusable(why) => report["why"] = why.as_str().into(),
            Lookup::Found(token) => self.found_json(&token.stamp, &mut report),
        }
        report
    }

    fn found_json(&self, stamp: &Stamp, report: &mut Value) {
        let demand = &self.settings.demand;
        let verdict = demand.judge(stamp, self.now);
        let arithmetic = Arithmetic::of(demand, stamp, self.now);
        report["fresh"] = matches!(verdict, Verdict::Fresh { .. }).into();
        report["why"] = verdict.to_string().into();
        report["lifetime"] = stamp.whole.as_secs_f64().into();
        report["expires_at"] = stamp.expires_at().to_string().into();
        let unused = Age::of(stamp.last_used(), self.now).ok();
        report["unused"] = unused.map(|age| age.elapsed().as_secs_f64()).into();
        report["wanted"] = arithmetic.wanted.as_secs_f64().into();
        report["issuer_offset"] = self.seen(&stamp.issuer);
        report["api_offset"] = self.seen(&stamp.api);
        report["api_lead"] = ends(stamp.lead());
        report["skew_learned"] = arithmetic.learned.map(|lead| lead.as_secs_f64()).into();
        report["skew_taken_off"] = demand.skew_for(stamp).as_secs_f64().into();
        report["evidence"] = arithmetic.rows.iter().map(row).collect();
    }

    fn seen(&self, clock: &Option<Measure>) -> Value {
        ends(clock.as_ref().and_then(|clock| clock.seen_from(self.now)))
    }
}

fn ends(offset: Option<Offset>) -> Value {
    let ends = |offset: Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
    offset.map_or(Value::Null, ends)
}

fn row(row: &Row) -> Value {
    json!({
        "clock": row.witness.name(),
        "remaining": row.left.as_secs_f64(),
        "taken_off": row.taken_off.as_secs_f64(),
        "rest": row.rest.as_secs_f64(),
        "decides": row.decides,
    })
}
