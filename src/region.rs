//! The table of Genesys Cloud's regions, and the search in it.

mod suggestion;

use crate::error::{Error, Kind, Result};

#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// The name of the AWS region, as in the Terraform provider's `aws_region`.
    pub aws: &'static str,
    /// The parent domain of `login.` and `api.`.
    pub domain: &'static str,
    /// The short form of the AWS region in newer domains: `euw1`. May be empty.
    pub short: &'static str,
    /// Places that people call the region by, the usual one first. No place is in two
    /// regions.
    pub places: &'static [&'static str],
}

/// Sorted by AWS name.
pub const REGIONS: &[Region] = &[
    region("ap-northeast-1", "mypurecloud.jp", "apne1", &["Tokyo"]),
    region("ap-northeast-2", "apne2.pure.cloud", "apne2", &["Seoul", "Korea", "South Korea"]),
    region("ap-northeast-3", "apne3.pure.cloud", "apne3", &["Osaka"]),
    region("ap-south-1", "aps1.pure.cloud", "aps1", &["Mumbai", "India"]),
    region("ap-southeast-1", "apse1.pure.cloud", "apse1", &["Singapore"]),
    region("ap-southeast-2", "mypurecloud.com.au", "apse2", &["Sydney", "Australia"]),
    region("ca-central-1", "cac1.pure.cloud", "cac1", &["Canada", "Montreal"]),
    region("dca", "inindca.com", "", &[]),
    region("eu-central-1", "mypurecloud.de", "euc1", &["Frankfurt"]),
    region("eu-central-2", "euc2.pure.cloud", "euc2", &["Zurich", "Zuerich", "Switzerland"]),
    region("eu-west-1", "mypurecloud.ie", "euw1", &["Ireland", "Dublin"]),
    region(
        "eu-west-2",
        "euw2.pure.cloud",
        "euw2",
        &["London", "UK", "United Kingdom", "Great Britain", "England"],
    ),
    region("eusc-de-east-1", "edee1.eusc-pure.cloud", "edee1", &["Brandenburg"]),
    region(
        "me-central-1",
        "mec1.pure.cloud",
        "mec1",
        &["UAE", "United Arab Emirates", "Dubai", "Abu Dhabi"],
    ),
    region("mx-central-1", "mxc1.pure.cloud", "mxc1", &["Mexico", "Queretaro"]),
    region("sa-east-1", "sae1.pure.cloud", "sae1", &["Sao Paulo", "Brazil", "Brasil"]),
    region("tca", "inintca.com", "", &[]),
    region(
        "us-east-1",
        "mypurecloud.com",
        "use1",
        &["Virginia", "N. Virginia", "Northern Virginia", "North Virginia"],
    ),
    region("us-east-2", "use2.us-gov-pure.cloud", "use2", &["Ohio", "FedRAMP"]),
    region("us-west-2", "usw2.pure.cloud", "usw2", &["Oregon"]),
];

const fn region(
    aws: &'static str,
    domain: &'static str,
    short: &'static str,
    places: &'static [&'static str],
) -> Region {
    Region { aws, domain, short, places }
}

impl Region {
    /// Finds a region by AWS name (`eu-west-1`), short form (`euw1`), domain
    /// (`mypurecloud.ie`), host (`api.mypurecloud.ie`), URL, or place
    /// (`Ireland`). Case, blanks and accents do not matter.
    ///
    /// # Errors
    /// Suggests the regions that may be meant.
    pub fn find(name: &str) -> Result<&'static Region> {
        let domain = domain_of(name);
        // First the spelling that most people use: the rest costs more.
        let by_aws_name = || REGIONS.iter().find(|region| region.aws == domain);
        let by_any_name = || {
            let plain = normalized(name);
            REGIONS.iter().find(|region| region.names().any(|name| name == plain))
        };
        Region::with_domain(&domain)
            .or_else(by_aws_name)
            .or_else(by_any_name)
            .ok_or_else(|| unknown_region(name, &domain))
    }

    /// Finds the region of a host or a URL. Unlike [`Region::find`], a host of no region
    /// costs no search for suggestions.
    pub fn of_host(host: &str) -> Option<&'static Region> {
        Region::with_domain(&domain_of(host))
    }

    fn with_domain(domain: &str) -> Option<&'static Region> {
        REGIONS.iter().find(|region| region.domain == domain)
    }

    pub fn login_url(&self) -> String {
        format!("https://login.{}", self.domain)
    }

    pub fn api_url(&self) -> String {
        format!("https://api.{}", self.domain)
    }

    /// The usual place; may be empty.
    pub fn place(&self) -> &'static str {
        self.places.first().copied().unwrap_or_default()
    }

    /// Every name except the domain, as [`normalized`] spells it.
    fn names(&self) -> impl Iterator<Item = String> {
        let short = Some(self.short).filter(|short| !short.is_empty());
        [self.aws].into_iter().chain(short).chain(self.places.iter().copied()).map(normalized)
    }
}

/// Strips what surrounds the domain in a URL or a host.
fn domain_of(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let after_scheme = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
    let authority = after_scheme.split(['/', ':', '?', '#']).next().unwrap_or(after_scheme);
    let host = authority.trim_end_matches('.');
    let prefixes = ["api.", "login.", "apps.", "api-downloads."];
    prefixes.iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host).to_owned()
}

/// Reduces a name to letters and digits, in lower case and without accents: `US East 1`,
/// `us_east_1` and `us-east-1` are one name, and so are `São Paulo` and
/// `sao paulo`. Dots stay, because they are parts of domains.
fn normalized(name: &str) -> String {
    let reduce = |char: char| match char {
        // Combining accents, where a letter and its accent are two characters.
        '\u{300}'..='\u{36f}' => None,
        'á' | 'à' | 'â' | 'ã' | 'ä' => Some('a'),
        'é' | 'è' | 'ê' | 'ë' => Some('e'),
        'í' | 'ì' | 'î' | 'ï' => Some('i'),
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => Some('o'),
        'ú' | 'ù' | 'û' | 'ü' => Some('u'),
        '-' | '_' | '\'' | ',' => None,
        char if char.is_whitespace() => None,
        char => Some(char),
    };
    name.trim().to_lowercase().chars().filter_map(reduce).collect()
}

fn unknown_region(name: &str, domain: &str) -> Error {
    const ALL: &str = "'gc-token regions' lists them all";
    let error = Error::new(Kind::Configuration, format!("unknown region {name:?}"));
    let near = suggestion::similar_regions(name, domain);
    if near.is_empty() {
        error.with_hint(ALL)
    } else {
        error.with_hint(format!("did you mean {}? {ALL}", near.join(" or ")))
    }
}

#[cfg(test)]
mod tests;
