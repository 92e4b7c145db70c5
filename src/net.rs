//! The HTTP client: one request over the wire, and its reply as it came.

mod client;
mod diagnosis;
pub(crate) mod no_proxy;
mod peer_clock;
mod pinned;
mod pool;
mod probe;
mod proxy_env;
mod resolve;
pub(crate) mod roots;
mod timeout;
mod tls;
mod tunnel;
mod validity;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AGE, DATE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder};
use rustls::ClientConfig;
use rustls::time_provider::DefaultTimeProvider;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::{OffsetEstimate, Reading};
use crate::config::NetworkSettings;
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};

use client::{Limits, builder, client, tls};
use diagnosis::Target;
pub(crate) use pool::{Pool, PooledBody, SendError};
pub(crate) use probe::{DateHeader, Probe, is_page};
use proxy_env::Route;
pub(crate) use proxy_env::is_proxy_configured;
use roots::Roots;
pub(crate) use timeout::TimeoutPool;
pub(crate) use tls::TlsContext;
pub(crate) use tunnel::{Stream, TunnelConnector};

/// A client for one URL.
pub(crate) struct HttpClient {
    client: Client,
    /// For a peer that speaks HTTP/2 only, once that is known.
    http2: OnceLock<Client>,
    url: Url,
    limits: Limits,
    target: Target,
    tls: ClientConfig,
    roots: Roots,
    route: Route,
    known: Option<OffsetEstimate>,
}

/// A request that got no reply worth reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestError {
    /// What to tell the user.
    pub(crate) error: Error,
    /// Whether the same request may succeed later.
    pub(crate) is_transient: bool,
}

/// A reply, before anything in it is believed.
pub(crate) struct HttpResponse {
    /// The HTTP status code.
    pub(crate) status: u16,
    /// The header fields.
    pub(crate) headers: HeaderMap,
    /// The whole body, at most [`MAX_RESPONSE_BYTES`] bytes. It may hold a token.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// A reply, and the clocks around it.
pub(crate) struct RoundTrip {
    /// Just before the request was sent, connecting included.
    pub(crate) sent: Reading,
    /// Just after the reply's header arrived, which is where its `Date` is.
    pub(crate) received: Reading,
    /// The reply.
    pub(crate) reply: HttpResponse,
}

/// A token reply takes a few kilobytes. More than this is none, and is not
/// read to its end.
pub(crate) const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// No working network takes longer to connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A shorter time limit is for one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);

impl HttpClient {
    /// A client for `url`. Certificates are loaded only when it speaks TLS.
    /// `purpose` and the host begin every message: "no token from".
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates or the proxy are unusable.
    pub(crate) fn new(
        url: &Url,
        purpose: &'static str,
        network: &NetworkSettings,
        context: &Context,
    ) -> Result<HttpClient> {
        let Context { env, reporter, .. } = context;
        let route = Route::to(url, env)?;
        if let Some(proxy) = route.name() {
            reporter.debug(format_args!("going through {proxy}"));
        }
        let roots = match url.scheme() {
            "https" => roots::load(network.ca_file.as_deref(), env, reporter)?,
            _ => Roots::none(),
        };
        let tls = tls(&roots, Arc::new(DefaultTimeProvider))?;
        // A limit as long as the total one would race with it.
        let connect = Some(CONNECT_TIMEOUT).filter(|connect| *connect < network.timeout);
        let attempt = attempt_limit(network.timeout);
        let target = Target {
            purpose,
            host: display_host(url),
            proxy: route.name(),
            connect: connect.unwrap_or(network.timeout),
            attempt: attempt.unwrap_or(network.timeout),
        };
        let limits = Limits { connect, attempt };
        let client = client(&route, limits.apply(builder(tls.clone()).http1_only()))?;
        let (url, http2) = (url.clone(), OnceLock::new());
        Ok(HttpClient { client, http2, url, limits, target, tls, roots, route, known: None })
    }

    /// Tells what earlier contacts showed of the peer's clock: a message may
    /// need it.
    pub(crate) fn knowing(self, known: Option<&OffsetEstimate>) -> HttpClient {
        HttpClient { known: known.cloned(), ..self }
    }

    /// A request to the URL, to be filled and sent.
    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.url.clone())
    }

    /// The failure of a request that was cut off by a limit on the whole work.
    pub(crate) fn too_slow(&self) -> RequestError {
        self.target.too_slow()
    }

    /// Sends the request once and reads the reply, within `limit`. Blocks, as
    /// [`block_on`] does.
    pub(crate) fn round_trip(
        &self,
        request: RequestBuilder,
        limit: Duration,
        clock: &dyn Clock,
    ) -> Result<RoundTrip> {
        let done = block_on(limit, self.send(request, clock))?;
        done.unwrap_or_else(|| Err(self.too_slow())).map_err(|failure| failure.error)
    }

    /// Sends the request once and reads the reply.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        clock: &dyn Clock,
    ) -> Result<RoundTrip, RequestError> {
        let sent = clock.read();
        let mut response = match self.send_by_either_version(request).await {
            Ok(response) => response,
            Err(error) => {
                let peer_clock = match diagnosis::validity_error(&error) {
                    Some(validity_error) => self.peer_clock(validity_error, clock).await,
                    None => None,
                };
                return Err(self.target.failure(error, sent.wall, peer_clock));
            }
        };
        let received = clock.read();
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Zeroizing::new(Vec::new());
        if response.content_length() > Some(MAX_RESPONSE_BYTES as u64) {
            return Err(self.target.too_large(status));
        }
        let broken = |error| self.target.failure(error, sent.wall, None);
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(self.target.too_large(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RoundTrip { sent, received, reply: HttpResponse { status, headers, body } })
    }
}

impl RoundTrip {
    /// What the reply's `Date` proves of the remote clock.
    pub(crate) fn measure(&self) -> Option<OffsetEstimate> {
        OffsetEstimate::from_date_header(
            &self.sent,
            &self.received,
            date_header(&self.reply.headers)?,
        )
    }
}

/// Runs `work` on a runtime that exists only for it; `None` when it takes
/// longer than `limit`.
///
/// # Errors
/// `System` when the system has no means for a runtime.
pub(crate) fn block_on<T>(limit: Duration, work: impl Future<Output = T>) -> Result<Option<T>> {
    let runtime = crate::context::runtime().map_err(|error| {
        Error::new(Kind::System, "the network cannot be used").with_source(error)
    })?;
    let done = runtime.block_on(async { tokio::time::timeout(limit, work).await.ok() });
    // A name that is still being looked up must not hold the process up.
    runtime.shutdown_background();
    Ok(done)
}

/// The moment a reply was written, by the remote clock. `None` when it came
/// from a cache (`Age`), or when the header is missing, repeated or not a date.
pub(crate) fn date_header(headers: &HeaderMap) -> Option<Timestamp> {
    if headers.contains_key(AGE) {
        return None;
    }
    let mut dates = headers.get_all(DATE).iter();
    let date = parse_http_date(dates.next()?.to_str().ok()?)?;
    dates.next().is_none().then_some(date)
}

/// A date of HTTP (RFC 9110 section 5.6.7).
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text.trim()).ok()?).ok()
}

/// A URL's host, and its port unless that is the scheme's own: all that a
/// message shows of it, for the path or the user part may be private.
pub(crate) fn display_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// One attempt may take half of the time limit, so that a connection that
/// hangs is given up while there is time for another one. `None` for a time
/// limit that is for one attempt.
fn attempt_limit(timeout: Duration) -> Option<Duration> {
    (timeout > ONE_ATTEMPT).then(|| (timeout / 2).max(ONE_ATTEMPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_leaves_time_for_another_unless_the_limit_is_short() {
        for (timeout, limit) in
            [(1, None), (10, None), (11, Some(10)), (20, Some(10)), (30, Some(15)), (60, Some(30))]
        {
            let limit = limit.map(Duration::from_secs);
            assert_eq!(attempt_limit(Duration::from_secs(timeout)), limit);
        }
    }
}
