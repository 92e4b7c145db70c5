//! URLs that override the region.

use super::origin::{Origin, Sourced};
use crate::region::Region;

/// Returns a sentence about the URLs that override a region that was set. URLs that stand in
/// one profile with the region were written together, so no warning is due.
pub(super) fn overridden_region(
    region: &Sourced,
    login_url: Option<Sourced>,
    api_url: Option<Sourced>,
) -> Option<String> {
    let expected = Region::find(&region.value).ok()?;
    let is_other = |given: &Sourced| {
        let is_in_one_profile = matches!(
            (&given.origin, &region.origin),
            (Origin::Profile { .. }, Origin::Profile { .. })
        );
        !is_in_one_profile && Region::of_host(&given.value) != Some(expected)
    };
    let region = &region.origin;
    let login = |given: &Sourced| {
        format!("tokens come from {}, not login.{}", given.shown(), expected.domain)
    };
    let api =
        |given: &Sourced| format!("the API is {}, not api.{}", given.shown(), expected.domain);
    match (login_url.filter(is_other), api_url.filter(is_other)) {
        (Some(url), None) => Some(format!("{} overrides {region}: {}", url.origin, login(&url))),
        (None, Some(url)) => Some(format!("{} overrides {region}: {}", url.origin, api(&url))),
        (Some(one), Some(two)) => Some(format!(
            "{} and {} override {region}: {}; {}",
            one.origin,
            two.origin,
            login(&one),
            api(&two)
        )),
        (None, None) => None,
    }
}
