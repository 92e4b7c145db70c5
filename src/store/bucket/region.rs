//! The region that requests are signed for, and what decides it.

use std::fmt;

use super::variables::NamedValue;
use crate::net::NO_ADDRESS;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignedRegion {
    Set(NamedValue),
    Assumed(&'static str),
}

impl SignedRegion {
    /// Names what the name of a host is made of, if that cannot be resolved.
    pub(super) fn named_in(&self, cause: String) -> String {
        match self {
            _ if !cause.ends_with(NO_ADDRESS) => cause,
            SignedRegion::Set(_) => format!("{cause}; it has {self}"),
            SignedRegion::Assumed(region) => {
                format!("{cause}; no region is set, and {region} is assumed")
            }
        }
    }

    pub(super) fn value(&self) -> &str {
        match self {
            SignedRegion::Set(region) => &region.value,
            SignedRegion::Assumed(region) => region,
        }
    }
}

impl fmt::Display for SignedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignedRegion::Set(NamedValue { origin, value }) => {
                write!(f, "the region {value} from {origin}")
            }
            SignedRegion::Assumed(region) => write!(f, "the region {region} by default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_an_address_has_the_region_and_its_origin() {
        let cause = |region: &SignedRegion, end: &str| region.named_in(format!("the name {end}"));
        let (origin, value) = ("AWS_REGION".to_owned(), "eu-west-9".to_owned());
        let set = SignedRegion::Set(NamedValue { origin, value });
        let expected =
            "the name cannot be resolved (DNS); it has the region eu-west-9 from AWS_REGION";
        assert_eq!(cause(&set, NO_ADDRESS), expected);
        let assumed = SignedRegion::Assumed("us-east-1");
        let expected =
            "the name cannot be resolved (DNS); no region is set, and us-east-1 is assumed";
        assert_eq!(cause(&assumed, NO_ADDRESS), expected);
        assert_eq!(cause(&set, "is too long"), "the name is too long");
    }
}
