//! Opening a connection to a host: straight, or through a proxy.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use hyper::Uri;
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper::service::Service as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connection as Connected, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ClientConfig;
use tokio::time::{sleep, timeout};
use url::Url;

use super::idle::{Allowed, Connection, MAX_STREAMS, StreamPermit};
use crate::box_error::BoxError;
use crate::error::{Error, Kind, Result};
use crate::net::CONNECT_TIMEOUT;
use crate::net::proxy_env::Route;
use crate::net::resolve::Resolver;
use crate::net::tls::TlsContext;
use crate::platform::set_tcp_user_timeout;
use crate::sync;

/// How much of an answer is on its way or waits for its client: at 50 ms, enough
/// for 5 MB/s. A window that adapts is out of the question: it would be one and the
/// same for a stream and for the connection, and clients that do not read would use
/// up what all share.
const STREAM_WINDOW: u32 = 256 << 10;

/// The sum of all streams' windows, so that no request on a connection holds up another
/// one whose client reads.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS as u32;

/// The read buffer over HTTP/1.1, for the head of an answer and for what is read ahead.
/// The library's default is 400 KB for a client that does not read.
const READ_BUFFER: usize = 32 << 10;

/// The time for a host's SETTINGS frame, which is the first thing that it sends (RFC 9113
/// section 3.4) and limits the number of streams.
const SETTINGS_TIMEOUT: Duration = Duration::from_secs(1);

/// While requests are under way and nothing comes, the host is asked so often
/// whether it is still there (RFC 9113 section 6.7). A network that has come back
/// in another way does not tell, and all requests share a connection.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// How long its answer may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a host may take to confirm what was sent to it, or to have room for
/// more, in any protocol (RFC 5482 section 2).
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

/// Connections to hosts, of which the names are looked up by us.
pub(in crate::net) type Tcp = HttpConnector<Resolver>;

/// How one host is reached.
pub(super) struct Dial {
    uri: Uri,
    way: Way,
}

enum Way {
    Straight(TowerToHyperService<HttpsConnector<Tcp>>),
    /// To the host's own TLS inside of a tunnel that the proxy makes.
    Tunnelled(Box<TowerToHyperService<HttpsConnector<Tunnel<HttpsConnector<Tcp>>>>>),
}

impl Dial {
    pub(super) fn new(url: &Url, tls_context: &TlsContext) -> Result<Dial> {
        let uri = url.as_str().parse().map_err(|error| {
            Error::new(Kind::Configuration, format!("{url} cannot be connected to"))
                .with_source(error)
        })?;
        let tls = match url.scheme() {
            "https" => tls_context.tls()?,
            _ => TlsContext::without_roots()?,
        };
        let way = match &Route::to(url, &tls_context.env)? {
            Route::Direct => {
                Way::Straight(TowerToHyperService::new(secured(tls, tcp_with_user_timeout())))
            }
            Route::Proxy(proxy) => {
                let to_proxy = to_proxy(tls.clone(), tcp_with_user_timeout());
                let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Way::Tunnelled(Box::new(TowerToHyperService::new(secured(tls, tunnel))))
            }
        };
        Ok(Dial { uri, way })
    }

    pub(super) async fn open<B>(&self) -> Result<Connection<B>, BoxError>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        match &self.way {
            Way::Straight(connector) => {
                handshake_http(connector.call(self.uri.clone()).await?).await
            }
            Way::Tunnelled(connector) => {
                handshake_http(connector.call(self.uri.clone()).await?).await
            }
        }
    }
}

/// Settles on a protocol. The connection is worked on in the background, until
/// nobody sends by it any more.
async fn handshake_http<T, B>(stream: T) -> Result<Connection<B>, BoxError>
where
    T: Connected + Read + Write + Send + Unpin + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    if stream.connected().is_negotiated_h2() {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(UNKNOWN_LIMIT)
            .keep_alive_interval(Some(KEEP_ALIVE_INTERVAL))
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .handshake(stream)
            .await?;
        let allowed = drive(connection);
        let _ = timeout(SETTINGS_TIMEOUT, settings_received(&allowed)).await;
        return Ok(Connection::Http2(sender, StreamPermit::first(allowed)));
    }
    // One write, with a copy of a body's piece, costs less than one of two parts.
    let (sender, connection) =
        http1::Builder::new().writev(false).max_buf_size(READ_BUFFER).handshake(stream).await?;
    tokio::spawn(async { drop(connection.await) });
    Ok(Connection::Http1(sender))
}

/// The library's value for the limit on streams before the SETTINGS frame has come.
const UNKNOWN_LIMIT: usize = 0;

/// Works on a connection in the background. Requests are told of its end by other
/// means; what is returned tells how many of them its host takes at a time.
fn drive<T, B>(connection: http2::Connection<T, B, TokioExecutor>) -> Allowed
where
    T: Read + Write + Send + Unpin + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let connection = Arc::new(Mutex::new(Some(connection)));
    let asked = connection.clone();
    tokio::spawn(poll_fn(move |context| {
        let mut connection = sync::lock(&connection);
        let open = connection.as_mut().map(|open| Pin::new(open).poll(context));
        let done = open.is_none_or(|polled| polled.is_ready());
        if done {
            // With it goes what waits in it, which is told of the end by that.
            drop(connection.take());
            return Poll::Ready(());
        }
        Poll::Pending
    }));
    Box::new(move || {
        let connection = sync::lock(&asked);
        // One that has ended takes nothing, whatever it allows.
        connection.as_ref().map_or(usize::MAX, |open| open.current_max_send_streams())
    })
}

/// Returns once the host's SETTINGS frame has come, which the library does not signal.
async fn settings_received(allowed: &Allowed) {
    while allowed() == UNKNOWN_LIMIT {
        sleep(POLL_INTERVAL).await;
    }
}

/// The time between two looks for the SETTINGS frame.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Connections that end when the other side has gone without a word.
fn tcp_with_user_timeout() -> Tcp {
    let mut tcp = tcp();
    set_tcp_user_timeout(&mut tcp, TCP_USER_TIMEOUT);
    tcp
}

/// Connections to whatever host a URL names.
pub(in crate::net) fn tcp() -> Tcp {
    let mut tcp = Tcp::new_with_resolver(Resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp
}

/// Connections to a proxy, over TLS where its URL wants that.
pub(in crate::net) fn to_proxy(tls: ClientConfig, tcp: Tcp) -> HttpsConnector<Tcp> {
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
