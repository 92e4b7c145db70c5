//! Notations of the platform's limits: `300/60s`, `PUT /api/v2/routing/skills=100/60s`.

use std::str::FromStr;
use std::time::Duration;

use axum::http::Method;
use serde::Deserialize;

use super::duration;

/// `300/60s`: at most 300 requests in each window, which begins with its first request.
/// Without a duration the window is a minute, as the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestQuota {
    pub requests: u32,
    pub window: Duration,
}

/// `PUT /api/v2/routing/skills=100/60s`: a quota that all tokens share, for a path and those
/// below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathQuota {
    pub method: Method,
    pub path: String,
    pub quota: RequestQuota,
}

impl PathQuota {
    pub(super) fn applies_to(&self, method: &Method, path: &str) -> bool {
        let below = path.strip_prefix(&self.path);
        *method == self.method && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for RequestQuota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (requests, window) = text.split_once('/').unwrap_or((text, "60s"));
        let requests = requests.parse().ok().filter(|requests| *requests > 0);
        let requests = requests
            .ok_or_else(|| format!("{text:?} is not a number of requests per window: 300/60s"))?;
        let window = duration::non_negative(window)?;
        if window.is_zero() {
            return Err(format!("{text:?} has a window without duration"));
        }
        Ok(RequestQuota { requests, window })
    }
}

impl FromStr for PathQuota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, quota) = text.rsplit_once('=').ok_or_else(|| not_a_path_quota(text))?;
        let (method, path) = target.split_once(' ').ok_or_else(|| not_a_path_quota(text))?;
        let method = Method::from_str(method).map_err(|_| not_a_path_quota(text))?;
        if !path.starts_with("/api/") {
            return Err(format!("{path:?} does not begin with /api/"));
        }
        let path = path.trim_end_matches('/').to_owned();
        Ok(PathQuota { method, path, quota: quota.parse()? })
    }
}

fn not_a_path_quota(text: &str) -> String {
    format!("{text:?} is not like \"PUT /api/v2/routing/skills=100/60s\"")
}

impl TryFrom<String> for RequestQuota {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for PathQuota {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_number_and_a_window() {
        let quota =
            |requests, seconds| Ok(RequestQuota { requests, window: Duration::from_secs(seconds) });
        assert_eq!("300/60s".parse(), quota(300, 60));
        assert_eq!("2/1m30s".parse(), quota(2, 90));
        assert_eq!("300".parse(), quota(300, 60));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "many", "0/60s", "-1", "3/", "3/0s", "3/-1s", "3/soon"] {
            assert!(text.parse::<RequestQuota>().is_err(), "{text}");
        }
        for text in ["3/1s", "PUT=3/1s", "PUT /api/x", "PUT x=3/1s", "P?T /api/x=3/1s"] {
            assert!(text.parse::<PathQuota>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_includes_those_below_it() {
        let quota: PathQuota = "PUT /api/v2/routing/skills=1/10s".parse().unwrap();
        for (method, path, applies) in [
            (Method::PUT, "/api/v2/routing/skills", true),
            (Method::PUT, "/api/v2/routing/skills/1", true),
            (Method::PUT, "/api/v2/routing/skillsets", false),
            (Method::GET, "/api/v2/routing/skills", false),
        ] {
            assert_eq!(quota.applies_to(&method, path), applies, "{method} {path}");
        }
    }
}
