//! Suggests regions for an unknown name. A wrong suggestion is worse than none, so it has to
//! lie in the same part of the world, or differ by a typing mistake.

use super::{REGIONS, Region, normalized};

/// The geographic prefixes of AWS regions, including some without Genesys Cloud.
const GEOGRAPHIES: &[&str] = &["af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us"];

/// Short forms of AWS regions use their first letters.
const DIRECTIONS: &[&str] = &[
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

const VAGUE: &[(&str, &[&str])] = &[
    ("germany", &["eu-central-1", "eusc-de-east-1"]),
    ("deutschland", &["eu-central-1", "eusc-de-east-1"]),
    ("de", &["eu-central-1", "eusc-de-east-1"]),
    ("japan", &["ap-northeast-1", "ap-northeast-3"]),
    ("jp", &["ap-northeast-1", "ap-northeast-3"]),
    ("us", &["us-east-1", "us-west-2"]),
    ("usa", &["us-east-1", "us-west-2"]),
    ("unitedstates", &["us-east-1", "us-west-2"]),
    ("useast", &["us-east-1", "us-east-2"]),
    ("uswest", &["us-west-2"]),
    ("euwest", &["eu-west-1", "eu-west-2"]),
    ("eucentral", &["eu-central-1", "eu-central-2"]),
    ("cacentral", &["ca-central-1"]),
    ("mecentral", &["me-central-1"]),
    ("mxcentral", &["mx-central-1"]),
    ("saeast", &["sa-east-1"]),
    ("apsouth", &["ap-south-1"]),
    ("apsoutheast", &["ap-southeast-1", "ap-southeast-2"]),
    ("apnortheast", &["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"]),
];

const MAX_SUGGESTIONS: usize = 3;

/// Returns the names that `name`, whose domain part is `domain`, may stand for.
pub(super) fn similar_regions(name: &str, domain: &str) -> Vec<String> {
    let name = normalized(name);
    if let Some(region) = by_short_domain(domain) {
        return vec![with_domain_and_place(region)];
    }
    let known = by_vague_name(&name)
        .or_else(|| by_place_in_parentheses(&name))
        .or_else(|| by_place_and_continent(&name));
    if let Some(regions) = known {
        return regions.into_iter().map(with_domain_and_place).collect();
    }
    let near = nearest_names(&name, domain);
    let is_one_geography = near
        .windows(2)
        .all(|pair| is_same_geography(&normalized(pair[0].1.aws), &normalized(pair[1].1.aws)));
    if near.len() > MAX_SUGGESTIONS || !is_one_geography {
        return Vec::new();
    }
    near.into_iter()
        .map(|(known, region)| match known {
            _ if known == region.domain || known == region.aws => known.to_owned(),
            _ if known == region.short => region.aws.to_owned(),
            _ => with_domain_and_place(region),
        })
        .collect()
}

/// The AWS name with the domain and the place: for suggestions that do not resemble what
/// was written.
fn with_domain_and_place(region: &Region) -> String {
    match region.place() {
        "" => region.aws.to_owned(),
        place => format!("{} ({}, {place})", region.aws, region.domain),
    }
}

fn by_vague_name(name: &str) -> Option<Vec<&'static Region>> {
    let (_, aws) = VAGUE.iter().find(|(vague, _)| *vague == name)?;
    Some(REGIONS.iter().filter(|region| aws.contains(&region.aws)).collect())
}

/// Covers domains like `use1.pure.cloud`, which older regions do not have.
fn by_short_domain(domain: &str) -> Option<&'static Region> {
    let (short, rest) = domain.split_once('.')?;
    let is_vendors = ["pure.cloud", "purecloud"].iter().any(|part| rest.starts_with(part));
    let region = REGIONS.iter().find(|region| is_vendors && region.short == short)?;
    let is_missing = region.domain.strip_prefix(short) != Some(".pure.cloud");
    is_missing.then_some(region)
}

/// Covers names like `Asia Pacific (Sydney)`, as the vendor and AWS list them.
fn by_place_in_parentheses(name: &str) -> Option<Vec<&'static Region>> {
    let (_, rest) = name.split_once('(')?;
    let (inner, _) = rest.split_once(')')?;
    let region = by_name(inner).or_else(|| by_name(name.split_once('(')?.0));
    region.map(|region| vec![region]).or_else(|| by_vague_name(inner))
}

/// Covers names like `EU Frankfurt` and `eu-west-2 London`.
fn by_place_and_continent(name: &str) -> Option<Vec<&'static Region>> {
    const BEFORE: &[&str] = &[
        "asiapacific",
        "apac",
        "aws",
        "emea",
        "eu",
        "europe",
        "genesys",
        "latam",
        "me",
        "us",
        "useast",
        "uswest",
    ];
    let is_before = |start: &str| BEFORE.contains(&start) || by_name(start).is_some();
    let ends = (1..name.len()).filter(|at| name.is_char_boundary(*at));
    let mut parts = ends.map(|at| name.split_at(at));
    let (_, place) = parts.find(|(start, place)| is_before(start) && by_name(place).is_some())?;
    by_name(place).map(|region| vec![region])
}

fn by_name(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.names().any(|known| known == name))
}

/// Returns the known names at the smallest edit distance, at most one per region.
fn nearest_names(name: &str, domain: &str) -> Vec<(&'static str, &'static Region)> {
    let mut near: Vec<(usize, &'static str, &'static Region)> = Vec::new();
    for region in REGIONS {
        let aws = typo_distance(name, region.aws, 1 + region.aws.len() / 10);
        let names = [region.short].into_iter().chain(region.places.iter().copied());
        let typos = names.filter_map(|known| Some((typo_distance(name, known, 1)?, known)));
        let aws = aws.map(|distance| (distance, region.aws));
        let domain =
            domain_typo_distance(domain, region.domain).map(|distance| (distance, region.domain));
        let best = aws.into_iter().chain(domain).chain(typos).min_by_key(|(distance, _)| *distance);
        near.extend(best.map(|(distance, known)| (distance, known, region)));
    }
    let least = near.iter().map(|(distance, _, _)| *distance).min();
    near.retain(|(distance, _, _)| Some(*distance) == least);
    near.into_iter().map(|(_, known, region)| (known, region)).collect()
}

/// Returns the edit distance of `name` from a known name that is not a domain; `None` above
/// `limit`, if both lie in different parts of the world, or if the known name is too short
/// to tell a typing mistake from another name.
fn typo_distance(name: &str, known: &str, limit: usize) -> Option<usize> {
    let plain = normalized(known);
    let distance = strsim::damerau_levenshtein(name, &plain);
    let is_near = plain.len() > 3 && distance <= limit && is_same_geography(name, &plain);
    is_near.then_some(distance)
}

/// Returns the edit distance of domains. The part after the first dot distinguishes `.ie`
/// from `.de`, so it may have only one mistake.
fn domain_typo_distance(name: &str, known: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(name, known);
    let (head, tail) = name.split_once('.').unwrap_or((name, ""));
    let (known_head, known_tail) = known.split_once('.')?;
    let is_old = known_head == "mypurecloud";
    let limit = if is_old && tail == known_tail { 3 } else { 1 };
    let is_near = distance <= limit && (is_old || is_same_geography(head, known_head));
    is_near.then_some(distance)
}

/// A name without a geographic prefix may lie anywhere.
fn is_same_geography(name: &str, known: &str) -> bool {
    match (geography(name), geography(known)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

fn geography(name: &str) -> Option<&'static str> {
    let begins = |geography: &&&str| {
        name.strip_prefix(**geography).is_some_and(|rest| {
            let word = rest.trim_end_matches(|char: char| char.is_ascii_digit());
            let is_short = word.len() <= 2 && rest.len() > word.len();
            is_short || DIRECTIONS.iter().any(|direction| rest.starts_with(&direction[..1]))
        })
    };
    GEOGRAPHIES.iter().filter(begins).max_by_key(|geography| geography.len()).copied()
}
