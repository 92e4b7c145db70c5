//! The data source `gctoken_clock`: compares the clocks of issuer and API. It takes no
//! credentials and mints no token.

use jiff::SignedDuration;

use super::attributes;
use crate::clock::{Offset, OffsetEstimate};
use crate::config::{self, Layers};
use crate::context::Context;
use crate::duration::human;
use crate::error::Result;
use crate::net::Session;
use crate::oauth;
use crate::oauth::tokens_me::Api;
use crate::terraform::plugin::{
    AttributeSchema, BlockSchema, TerraformObject, TerraformValue, Type,
};

/// Arguments of the data source. The client secret is not among them, because Terraform stores
/// arguments of data sources in the state.
pub(super) const SETTINGS: [&str; 3] = ["profile", "region", "skew"];

#[derive(Debug)]
pub(super) struct ClockComparison {
    issuer: Option<OffsetEstimate>,
    api: Option<OffsetEstimate>,
    skew: SignedDuration,
}

pub(super) fn data_source_schema() -> BlockSchema {
    let block = BlockSchema::new(
        "How far the clocks of issuer and API are apart, measured anew by each plan, for a \
         `check` block to assert on. Holds nothing secret, takes no credentials and mints no token.",
    );
    let block = attributes::add_settings(block, &SETTINGS);
    let add_number = |block: BlockSchema, (name, description)| {
        block.with(AttributeSchema::computed(name, Type::Number, description))
    };
    NUMBERS
        .into_iter()
        .fold(block, add_number)
        .with(AttributeSchema::computed(
            "within_skew",
            Type::Bool,
            "Whether the API's clock is known to be ahead of the issuer's by no more than `skew`. \
             Null if one of the clocks could not be measured.",
        ))
        .with(AttributeSchema::computed(
            "verdict",
            Type::String,
            "A summary in one sentence, suitable for an `error_message`.",
        ))
        .with(AttributeSchema::computed(
            "measured_at",
            Type::String,
            "The time of the measurement, by this machine's clock (RFC 3339, UTC).",
        ))
}

const NUMBERS: [(&str, &str); 8] = [
    (
        "issuer_offset_min",
        "The issuer's clock is ahead of this machine's by at least this many seconds; negative when \
         it is behind.",
    ),
    (
        "issuer_offset_max",
        "The issuer's clock is ahead of this machine's by at most this many seconds.",
    ),
    ("api_offset_min", "The API's clock is ahead of this machine's by at least this many seconds."),
    ("api_offset_max", "The API's clock is ahead of this machine's by at most this many seconds."),
    ("api_lead_min", "The API's clock is ahead of the issuer's by at least this many seconds."),
    (
        "api_lead_max",
        "The API's clock is ahead of the issuer's by at most this many seconds: the part of a \
         token's life that the API may not honour.",
    ),
    (
        "uncertainty",
        "Half the width of the interval from `api_lead_min` to `api_lead_max`, in seconds. Servers \
         tell the time in whole seconds, so that it is about one second.",
    ),
    (
        "learned_skew",
        "The seconds that are subtracted from every token's lifetime: `skew`, or `api_lead_max` \
         if that is more.",
    ),
];

impl ClockComparison {
    /// # Errors
    /// `Configuration`, or `Unavailable` if the issuer cannot be reached. An API that cannot be
    /// reached is a warning.
    pub(super) fn measure(layers: &Layers, context: &Context) -> Result<ClockComparison> {
        let issuer = config::resolve_issuer(layers)?;
        let network = config::resolve_network(layers)?;
        let skew = config::resolve_skew(layers)?;
        let session = &Session::new(&network, context);
        let limit = network.timeout;
        let api = issuer.api_url.as_deref().map(|url| Api { url, session, limit });
        Ok(ClockComparison {
            issuer: oauth::measure_clock(session, &issuer, limit)?,
            api: api.and_then(|api| {
                let measured = api.measure_clock();
                measured.unwrap_or_else(|error| {
                    context.reporter.warn(&error.message);
                    None
                })
            }),
            skew,
        })
    }

    pub(super) fn computed_attributes(&self) -> TerraformObject {
        let offset =
            |measure: &Option<OffsetEstimate>| measure.as_ref().map(|measure| measure.offset);
        let (issuer, api, lead) = (offset(&self.issuer), offset(&self.api), self.api_lead());
        let learned = lead.map_or(self.skew, |lead| lead.max.max(self.skew));
        let measured_at = self.issuer.as_ref().or(self.api.as_ref());
        TerraformObject::default()
            .with("issuer_offset_min", as_seconds(issuer.map(|offset| offset.min)))
            .with("issuer_offset_max", as_seconds(issuer.map(|offset| offset.max)))
            .with("api_offset_min", as_seconds(api.map(|offset| offset.min)))
            .with("api_offset_max", as_seconds(api.map(|offset| offset.max)))
            .with("api_lead_min", as_seconds(lead.map(|offset| offset.min)))
            .with("api_lead_max", as_seconds(lead.map(|offset| offset.max)))
            .with("uncertainty", as_seconds(lead.map(|offset| offset.uncertainty())))
            .with("learned_skew", as_seconds(Some(learned)))
            .with("within_skew", lead.map(|offset| offset.max <= self.skew))
            .with("verdict", self.verdict_text())
            .with("measured_at", measured_at.map(|measure| measure.at.wall.to_string()))
    }

    fn api_lead(&self) -> Option<Offset> {
        self.api.as_ref()?.ahead_of(self.issuer.as_ref()?)
    }

    fn verdict_text(&self) -> String {
        let skew = human(self.skew);
        match (self.api_lead(), &self.issuer) {
            (None, None) => "the issuer's clock could not be measured".to_owned(),
            (None, Some(issuer)) => format!(
                "the issuer's clock is {} of this machine's; the API's clock could not be \
                 measured",
                issuer.offset
            ),
            (Some(lead), _) if lead.max <= self.skew => {
                format!("the API's clock is {lead} of the issuer's, within the skew of {skew}")
            }
            (Some(lead), _) => {
                let more = if lead.min > self.skew { "more" } else { "perhaps more" };
                format!(
                    "the API's clock is {lead} of the issuer's, {more} than the skew of {skew}: {} \
                     are subtracted from every lifetime",
                    human(lead.max)
                )
            }
        }
    }
}

/// Rounds to milliseconds.
fn as_seconds(duration: Option<SignedDuration>) -> TerraformValue {
    let rounded = |duration: SignedDuration| duration.as_millis() as f64 / 1e3;
    duration.map(rounded).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    /// A clock that is ahead of the local one by `min` to `min + 1` seconds.
    fn measure(min: i64) -> Option<OffsetEstimate> {
        Some(OffsetEstimate {
            at: reading(50, 1_000),
            offset: Offset {
                min: SignedDuration::from_secs(min),
                max: SignedDuration::from_secs(min + 1),
            },
            contacts: 1,
        })
    }

    fn clocks(issuer: Option<OffsetEstimate>, api: Option<OffsetEstimate>) -> ClockComparison {
        let skew = SignedDuration::from_secs(5);
        ClockComparison { issuer, api, skew }
    }

    #[test]
    fn a_lead_within_the_skew_changes_nothing() {
        let result = clocks(measure(-300), measure(-299)).computed_attributes();
        assert_eq!(result.get("issuer_offset_min"), &TerraformValue::Number(-300.0));
        assert_eq!(result.get("api_offset_max"), &TerraformValue::Number(-298.0));
        assert_eq!(result.get("api_lead_min"), &TerraformValue::Number(0.0));
        assert_eq!(result.get("api_lead_max"), &TerraformValue::Number(2.0));
        assert_eq!(result.get("uncertainty"), &TerraformValue::Number(1.0));
        assert_eq!(result.get("learned_skew"), &TerraformValue::Number(5.0));
        assert_eq!(result.as_bool("within_skew"), Some(true));
        assert_eq!(
            result.as_str("verdict"),
            Some("the API's clock is 1.0s ahead (+/- 1.0s) of the issuer's, within the skew of 5s")
        );
        assert_eq!(result.as_str("measured_at"), Some("1970-01-01T00:16:40Z"));
    }

    #[test]
    fn a_larger_lead_is_learned() {
        for (api, learned, words) in [
            (20, 21.0, "of the issuer's, more than the skew of 5s: 21s are"),
            (5, 6.0, "of the issuer's, perhaps more than the skew of 5s: 6s are"),
        ] {
            let result = clocks(measure(0), measure(api)).computed_attributes();
            assert_eq!(result.get("learned_skew"), &TerraformValue::Number(learned));
            assert_eq!(result.as_bool("within_skew"), Some(false));
            let verdict = result.as_str("verdict").unwrap();
            assert!(verdict.contains(words), "{verdict}");
        }
    }

    #[test]
    fn what_is_not_known_is_null() {
        let result = clocks(measure(-1), None).computed_attributes();
        assert!(result.is_null("within_skew") && result.is_null("api_lead_max"));
        assert_eq!(result.get("learned_skew"), &TerraformValue::Number(5.0));
        let verdict = result.as_str("verdict").unwrap();
        assert!(verdict.starts_with("the issuer's clock is 0.5s behind"), "{verdict}");

        let result = clocks(None, measure(0)).computed_attributes();
        assert_eq!(result.as_str("verdict"), Some("the issuer's clock could not be measured"));
        assert!(result.is_null("issuer_offset_min") && !result.is_null("measured_at"));
    }
}
