//! Remembers rate limits that another token does not help against: those of a service of the
//! API, which are seen at its paths, and those of the organization.

use std::time::Duration;

use hyper::Method;
use jiff::SignedDuration;

use crate::clock::Reading;

/// The requests that a limit applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum RequestScope {
    Service { method: Method, prefix: String },
    Organization,
}

#[derive(Default)]
pub(super) struct LimitedPaths(Vec<LimitedScope>);

struct LimitedScope {
    scope: RequestScope,
    until: SignedDuration,
}

/// More at once are forgotten, which costs a request for each.
const CAPACITY: usize = 64;

/// `/api/v2/routing/queues`: service and kind of resource.
const SEGMENTS: usize = 4;

impl RequestScope {
    /// `path` is without the path of the API's base URL.
    pub(in super::super) fn of_service(method: &Method, path: &str) -> RequestScope {
        let segments: Vec<_> =
            path.split('/').filter(|segment| !segment.is_empty()).take(SEGMENTS).collect();
        RequestScope::Service { method: method.clone(), prefix: segments.join("/") }
    }
}

impl LimitedPaths {
    pub(super) fn insert(&mut self, scope: RequestScope, time: Duration, now: &Reading) {
        self.0.retain(|known| known.until > now.boot && known.scope != scope);
        if self.0.len() == CAPACITY {
            self.0.remove(0);
        }
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.0.push(LimitedScope { scope, until: now.boot.saturating_add(time) });
    }

    /// Returns whether a limit that applies to `request` was met and not reset since.
    pub(super) fn contains(&self, request: &RequestScope, now: &Reading) -> bool {
        self.0.iter().any(|known| {
            known.until > now.boot
                && (known.scope == *request || known.scope == RequestScope::Organization)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;

    fn scope(method: Method, path: &str) -> RequestScope {
        RequestScope::of_service(&method, path)
    }

    #[test]
    fn a_limit_applies_to_a_method_and_a_kind_of_resource_until_it_is_reset() {
        let mut paths = LimitedPaths::default();
        let [now, before, after] = [10, 29, 30].map(|boot| reading(boot, 1_000));
        let ivrs = scope(Method::PUT, "/api/v2/architect/ivrs/a");
        paths.insert(ivrs.clone(), Duration::from_secs(20), &now);
        for (method, path, expected) in [
            (Method::PUT, "/api/v2/architect/ivrs/b", true),
            (Method::PUT, "//api/v2/architect/ivrs", true),
            (Method::GET, "/api/v2/architect/ivrs/a", false),
            (Method::PUT, "/api/v2/architect/flows/a", false),
            (Method::PUT, "/", false),
        ] {
            assert_eq!(paths.contains(&scope(method, path), &before), expected, "{path}");
        }
        assert!(!paths.contains(&ivrs, &after));
    }

    #[test]
    fn the_organizations_limit_applies_to_every_request() {
        let mut paths = LimitedPaths::default();
        let now = reading(10, 1_000);
        paths.insert(RequestScope::Organization, Duration::from_secs(20), &now);
        assert!(paths.contains(&scope(Method::GET, "/api/v2/users"), &now));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut paths = LimitedPaths::default();
        let now = reading(10, 1_000);
        for number in 0..1_000 {
            let scope = scope(Method::GET, &format!("/api/v2/service/{number}"));
            paths.insert(scope.clone(), Duration::from_secs(20), &now);
            assert!(paths.contains(&scope, &now));
        }
        assert_eq!(paths.0.len(), CAPACITY);
    }
}
