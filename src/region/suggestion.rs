//! Guesses the region that a wrong name may mean. A wrong guess is worse than
//! none, so a suggestion has to lie in the same part of the world, or differ by a
//! slip of the keyboard.

use super::{REGIONS, Region, plain};

/// The parts of the world that AWS regions begin with, those included where
/// Genesys Cloud has no region.
const GEOGRAPHIES: &[&str] = &["af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us"];

/// Words of AWS region names, and how their short forms abbreviate them.
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

/// Names that stand for several regions, or that are too vague to be taken for
/// one without asking.
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

/// More names than this say nothing.
const MOST: usize = 3;

/// The names that may be meant by `name`, whose domain part is `domain`; empty
/// where none is plausible.
pub(super) fn of(name: &str, domain: &str) -> Vec<String> {
    let name = plain(name);
    if let Some(region) = by_short_domain(domain) {
        return vec![described(region)];
    }
    let known = by_vague_name(&name)
        .or_else(|| by_place_in_parentheses(&name))
        .or_else(|| by_place_and_continent(&name));
    if let Some(regions) = known {
        return regions.into_iter().map(described).collect();
    }
    let near = nearest(&name, domain);
    let is_one_geography =
        near.windows(2).all(|pair| is_same_geography(&plain(pair[0].1.aws), &plain(pair[1].1.aws)));
    if near.len() > MOST || !is_one_geography {
        return Vec::new();
    }
    near.into_iter()
        .map(|(known, region)| match known {
            _ if known == region.domain || known == region.aws => known.to_owned(),
            _ if known == region.short => region.aws.to_owned(),
            _ => described(region),
        })
        .collect()
}

/// A region's AWS name with what else it is known by: for guesses that do not
/// look like what was written.
fn described(region: &Region) -> String {
    match region.place() {
        "" => region.aws.to_owned(),
        place => format!("{} ({}, {place})", region.aws, region.domain),
    }
}

fn by_vague_name(name: &str) -> Option<Vec<&'static Region>> {
    let (_, aws) = VAGUE.iter().find(|(vague, _)| *vague == name)?;
    Some(REGIONS.iter().filter(|region| aws.contains(&region.aws)).collect())
}

/// The region of a domain like `use1.pure.cloud`, which older regions do not have.
fn by_short_domain(domain: &str) -> Option<&'static Region> {
    let (short, rest) = domain.split_once('.')?;
    let is_vendors = ["pure.cloud", "purecloud"].iter().any(|part| rest.starts_with(part));
    let region = REGIONS.iter().find(|region| is_vendors && region.short == short)?;
    let is_missing = region.domain.strip_prefix(short) != Some(".pure.cloud");
    is_missing.then_some(region)
}

/// The region of a name like `Asia Pacific (Sydney)`, as the vendor and AWS list
/// them.
fn by_place_in_parentheses(name: &str) -> Option<Vec<&'static Region>> {
    let (_, rest) = name.split_once('(')?;
    let (inner, _) = rest.split_once(')')?;
    let region = by_name(inner).or_else(|| by_name(name.split_once('(')?.0));
    region.map(|region| vec![region]).or_else(|| by_vague_name(inner))
}

/// The region of a name like `EU Frankfurt` or `eu-west-2 London`.
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

/// The known names with the least distance, one for each region.
fn nearest(name: &str, domain: &str) -> Vec<(&'static str, &'static Region)> {
    let mut near: Vec<(usize, &'static str, &'static Region)> = Vec::new();
    for region in REGIONS {
        let aws = slip(name, region.aws, 1 + region.aws.len() / 10);
        let names = [region.short].into_iter().chain(region.places.iter().copied());
        let slips = names.filter_map(|known| Some((slip(name, known, 1)?, known)));
        let aws = aws.map(|distance| (distance, region.aws));
        let domain = domain_slip(domain, region.domain).map(|distance| (distance, region.domain));
        let best = aws.into_iter().chain(domain).chain(slips).min_by_key(|(distance, _)| *distance);
        near.extend(best.map(|(distance, known)| (distance, known, region)));
    }
    let least = near.iter().map(|(distance, _, _)| *distance).min();
    near.retain(|(distance, _, _)| Some(*distance) == least);
    near.into_iter().map(|(_, known, region)| (known, region)).collect()
}

/// The distance of `name` from a known name that is no domain; `None` where that is
/// above `limit`, where both lie in different parts of the world, or where the
/// known name is too short for a slip to be told from another name.
fn slip(name: &str, known: &str, limit: usize) -> Option<usize> {
    let plain = plain(known);
    let distance = strsim::damerau_levenshtein(name, &plain);
    let is_near = plain.len() > 3 && distance <= limit && is_same_geography(name, &plain);
    is_near.then_some(distance)
}

/// The distance of domains, likewise. What comes after the first dot tells `.ie` from `.de`, so
/// a slip in it has to be a single one.
fn domain_slip(name: &str, known: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(name, known);
    let (head, tail) = name.split_once('.').unwrap_or((name, ""));
    let (known_head, known_tail) = known.split_once('.')?;
    let is_old = known_head == "mypurecloud";
    let limit = if is_old && tail == known_tail { 3 } else { 1 };
    let is_near = distance <= limit && (is_old || is_same_geography(head, known_head));
    is_near.then_some(distance)
}

/// Returns whether two names begin with the same part of the world. A name that begins
/// with none says nothing of where it is.
fn is_same_geography(name: &str, known: &str) -> bool {
    match (geography(name), geography(known)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The part of the world that the name of an AWS region, long or short, begins
/// with.
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
