//! A way through to any host, byte for byte: what goes over it is not looked
//! at.

use std::time::Duration;

use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::rt::{Read, Write};
use hyper::service::Service;
use hyper::upgrade::Upgraded;
use hyper::{Request, Uri};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use url::Url;

use super::CONNECT_TIMEOUT;
use super::pool::{tcp, to_proxy};
use super::proxy_env::Route;
use super::tls::TlsContext;
use crate::config::NetworkSettings;
use crate::context::Context;
use crate::error::{Error, Kind, Result};

/// Opens ways to hosts, as the environment asks for them: straight, or through
/// a proxy.
pub(crate) struct TunnelConnector {
    /// The certificates are for a proxy that itself speaks TLS.
    tls_context: TlsContext,
}

/// What comes and goes.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How long it may take until a way is open: a proxy may need as long as we do
/// to connect, after we have connected to it.
const LIMIT: Duration = CONNECT_TIMEOUT.saturating_mul(3);

/// A connection may be silent for hours. Whether the other end is still there
/// is asked now and then.
const KEEPALIVE: Duration = Duration::from_secs(60);

impl TunnelConnector {
    pub(crate) fn new(network: &NetworkSettings, context: &Context) -> TunnelConnector {
        TunnelConnector { tls_context: TlsContext::new(network, context) }
    }

    /// A way to `host`, which has a port.
    ///
    /// # Errors
    /// `Unavailable` when there is none, `Configuration` when the proxy that
    /// leads there cannot be used.
    pub(crate) async fn open(&self, host: &Authority) -> Result<Box<dyn Stream>> {
        let no_way = || Error::new(Kind::Unavailable, format!("cannot connect to {host}"));
        match timeout(LIMIT, self.connect(host)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(cause)) => match cause.downcast::<Error>() {
                Ok(error) => Err(error),
                Err(cause) => Err(no_way().with_source(cause)),
            },
            Err(_) => Err(no_way().with_cause(format!("it takes longer than {LIMIT:?}"))),
        }
    }

    async fn connect(&self, host: &Authority) -> Result<Box<dyn Stream>, anyhow::Error> {
        let uri = Uri::builder()
            .scheme(Scheme::HTTPS)
            .authority(host.clone())
            .path_and_query(PathAndQuery::from_static("/"))
            .build()?;
        let mut tcp = tcp();
        tcp.set_keepalive(Some(KEEPALIVE));
        let proxy = match Route::to(&Url::parse(&uri.to_string())?, &self.tls_context.env)? {
            Route::Direct => {
                let stream = TowerToHyperService::new(tcp).call(uri).await?;
                return Ok(Box::new(stream.into_inner()));
            }
            Route::Proxy(proxy) => proxy,
        };
        let at = proxy.uri().clone();
        let stream = match at.scheme() == Some(&Scheme::HTTPS) {
            true => {
                let connector = TowerToHyperService::new(to_proxy(self.tls_context.tls()?, tcp));
                let stream = connector.call(at).await.map_err(anyhow::Error::from_boxed)?;
                through(stream, &proxy, host).await?
            }
            false => through(TowerToHyperService::new(tcp).call(at).await?, &proxy, host).await?,
        };
        Ok(Box::new(TokioIo::new(stream)))
    }
}

/// Asks a proxy for a way through (RFC 9110 section 9.3.6).
async fn through<S>(stream: S, proxy: &Intercept, host: &Authority) -> anyhow::Result<Upgraded>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::connect(host.as_str()).header(HOST, host.as_str());
    if let Some(auth) = proxy.basic_auth() {
        request = request.header(PROXY_AUTHORIZATION, auth);
    }
    let reply = sender.send_request(request.body(String::new())?).await?;
    anyhow::ensure!(reply.status().is_success(), "the proxy answers {}", reply.status());
    Ok(hyper::upgrade::on(reply).await?)
}
