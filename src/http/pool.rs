//! Many requests to one host: connections are kept, bodies are streamed, and
//! nothing is added to what the caller sends but what HTTP itself needs.

use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error as Broken};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use url::Url;

use super::CONNECT;
use super::proxy::Route;
use super::trust::Trust;
use crate::error::Result;

/// A client that keeps its connections, for one host. HTTP/2 where the host
/// speaks it over TLS, else HTTP/1.1.
pub(crate) struct Pool<B> {
    way: Way<B>,
}

enum Way<B> {
    Straight(Box<Client<HttpsConnector<HttpConnector>, B>>),
    /// To the host's own TLS inside of a tunnel that the proxy makes.
    Tunnelled(Box<Client<HttpsConnector<Tunnel<HttpsConnector<HttpConnector>>>, B>>),
}

/// How long an idle connection is kept: less than servers and balancers do, so
/// that a request seldom meets one that is just being closed.
const IDLE: Duration = Duration::from_secs(30);

impl<B> Pool<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// A client for `url`, reached as [`Wire`](super::Wire) reaches it.
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates or the proxy are unusable.
    pub(crate) fn new(url: &Url, trust: &Trust) -> Result<Pool<B>> {
        let route = Route::to(url, &trust.env)?;
        let tls = match url.scheme() {
            "https" => trust.tls()?,
            _ => Trust::nobody()?,
        };
        let way = match &route {
            Route::Direct => Way::Straight(Box::new(client(secured(tls, tcp())))),
            Route::Proxy(proxy) => {
                let to_proxy = to_proxy(tls.clone(), tcp());
                let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Way::Tunnelled(Box::new(client(secured(tls, tunnel))))
            }
        };
        Ok(Pool { way })
    }

    /// Sends a request. One that a kept connection did not take, because the
    /// host was closing it, is sent over another.
    pub(crate) async fn send(&self, request: Request<B>) -> Result<Response<Incoming>, Broken> {
        match &self.way {
            Way::Straight(client) => client.request(request).await,
            Way::Tunnelled(client) => client.request(request).await,
        }
    }
}

/// Connections to whatever host a URL names.
pub(super) fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp
}

/// Connections to a proxy, over TLS where its URL wants that.
pub(super) fn to_proxy(tls: ClientConfig, tcp: HttpConnector) -> HttpsConnector<HttpConnector> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp)
}

/// TLS where the URL wants it, over `connector`.
fn secured<C>(tls: ClientConfig, connector: C) -> HttpsConnector<C> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector)
}

fn client<C, B>(connector: C) -> Client<C, B>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
    B: Body + Send,
    B::Data: Send,
{
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http2_adaptive_window(true)
        .build(connector)
}
