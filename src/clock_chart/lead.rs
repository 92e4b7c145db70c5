//! The lead of the API's clock over the issuer's, compared with the skew.

use jiff::SignedDuration;

use super::ClockChart;
use crate::clock::Offset;
use crate::wording::{interval_text, precise_duration, readable_duration};

/// The API's clock minus the issuer's, compared with the skew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockLead {
    Unknown,
    Within(Offset),
    PerhapsBeyond(Offset),
    Beyond(Offset),
}

impl ClockLead {
    pub(super) fn of(chart: &ClockChart) -> ClockLead {
        let (Some(issuer), Some(api)) = (chart.issuer, chart.api) else {
            return ClockLead::Unknown;
        };
        let lead = Offset {
            min: api.min.saturating_sub(issuer.max),
            max: api.max.saturating_sub(issuer.min),
        };
        if lead.max <= chart.skew {
            ClockLead::Within(lead)
        } else if lead.min <= chart.skew {
            ClockLead::PerhapsBeyond(lead)
        } else {
            ClockLead::Beyond(lead)
        }
    }

    pub(super) fn needs_attention(self) -> bool {
        matches!(self, ClockLead::PerhapsBeyond(_) | ClockLead::Beyond(_))
    }

    pub(super) fn mark(self) -> &'static str {
        match self {
            ClockLead::Unknown => "?",
            ClockLead::Within(_) => "✓",
            ClockLead::PerhapsBeyond(_) | ClockLead::Beyond(_) => "▲",
        }
    }

    pub(super) fn sentence(self, chart: &ClockChart) -> String {
        let skew = skew_text(chart.skew);
        let deducted = skew_text(chart.effective_skew);
        let consequence = if chart.effective_skew > chart.skew {
            format!("{deducted} are deducted from every lifetime in its place.")
        } else {
            "It is deducted from every lifetime.".to_owned()
        };
        let (lead, relation) = match self {
            ClockLead::Unknown => {
                return format!(
                    "How far the API’s clock is ahead of the issuer’s has not been measured. The \
                     skew is {skew}. {consequence}"
                );
            }
            ClockLead::Within(lead) => (lead, "within the skew"),
            ClockLead::PerhapsBeyond(lead) => (lead, "perhaps more than the skew"),
            ClockLead::Beyond(lead) => (lead, "more than the skew"),
        };
        let compared = format!(
            "The API’s clock is {} the issuer’s: {relation} of {skew}",
            interval_text(lead)
        );
        match self {
            ClockLead::Within(_) => format!("{compared}."),
            _ => format!("{compared}. {consequence}"),
        }
    }
}

/// `5 s`: a skew is mostly given in whole seconds.
pub(super) fn skew_text(skew: SignedDuration) -> String {
    match skew.subsec_nanos() {
        0 => readable_duration(skew),
        _ => precise_duration(skew),
    }
}
