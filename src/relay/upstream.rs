//! The cloud's hosts, and how each is reached.

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use url::Url;

use super::body::Upload;
use super::held::Held;
use crate::error::{Error, Kind, Result};
use crate::http::{Pool, Trust};
use crate::settings::Settings;
use crate::world::World;

/// One of the cloud's hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// `login.`: makes tokens.
    Login,
    /// `api.`: judges them.
    Api,
    /// `apps.`: takes some uploads.
    Apps,
    /// `api-downloads.`: gives what the API has exported.
    Downloads,
}

/// All of them.
pub(super) struct Upstreams {
    login: Option<Arc<Upstream>>,
    api: Arc<Upstream>,
    apps: Arc<Upstream>,
    downloads: Arc<Upstream>,
}

/// One host: where it is, and the connections to it.
pub(super) struct Upstream {
    pub(super) pool: Pool<Held<Upload>>,
    /// The path that its base URL has, without a slash at the end.
    path: String,
}

impl Upstreams {
    pub(super) fn new(settings: &Settings, world: &World) -> Result<Upstreams> {
        let issuer = &settings.issuer;
        let api_url = issuer.api_url.as_deref().ok_or_else(|| {
            Error::new(Kind::Configuration, "there is no API to pass requests on to")
                .hint("set --region or --api-url")
        })?;
        let trust = Trust::new(&settings.network, world);
        let upstream = |url: &str| Upstream::new(url, &trust).map(Arc::new);
        let api = upstream(api_url)?;
        let beside = |name| match beside(api_url, name) {
            Some(url) => upstream(&url),
            None => Ok(api.clone()),
        };
        let (apps, downloads) = (beside("apps")?, beside("api-downloads")?);
        let login = issuer.login_url.as_deref().map(upstream).transpose()?;
        Ok(Upstreams { login, api, apps, downloads })
    }

    /// The host's upstream; `None` for the login host of an issuer of which
    /// only the token endpoint is known.
    pub(super) fn of(&self, host: Host) -> Option<&Upstream> {
        match host {
            Host::Login => self.login.as_deref(),
            Host::Api => Some(&self.api),
            Host::Apps => Some(&self.apps),
            Host::Downloads => Some(&self.downloads),
        }
    }
}

impl Upstream {
    fn new(url: &str, trust: &Trust) -> Result<Upstream> {
        let unusable = || {
            Error::new(Kind::Configuration, format!("{url} is not a URL to pass requests on to"))
        };
        let parsed = Url::parse(url).map_err(|error| unusable().because(error))?;
        let path = parsed.path().trim_end_matches('/').to_owned();
        Ok(Upstream { pool: Pool::new(&parsed, trust)?, path })
    }

    /// For messages.
    pub(super) fn name(&self) -> &str {
        self.pool.host()
    }

    /// Puts a request's path below that of the base URL.
    pub(super) fn address(&self, head: &mut Parts) {
        if self.path.is_empty() {
            return;
        }
        let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if let Ok(uri) = format!("{}{path}", self.path).parse() {
            head.uri = uri;
        }
    }
}

/// Another host of a region, beside its API. A stand-in for the API stands in for
/// that one, too.
fn beside(api_url: &str, name: &str) -> Option<String> {
    api_url.strip_prefix("https://api.").map(|domain| format!("https://{name}.{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hosts_stand_beside_the_api() {
        let apps = beside("https://api.mypurecloud.ie", "apps");
        assert_eq!(apps.as_deref(), Some("https://apps.mypurecloud.ie"));
        assert_eq!(beside("http://127.0.0.1:1", "apps"), None);
    }
}
