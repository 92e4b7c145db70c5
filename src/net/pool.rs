//! Many requests to one host: connections are reused, bodies are streamed, and requests
//! are sent as they are, apart from what HTTP itself needs.

mod handshake;
mod idle;
mod pooled_body;
mod send_error;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Body;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, Uri};
use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use url::{Position, Url};

use super::connect_error::ExchangeError;
use super::connector::{ConnectOptions, Connector, PhaseTimes, TOTAL_CONNECT_TIMEOUT};
use super::diagnosis::Target;
use super::network::NetworkSettings;
use super::proxy_env::Route;
use super::service::Service;
use super::tls::Alpn;
use super::{CONNECT_TIMEOUT, display_host};
use crate::box_error::BoxError;
use crate::context::Context;
use crate::error::{Error, Kind, Result};

pub(crate) use pooled_body::PooledBody;
pub(crate) use send_error::SendError;

use handshake::handshake;
use idle::{Connection, IdleConnections};
use pooled_body::Lease;

/// Connections to one host, by HTTP/2 where the host negotiates it over TLS.
pub(crate) struct Pool<B> {
    connector: Connector,
    target: Target,
    idle: Arc<IdleConnections<B>>,
    /// For HTTP/1.1 connections.
    permits: Arc<Semaphore>,
    /// Held by the task that opens an HTTP/2 connection.
    connect_lock: Mutex<()>,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
}

/// Above this many busy HTTP/1.1 connections, a request waits up to [`IDLE_WAIT`] for one of
/// them: an additional connection costs about 40 KB.
const FREE_CONNECTIONS: usize = 64;

/// No longer, because slow clients may keep all connections busy.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// The wait for a connection that another request is opening. That attempt may hang.
const CONNECT_WAIT: Duration = Duration::from_secs(1);

const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

impl<B> Pool<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    /// Prepares a pool for the host of `url`. Has to be called within a runtime, in whose
    /// background idle connections are closed.
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates or the proxy are unusable.
    pub(crate) fn new(url: &Url, network: &NetworkSettings, context: &Context) -> Result<Pool<B>> {
        let nowhere = || Error::new(Kind::Configuration, format!("{url} names no host"));
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        let route = Route::to(url, &context.env)?;
        let alpn = (url.scheme() == "https").then_some(Alpn::Either);
        let tls = || network.tls(context);
        let options = ConnectOptions {
            total: Some(TOTAL_CONNECT_TIMEOUT),
            tcp: Some(CONNECT_TIMEOUT),
            keepalive: None,
            user_timeout: Some(TCP_USER_TIMEOUT),
        };
        let target = Target {
            message: format!("no response from {}", display_host(url)),
            host: display_host(url),
            service: Service::Issuer,
            proxy: route.name(),
            connect: TOTAL_CONNECT_TIMEOUT,
            attempt: TOTAL_CONNECT_TIMEOUT,
        };
        Ok(Pool {
            connector: Connector::new(url, &route, alpn, &tls, options)?,
            target,
            idle: IdleConnections::start(url.scheme() == "https"),
            permits: Arc::new(Semaphore::new(FREE_CONNECTIONS)),
            connect_lock: Mutex::default(),
            scheme: url.scheme().parse().map_err(|_| nowhere())?,
            host: authority.parse().map_err(|_| nowhere())?,
            authority: authority.parse().map_err(|_| nowhere())?,
        })
    }

    /// Returns the host, and its port unless that is the scheme's own.
    pub(crate) fn host(&self) -> &str {
        &self.target.host
    }

    /// Explains a request without a response. `now` is the local wall clock, by which
    /// certificates are judged.
    pub(crate) fn explain(&self, error: &SendError, now: Timestamp) -> Error {
        let mut explained = self.target.failure(&error.source, now, None).error;
        if let Some(not_retried) = &error.not_retried {
            let cause = explained.cause.unwrap_or_default();
            explained.cause = Some(format!("{not_retried}: {cause}"));
        }
        explained
    }

    /// Sends a request; of its URI, the path and the query count. A request that an idle
    /// connection did not take, because the host was closing it, is sent over another.
    pub(crate) async fn send(
        &self,
        mut request: Request<B>,
    ) -> Result<Response<PooledBody<B>>, SendError> {
        let method = request.method().clone();
        loop {
            let permit = timeout(IDLE_WAIT, self.permits.clone().acquire_owned()).await;
            let permit = permit.ok().and_then(Result::ok);
            let (connection, was_kept) = match self.idle.take_ready() {
                Some(connection) => (connection, true),
                None => Box::pin(self.open()).await.map_err(SendError::unsent)?,
            };
            self.set_host(&mut request, &connection);
            let sent = match connection {
                Connection::Http1(mut sender) => match sender.try_send_request(request).await {
                    Ok(reply) => {
                        let lease = Lease::Http1 { sender, permit, idle: self.idle.clone() };
                        Ok(reply.map(|body| PooledBody::new(body, lease)))
                    }
                    Err(failed) => Err(failed),
                },
                Connection::Http2(mut sender, stream) => {
                    drop(permit);
                    let sent = sender.try_send_request(request).await;
                    sent.map(|reply| reply.map(|body| PooledBody::new(body, Lease::Http2(stream))))
                }
            };
            let mut failed = match sent {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            match failed.take_message() {
                Some(unsent) if was_kept => request = unsent,
                _ => return Err(SendError::sent(failed.into_error(), &method, was_kept)),
            }
        }
    }

    /// Opens a connection, or returns one that another request has opened meanwhile, and
    /// whether it is that.
    async fn open(&self) -> Result<(Connection<B>, bool), ExchangeError> {
        let mut connect_lock = None;
        if self.idle.expect_h2() {
            connect_lock = timeout(CONNECT_WAIT, self.connect_lock.lock()).await.ok();
            if let Some(connection) = self.idle.take_ready() {
                return Ok((connection, true));
            }
        }
        // The connection before may have shown that the host speaks HTTP/1.1.
        let _connect_lock = connect_lock.filter(|_| self.idle.expect_h2());
        let transport = self.connector.connect(&mut PhaseTimes::default()).await?;
        Ok(self.idle.register(handshake(transport).await?))
    }

    /// Names the host as the version of HTTP wants it (RFC 9112 section 3.2, RFC 9113
    /// section 8.3.1).
    fn set_host(&self, request: &mut Request<B>, connection: &Connection<B>) {
        let path = std::mem::take(request.uri_mut()).into_parts().path_and_query;
        let path = path.unwrap_or(PathAndQuery::from_static("/"));
        *request.uri_mut() = match connection {
            Connection::Http1(_) => {
                request.headers_mut().insert(HOST, self.host.clone());
                path.into()
            }
            Connection::Http2(..) => {
                request.headers_mut().remove(HOST);
                let mut parts = hyper::http::uri::Parts::default();
                parts.scheme = Some(self.scheme.clone());
                parts.authority = Some(self.authority.clone());
                parts.path_and_query = Some(path);
                Uri::from_parts(parts).unwrap_or_default()
            }
        };
    }
}

#[cfg(test)]
mod tests;
