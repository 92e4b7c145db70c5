//! `status`: what is cached, and whether it would be reused. No network.

use serde_json::{Value, json};

use super::{layers, print};
use crate::cache::{self, Lookup, Slot};
use crate::clock::{Measure, Offset, Reading};
use crate::duration::human;
use crate::error::Result;
use crate::settings::{self, Flags, Query, Settings, names};
use crate::token::{Age, Evidence, MinTtl, Stamp, Verdict};
use crate::world::World;

pub(super) fn run(flags: Flags, world: &mut World) -> Result<()> {
    let layers = layers(flags, Query::default(), world)?;
    let settings = settings::resolve(&layers, world)?;
    let now = world.clock.read();
    let (lookup, file) = match &settings.cache.dir {
        None => (Lookup::Absent, None),
        Some(dir) => {
            let slot = Slot::new(dir, &settings, cache::seal_of(&settings)?);
            (slot.read()?, Some(slot.file().display().to_string()))
        }
    };
    let report = Report {
        settings: &settings,
        lookup: &lookup,
        file: file.as_deref(),
        now: &now,
    };
    let text = match layers.switch(&names::JSON)? {
        true => format!("{}\n", report.json()),
        false => report.table(),
    };
    print(world, text.as_bytes())
}

struct Report<'a> {
    settings: &'a Settings,
    lookup: &'a Lookup,
    file: Option<&'a str>,
    now: &'a Reading,
}

impl Report<'_> {
    /// For people: a name and a value on each line.
    fn table(&self) -> String {
        let mut lines = vec![
            ("client", self.settings.client.id.clone()),
            ("issuer", self.settings.issuer.token_url.clone()),
            ("cache", self.file.unwrap_or("none (--no-cache)").to_owned()),
            ("demand", self.demand()),
        ];
        match self.lookup {
            Lookup::Absent => lines.push(("verdict", "nothing is cached: would mint".into())),
            Lookup::Unusable(why) => lines.push(("verdict", format!("would mint: {why}"))),
            Lookup::Found(token) => self.found(&token.stamp, &mut lines),
        }
        lines
            .iter()
            .map(|(name, value)| format!("{name:<12}{value}\n"))
            .collect()
    }

    fn found(&self, stamp: &Stamp, lines: &mut Vec<(&str, String)>) {
        lines.push((
            "lifetime",
            format!("{} from the request", human(stamp.whole)),
        ));
        lines.push((
            "expires",
            format!("{} by the issuer's clock", stamp.expires_at()),
        ));
        for (name, clock) in [("issuer", &stamp.issuer), ("API", &stamp.api)] {
            if let Some(offset) = clock.as_ref().and_then(|clock| clock.seen_from(self.now)) {
                lines.push((
                    "clock",
                    format!("the {name}'s is {offset} of this machine's"),
                ));
            }
        }
        if let Some(lead) = stamp.lead() {
            lines.push(("clock", format!("the API's is {lead} of the issuer's")));
        }
        if let Ok(age) = Age::of(&stamp.sent, self.now) {
            for (clock, evidence, elapsed) in evidence(&age) {
                let decides = if age.by() == evidence {
                    ", decides"
                } else {
                    ""
                };
                let left = human(stamp.lifetime.saturating_sub(elapsed));
                lines.push((clock, format!("{left} left{decides}")));
            }
        }
        let verdict = self.settings.demand.judge(stamp, self.now);
        let would = match verdict {
            Verdict::Fresh { .. } => "would be reused",
            Verdict::Stale(_) => "would mint",
        };
        lines.push(("verdict", format!("{verdict}: {would}")));
    }

    fn demand(&self) -> String {
        let demand = &self.settings.demand;
        let min_ttl = match demand.min_ttl {
            MinTtl::Explicit(min_ttl) => human(min_ttl),
            MinTtl::Default(min_ttl) => {
                format!("{} or half of what a new token offers", human(min_ttl))
            }
        };
        format!("min-ttl {min_ttl}, after a skew of {}", human(demand.skew))
    }

    /// For programs. Durations are in seconds.
    fn json(&self) -> Value {
        let demand = &self.settings.demand;
        let (min_ttl, explicit) = match demand.min_ttl {
            MinTtl::Explicit(min_ttl) => (min_ttl, true),
            MinTtl::Default(min_ttl) => (min_ttl, false),
        };
        let mut report = json!({
            "client_id": self.settings.client.id,
            "token_url": self.settings.issuer.token_url,
            "file": self.file,
            "cached": matches!(self.lookup, Lookup::Found(_)),
            "fresh": false,
            "skew": demand.skew.as_secs_f64(),
            "min_ttl": min_ttl.as_secs_f64(),
            "min_ttl_is_explicit": explicit,
        });
        match self.lookup {
            Lookup::Absent => report["why"] = "nothing is cached".into(),
            Lookup::Unusable(why) => report["why"] = why.as_str().into(),
            Lookup::Found(token) => self.found_json(&token.stamp, &mut report),
        }
        report
    }

    fn found_json(&self, stamp: &Stamp, report: &mut Value) {
        let verdict = self.settings.demand.judge(stamp, self.now);
        report["fresh"] = matches!(verdict, Verdict::Fresh { .. }).into();
        report["why"] = verdict.to_string().into();
        report["lifetime"] = stamp.whole.as_secs_f64().into();
        report["expires_at"] = stamp.expires_at().to_string().into();
        report["wanted"] = self.settings.demand.wanted(stamp).as_secs_f64().into();
        let seconds = |offset: Option<Offset>| {
            let ends = |offset: Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
            offset.map_or(Value::Null, ends)
        };
        let seen = |clock: &Option<Measure>| -> Option<Value> {
            Some(seconds(clock.as_ref()?.seen_from(self.now)))
        };
        report["issuer_offset"] = seen(&stamp.issuer).unwrap_or_default();
        report["api_offset"] = seen(&stamp.api).unwrap_or_default();
        report["api_lead"] = seconds(stamp.lead());
        report["skew_taken_off"] = self.settings.demand.skew_for(stamp).as_secs_f64().into();
        if let Ok(age) = Age::of(&stamp.sent, self.now) {
            report["evidence"] = evidence(&age)
                .map(|(clock, evidence, elapsed)| {
                    json!({
                        "clock": clock,
                        "remaining": (stamp.lifetime.saturating_sub(elapsed)).as_secs_f64(),
                        "decides": age.by() == evidence,
                    })
                })
                .into_iter()
                .collect();
        }
    }
}

/// What each clock says of the token's age.
fn evidence(age: &Age) -> [(&'static str, Evidence, jiff::SignedDuration); 2] {
    [
        ("boot clock", Evidence::BootClock, age.boot),
        ("wall clock", Evidence::WallClock, age.wall),
    ]
}
