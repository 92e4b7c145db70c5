//! The route to a host: direct, or through a proxy that the environment names.

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::host::is_loopback;
use crate::net::no_proxy;
use crate::platform::HAS_SYSTEM_PROXY_SETTINGS;
use crate::text::{flaws, shown};

pub(super) enum Route {
    Direct,
    Proxy(Intercept),
}

impl Route {
    /// Returns the route to `url` that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` configure, else the system's settings on macOS and Windows.
    ///
    /// A loopback host is never reached through a proxy: to the proxy, that
    /// name means the proxy itself.
    ///
    /// # Errors
    /// `Configuration` for a variable that names no proxy, and for a SOCKS
    /// proxy, which is not supported: a direct connection would bypass the
    /// user's proxy.
    pub(super) fn to(url: &Url, env: &Environment) -> Result<Route> {
        if is_loopback(url) {
            return Ok(Route::Direct);
        }
        let variables = Variables::read(env);
        if variables.exclude_all() {
            return Ok(Route::Direct);
        }
        let Ok(uri) = url.as_str().parse() else {
            return Ok(Route::Direct);
        };
        if let Some((name, value)) = variables.unusable(&uri) {
            return Err(not_a_proxy(name, value));
        }
        let Some(proxy) = variables.matcher(env).intercept(&uri) else {
            return Ok(Route::Direct);
        };
        let route = Route::Proxy(proxy);
        match &route {
            Route::Proxy(proxy) if !matches!(proxy.uri().scheme_str(), Some("http" | "https")) => {
                Err(Error::new(
                    Kind::Configuration,
                    format!("{} cannot be used", route.name().unwrap_or_default()),
                )
                .with_cause("it is a SOCKS proxy, and only HTTP proxies are supported")
                .with_hint("set HTTPS_PROXY to an HTTP proxy, or list the issuer in NO_PROXY"))
            }
            _ => Ok(route),
        }
    }

    /// Returns `the proxy host:port`, without credentials; `None` for a direct route.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Route::Direct => None,
            Route::Proxy(proxy) => {
                let authority = proxy.uri().authority()?.as_str();
                let host = authority.rsplit('@').next().unwrap_or(authority);
                Some(format!("the proxy {}", shown::authority(host)))
            }
        }
    }
}

pub(crate) fn is_proxy_configured(env: &Environment) -> bool {
    let Variables { http, https, all, no: _ } = Variables::read(env);
    http.or(https).or(all).is_some()
}

/// The environment's variables for proxies, read as curl does: the name in lower case
/// counts first, and an empty variable is one that is not set. `REQUEST_METHOD`, which a
/// web server sets for its scripts, changes nothing.
struct Variables {
    http: Option<ProxyVariable>,
    https: Option<ProxyVariable>,
    all: Option<ProxyVariable>,
    no: Option<ProxyVariable>,
}

type ProxyVariable = (&'static str, String);

impl Variables {
    fn read(env: &Environment) -> Variables {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, env.text(name)?)))
        };
        Variables {
            http: first(["http_proxy", "HTTP_PROXY"]),
            https: first(["https_proxy", "HTTPS_PROXY"]),
            all: first(["all_proxy", "ALL_PROXY"]),
            no: first(["no_proxy", "NO_PROXY"])
                .map(|(name, list)| (name, no_proxy::in_one_form(&list))),
        }
    }

    fn of(&self, uri: &Uri) -> Option<&ProxyVariable> {
        let own = if uri.scheme_str() == Some("https") { &self.https } else { &self.http };
        own.as_ref().or(self.all.as_ref())
    }

    fn no(&self) -> &str {
        value(&self.no)
    }

    /// A star stands for every host; the library applies it to names, but not to addresses.
    fn exclude_all(&self) -> bool {
        self.no().split(',').any(|entry| entry.trim() == "*")
    }

    /// Returns the variable for `uri` if its value is not the URL of a proxy. The library
    /// ignores such a value, or takes half of a password for the host.
    fn unusable(&self, uri: &Uri) -> Option<&ProxyVariable> {
        let variable = self.of(uri)?;
        let value = &variable.1;
        let intercepts = |proxy: &str, no: &str| {
            let matcher = Matcher::builder().all(proxy).no(no).build();
            matcher.intercept(uri).is_some()
        };
        let wanted = intercepts("http://proxy", self.no());
        (wanted && !(intercepts(value, "") && is_proxy(value))).then_some(variable)
    }

    fn matcher(&self, env: &Environment) -> Matcher {
        let proxies = [&self.http, &self.https, &self.all];
        if env.is_of_process()
            && HAS_SYSTEM_PROXY_SETTINGS
            && proxies.iter().all(|proxy| proxy.is_none())
        {
            return Matcher::from_system();
        }
        let [http, https, all] = proxies.map(value);
        Matcher::builder().http(http).https(https).all(all).no(self.no()).build()
    }
}

fn value(variable: &Option<ProxyVariable>) -> &str {
    variable.as_ref().map_or("", |(_, value)| value)
}

/// Returns whether the URL has its host in the authority: a `/`, `?` or `#` in a password
/// ends the authority, and leaves the `@` behind it.
fn is_proxy(value: &str) -> bool {
    let url = if value.contains("://") {
        Url::parse(value)
    } else {
        Url::parse(&format!("http://{value}"))
    };
    url.is_ok_and(|url| !url[url::Position::AfterPort..].contains('@'))
}

/// Does not show the value, which may hold a password and often is unusable because of it.
fn not_a_proxy(name: &str, value: &str) -> Error {
    let error = Error::new(Kind::Configuration, format!("{name} is not the URL of a proxy"));
    let error = match flaws::of(value) {
        Some(flaw) => error.with_cause(format!("it {flaw}")),
        None => error,
    };
    error.with_hint("write http://host:port, or http://user:password@host:port with special characters percent-encoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route<const N: usize>(url: &str, env: [(&str, &str); N]) -> Result<Option<String>> {
        Route::to(&Url::parse(url).unwrap(), &env.into()).map(|route| route.name())
    }

    #[test]
    fn the_proxy_is_named_without_its_credentials() {
        let env = [("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128/x")];
        let name = route("https://login.mypurecloud.ie/oauth/token", env).unwrap();
        assert_eq!(name.as_deref(), Some("the proxy proxy.example:3128"));
    }

    #[test]
    fn exceptions_and_this_machine_are_reached_straight() {
        let env = [("ALL_PROXY", "http://proxy.example:3128"), ("NO_PROXY", "mypurecloud.ie")];
        for url in [
            "https://login.mypurecloud.ie/",
            "https://localhost:1/",
            "https://sandbox.localhost/",
            "http://127.0.0.9/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(route(url, env).unwrap(), None, "{url}");
        }
        let name = route("https://login.mypurecloud.de/", env).unwrap();
        assert_eq!(name.as_deref(), Some("the proxy proxy.example:3128"));
        let env = [("ALL_PROXY", "http://proxy.example:3128"), ("no_proxy", "x.example, *")];
        for url in ["https://login.mypurecloud.de/", "https://192.0.2.1/", "https://[2001:db8::1]/"]
        {
            assert_eq!(route(url, env).unwrap(), None, "{url}");
        }
        for list in ["a.example mypurecloud.ie b.example", "mypurecloud.ie.", "a, *.mypurecloud.ie"]
        {
            let env = [("ALL_PROXY", "http://proxy.example:3128"), ("no_proxy", list)];
            assert_eq!(route("https://login.mypurecloud.ie/", env).unwrap(), None, "{list}");
        }
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        let (one, other) = ("http://one.example:1", "http://other.example:2");
        for (env, expected) in [
            ([("HTTPS_PROXY", ""), ("https_proxy", one)], Some("one.example:1")),
            ([("HTTPS_PROXY", one), ("https_proxy", "")], Some("one.example:1")),
            ([("HTTPS_PROXY", other), ("https_proxy", one)], Some("one.example:1")),
            ([("https_proxy", ""), ("ALL_PROXY", one)], Some("one.example:1")),
            ([("ALL_PROXY", other), ("all_proxy", one)], Some("one.example:1")),
            ([("ALL_PROXY", other), ("HTTPS_PROXY", one)], Some("one.example:1")),
            ([("HTTP_PROXY", one), ("http_proxy", one)], None),
            ([("HTTPS_PROXY", one), ("REQUEST_METHOD", "GET")], Some("one.example:1")),
            ([("ALL_PROXY", one), ("REQUEST_METHOD", "GET")], Some("one.example:1")),
            ([("HTTPS_PROXY", one), ("NO_PROXY", "")], Some("one.example:1")),
        ] {
            let name = route("https://login.mypurecloud.de/", env).unwrap();
            let expected = expected.map(|host| format!("the proxy {host}"));
            assert_eq!(name, expected, "{env:?}");
        }
        let env = [("https_proxy", one), ("no_proxy", ""), ("NO_PROXY", "mypurecloud.de")];
        assert_eq!(route("https://login.mypurecloud.de/", env), Ok(None));
        let env = [("HTTP_PROXY", one), ("REQUEST_METHOD", "GET")];
        let name = route("http://issuer.example/", env).unwrap();
        assert_eq!(name.as_deref(), Some("the proxy one.example:1"));
    }

    #[test]
    fn a_secret_in_the_place_of_a_proxy_is_not_shown() {
        let secret = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE1iOayQwX";
        let name = route("https://login.mypurecloud.de/", [("HTTPS_PROXY", secret)]).unwrap();
        assert_eq!(name, Some(format!("the proxy {}", shown::HIDDEN)));
        for host in ["squid-7d9f8b6c5d-x2x4z:3128", "vpce-0a1b2c3d4e5f60718-abcdefgh.example:443"] {
            let proxy = format!("http://{host}");
            let name = route("https://login.mypurecloud.de/", [("HTTPS_PROXY", &*proxy)]).unwrap();
            assert_eq!(name, Some(format!("the proxy {host}")));
        }
    }

    #[test]
    fn a_socks_proxy_is_refused_by_name() {
        let env = [("ALL_PROXY", "socks5://user:hunter2@proxy.example:1080")];
        let error = route("https://login.mypurecloud.ie/", env).unwrap_err();
        assert_eq!(error.kind, Kind::Configuration);
        assert_eq!(error.message, "the proxy proxy.example:1080 cannot be used");
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_refused_where_it_is_meant() {
        for value in [
            "http://user:hunter2#@proxy.example:3128",
            "http://user:2/hunter2@proxy.example:3128",
            "user:2?hunter2@proxy.example:3128",
            "http://user:hunter2@proxy.example:port",
            "http://",
            "hunter2 ",
            "ftp://proxy.example",
        ] {
            let env = [("HTTPS_PROXY", value), ("NO_PROXY", "mypurecloud.ie")];
            let error = route("https://login.mypurecloud.de/", env).unwrap_err();
            assert_eq!(error.kind, Kind::Configuration);
            assert_eq!(error.message, "HTTPS_PROXY is not the URL of a proxy");
            assert!(!error.to_string().contains("hunter2"));
            assert_eq!(route("https://login.mypurecloud.ie/", env), Ok(None));
            assert_eq!(route("http://other.example/", env), Ok(None));
        }
        let env = [("HTTPS_PROXY", "proxy.example:3128")];
        let name = route("https://login.mypurecloud.de/", env).unwrap();
        assert_eq!(name.as_deref(), Some("the proxy proxy.example:3128"));
    }
}
