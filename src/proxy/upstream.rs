//! The hosts of Genesys Cloud that requests are forwarded to.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use url::{Position, Url};

use super::body::RequestBody;
use super::path::{DOT_SEGMENTS_REFUSED, has_dot_segments};
use super::replay_body::ReplayBody;
use crate::config::Settings;
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::net::Pool;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloudHost {
    Login,
    Api,
    /// `apps.`: takes some uploads.
    Apps,
    /// `api-downloads.`: serves exports of the API.
    Downloads,
}

pub(super) struct Upstreams {
    login: Option<Arc<Upstream>>,
    api: Arc<Upstream>,
    apps: Arc<Upstream>,
    downloads: Arc<Upstream>,
}

pub(super) struct Upstream {
    pub(super) pool: Pool<ReplayBody<RequestBody>>,
    base: Url,
    /// The path of the base URL, without a trailing slash.
    base_path: String,
}

impl Upstreams {
    pub(super) fn new(settings: &Settings, context: &Context) -> Result<Upstreams> {
        let issuer = &settings.issuer;
        let api_url = issuer.api_url.as_deref().ok_or_else(|| {
            Error::new(Kind::Configuration, "there is no API to forward requests to")
                .with_hint("set --region or --api-url")
        })?;
        let upstream = |url: &str| Upstream::new(url, settings, context).map(Arc::new);
        let api = upstream(api_url)?;
        let sibling = |name| match sibling_url(api_url, name) {
            Some(url) => upstream(&url),
            None => Ok(api.clone()),
        };
        let (apps, downloads) = (sibling("apps")?, sibling("api-downloads")?);
        let login = issuer.login_url.as_deref().map(upstream).transpose()?;
        Ok(Upstreams { login, api, apps, downloads })
    }

    /// Returns whether a request to this upstream counts as a use of the token.
    pub(super) fn is_api(&self, upstream: &Upstream) -> bool {
        std::ptr::eq(upstream, &*self.api)
    }

    /// Returns `None` for the login host of an issuer that is known only by its token
    /// endpoint.
    pub(super) fn get(&self, host: CloudHost) -> Option<&Upstream> {
        match host {
            CloudHost::Login => self.login.as_deref(),
            CloudHost::Api => Some(&self.api),
            CloudHost::Apps => Some(&self.apps),
            CloudHost::Downloads => Some(&self.downloads),
        }
    }
}

impl Upstream {
    fn new(url: &str, settings: &Settings, context: &Context) -> Result<Upstream> {
        let unusable =
            || Error::new(Kind::Configuration, format!("cannot forward requests to {url}"));
        let parsed = Url::parse(url).map_err(|error| unusable().with_source(error))?;
        let base_path = parsed.path().trim_end_matches('/').to_owned();
        let pool = Pool::new(&parsed, &settings.network, context)?;
        Ok(Upstream { pool, base: parsed, base_path })
    }

    pub(super) fn name(&self) -> &str {
        self.pool.host()
    }

    /// Puts the path of a request below that of the base URL.
    ///
    /// # Errors
    /// The status and the message for a path that could leave the base path.
    pub(super) fn prepend_base_path(
        &self,
        head: &mut Parts,
    ) -> Result<(), (StatusCode, &'static str)> {
        if self.base_path.is_empty() {
            return Ok(());
        }
        if has_dot_segments(head.uri.path()) {
            return Err((StatusCode::BAD_REQUEST, DOT_SEGMENTS_REFUSED));
        }
        let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if !path.starts_with('/') {
            return Err((StatusCode::BAD_REQUEST, "the path does not begin with a slash"));
        }
        let too_long = |_| (StatusCode::URI_TOO_LONG, "the path and the query are too long");
        head.uri = format!("{}{path}", self.base_path).parse().map_err(too_long)?;
        Ok(())
    }

    /// Returns the path of a request without that of the base URL.
    pub(super) fn relative_path<'a>(&self, head: &'a Parts) -> &'a str {
        let path = head.uri.path();
        path.strip_prefix(&*self.base_path).unwrap_or(path)
    }

    /// Returns path, query and fragment of a URL reference below the base URL. A path
    /// without a host is meant for this upstream if `is_own`.
    pub(super) fn path_of(&self, reference: &str, is_own: bool) -> Option<String> {
        path_below(&self.base, reference, is_own)
    }
}

fn path_below(base: &Url, reference: &str, is_own: bool) -> Option<String> {
    let is_path = reference.starts_with('/') && !reference.starts_with("//");
    if is_path && !is_own {
        return None;
    }
    let url = if reference.starts_with('/') {
        base.join(reference).ok()?
    } else {
        Url::parse(reference).ok()?
    };
    if url.origin() != base.origin() {
        return None;
    }
    let below = url[Position::BeforePath..].strip_prefix(base.path().trim_end_matches('/'))?;
    match below.as_bytes().first() {
        Some(b'/') => Some(below.to_owned()),
        None | Some(b'?' | b'#') => Some(format!("/{below}")),
        Some(_) => None,
    }
}

/// Returns the URL of another host in the region of the API; `None` if the API is not at
/// a region's usual host, and stands for all of them.
fn sibling_url(api_url: &str, name: &str) -> Option<String> {
    api_url.strip_prefix("https://api.").map(|domain| format!("https://{name}.{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_to_the_host_that_they_name() {
        let plain = Url::parse("http://127.0.0.1:8080").unwrap();
        let below = Url::parse("http://localhost/base").unwrap();
        for (reference, expected) in [
            ("/api/v2/x?a=b#c", Some("/api/v2/x?a=b#c")),
            ("http://127.0.0.1:8080/api/v2/x", Some("/api/v2/x")),
            ("HTTP://127.0.0.1:8080", Some("/")),
            ("//127.0.0.1:8080/x", Some("/x")),
            ("https://127.0.0.1:8080/x", None),
            ("http://127.0.0.1:8081/x", None),
            ("http://127.0.0.1/x", None),
            ("//other.example/x", None),
            ("x/y", None),
            ("?x", None),
            ("", None),
        ] {
            assert_eq!(path_below(&plain, reference, true).as_deref(), expected, "{reference}");
        }
        assert_eq!(path_below(&plain, "/x", false), None);
        for (reference, expected) in [
            ("/base/api", Some("/api")),
            ("/base", Some("/")),
            ("http://LOCALHOST:80/base?x", Some("/?x")),
            ("/based/api", None),
            ("/other", None),
            ("/base/../x", None),
        ] {
            assert_eq!(path_below(&below, reference, true).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn the_other_hosts_are_siblings_of_the_api() {
        let apps = sibling_url("https://api.mypurecloud.ie", "apps");
        assert_eq!(apps.as_deref(), Some("https://apps.mypurecloud.ie"));
        assert_eq!(sibling_url("http://127.0.0.1:1", "apps"), None);
    }
}
