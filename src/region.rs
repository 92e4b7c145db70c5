//! The regions of Genesys Cloud: one table, and how a name is found in it.

use crate::error::{Error, Kind, Result};

/// One region.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// The AWS region, as the Terraform provider's `aws_region` wants it.
    pub aws: &'static str,
    /// The domain below which `login.` and `api.` stand.
    pub domain: &'static str,
}

/// Every region, ordered by its AWS name.
pub const REGIONS: &[Region] = &[
    region("ap-northeast-1", "mypurecloud.jp"),
    region("ap-northeast-2", "apne2.pure.cloud"),
    region("ap-northeast-3", "apne3.pure.cloud"),
    region("ap-south-1", "aps1.pure.cloud"),
    region("ap-southeast-1", "apse1.pure.cloud"),
    region("ap-southeast-2", "mypurecloud.com.au"),
    region("ca-central-1", "cac1.pure.cloud"),
    region("dca", "inindca.com"),
    region("eu-central-1", "mypurecloud.de"),
    region("eu-central-2", "euc2.pure.cloud"),
    region("eu-west-1", "mypurecloud.ie"),
    region("eu-west-2", "euw2.pure.cloud"),
    region("eusc-de-east-1", "edee1.eusc-pure.cloud"),
    region("me-central-1", "mec1.pure.cloud"),
    region("mx-central-1", "mxc1.pure.cloud"),
    region("sa-east-1", "sae1.pure.cloud"),
    region("tca", "inintca.com"),
    region("us-east-1", "mypurecloud.com"),
    region("us-east-2", "use2.us-gov-pure.cloud"),
    region("us-west-2", "usw2.pure.cloud"),
];

const fn region(aws: &'static str, domain: &'static str) -> Region {
    Region { aws, domain }
}

impl Region {
    /// Finds a region by AWS name (`eu-west-1`), domain (`mypurecloud.ie`),
    /// host (`api.mypurecloud.ie`) or URL, in any case.
    ///
    /// # Errors
    /// [`Kind::Configuration`], with the nearest region when one is near.
    pub fn find(name: &str) -> Result<&'static Region> {
        let wanted = bare(name);
        REGIONS
            .iter()
            .find(|region| wanted == region.aws || wanted == region.domain)
            .ok_or_else(|| unknown(name, &wanted))
    }

    /// The issuer's base URL.
    pub fn login_url(&self) -> String {
        format!("https://login.{}", self.domain)
    }

    /// The API's base URL.
    pub fn api_url(&self) -> String {
        format!("https://api.{}", self.domain)
    }
}

/// Takes away what a URL or a host has around the domain.
fn bare(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let host = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or(host);
    let host = host.trim_end_matches('.');
    let hosts = ["api.", "login.", "apps."];
    hosts.iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host).to_owned()
}

fn unknown(name: &str, wanted: &str) -> Error {
    let names = REGIONS.iter().flat_map(|region| [region.aws, region.domain]);
    let near = names
        .map(|known| (strsim::damerau_levenshtein(wanted, known), known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 6);
    let error = Error::new(Kind::Configuration, format!("unknown region {name:?}"));
    match near {
        Some((_, known)) => {
            error.hint(format!("did you mean {known}? 'gc-token regions' lists them all"))
        }
        None => error.hint("'gc-token regions' lists them all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_region_has_many_spellings() {
        for spelling in [
            "eu-west-1",
            "EU-West-1",
            " mypurecloud.ie ",
            "api.mypurecloud.ie",
            "https://api.mypurecloud.ie",
            "https://LOGIN.mypurecloud.ie:443/oauth/token?x#y",
            "apps.mypurecloud.ie.",
        ] {
            assert_eq!(Region::find(spelling).unwrap().aws, "eu-west-1", "{spelling}");
        }
    }

    #[test]
    fn a_near_miss_gets_a_suggestion_and_nonsense_gets_none() {
        let hint = |name| Region::find(name).unwrap_err().hint.unwrap();
        assert!(hint("eu-wset-1").starts_with("did you mean eu-west-1?"));
        assert!(hint("mypurecloud.ei").starts_with("did you mean mypurecloud.ie?"));
        assert!(hint("usw2.purecloud").starts_with("did you mean usw2.pure.cloud?"));
        assert!(!hint("moon").contains("did you mean"));
        assert!(!hint("").contains("did you mean"));
    }

    #[test]
    fn the_table_is_ordered_and_has_no_twins() {
        assert!(REGIONS.windows(2).all(|pair| pair[0].aws < pair[1].aws));
        let mut domains: Vec<_> = REGIONS.iter().map(|region| region.domain).collect();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!(domains.len(), REGIONS.len());
    }
}
