//! URLs that override the region.

use super::origin::{Origin, Sourced};
use crate::region::Region;

/// Returns a sentence for each URL that overrides a region that was set. Two that stand in
/// one profile were written together, so no warning is due.
pub(super) fn overridden_region(
    region: &Sourced,
    login_url: Option<Sourced>,
    api_url: Option<Sourced>,
) -> Vec<String> {
    let Ok(expected) = Region::find(&region.value) else {
        return Vec::new();
    };
    let is_other = |given: &Sourced| {
        let is_in_one_profile = matches!(
            (&given.origin, &region.origin),
            (Origin::Profile { .. }, Origin::Profile { .. })
        );
        !is_in_one_profile && Region::of_host(&given.value) != Some(expected)
    };
    let says = |given: Sourced, does: &str, not: &str| {
        format!(
            "{} overrides {}: {does} {}, not {not}.{}",
            given.origin,
            region.origin,
            given.shown(),
            expected.domain
        )
    };
    let login = login_url.filter(is_other).map(|given| says(given, "tokens come from", "login"));
    let api = api_url.filter(is_other).map(|given| says(given, "the API is", "api"));
    login.into_iter().chain(api).collect()
}
