//! What the proxy does with a connection.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue, PROXY_AUTHENTICATE};
use hyper::http::uri::Authority;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::absolute;
use super::hosts::InterceptedHosts;
use super::proxy_auth::{CHALLENGE, ProxyCredentials};
use super::tunnel;
use crate::net::{Stream, TunnelConnector};
use crate::proxy::{
    Body, ClientConnection, CloudHost, ConnectionLimits, ConnectionPermit, ConnectionPermits,
    ReverseProxy, Server, is_of_token_endpoint, refuse, refuse_method,
};

/// The proxy, as its clients see it.
pub(super) struct ConnectProxy {
    relay: Arc<ReverseProxy>,
    names: InterceptedHosts,
    credentials: ProxyCredentials,
    tls: TlsAcceptor,
    tunnel_connector: TunnelConnector,
    door: Arc<Server>,
    /// The permits for connections to the cloud's hosts.
    hosts: Arc<ConnectionPermits>,
    /// The permits for tunnels to any other host.
    tunnels: Arc<ConnectionPermits>,
}

/// How long a client may take to agree on TLS: it is on this machine.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl ConnectProxy {
    pub(super) fn new(
        relay: Arc<ReverseProxy>,
        names: InterceptedHosts,
        credentials: ProxyCredentials,
        tls: Arc<ServerConfig>,
        tunnel_connector: TunnelConnector,
        door: Arc<Server>,
        limits: &ConnectionLimits,
    ) -> ConnectProxy {
        let hosts = ConnectionPermits::new(limits.hosts);
        let tunnels = ConnectionPermits::new(limits.tunnels);
        ConnectProxy {
            relay,
            names,
            credentials,
            tls: tls.into(),
            tunnel_connector,
            door,
            hosts,
            tunnels,
        }
    }

    /// Answers a request to the proxy itself.
    pub(super) fn answer(
        self: Arc<Self>,
        client: &ClientConnection,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + use<> {
        self.relay.metrics().count_client_request();
        let is_known = self.credentials.admit(request.headers());
        if is_known {
            client.set_authenticated();
        }
        self.answer_if(is_known, request)
    }

    async fn answer_if(
        self: Arc<Self>,
        is_known: bool,
        request: Request<Incoming>,
    ) -> Response<Body> {
        if !is_known {
            let why = "proxy authentication required: only the command that gc-token has started knows the password";
            let mut reply = refuse(StatusCode::PROXY_AUTHENTICATION_REQUIRED, why);
            let challenge = HeaderValue::from_static(CHALLENGE);
            reply.headers_mut().insert(PROXY_AUTHENTICATE, challenge);
            return reply;
        }
        if request.method() != Method::CONNECT {
            return match absolute::in_origin_form(&self.names, request) {
                Ok((host, request)) => self.relay(host, request).await,
                Err(why) => refuse(StatusCode::NOT_IMPLEMENTED, &why),
            };
        }
        let Some(wanted) = host_and_port(request.uri()) else {
            return refuse_tunnel(StatusCode::BAD_REQUEST, "CONNECT needs a host and a port");
        };
        let host = self.names.find(&wanted);
        let permits = if host.is_some() { &self.hosts } else { &self.tunnels };
        let Some(permit) = permits.try_acquire().await else {
            let why = "there are too many connections through this proxy";
            return refuse_tunnel(StatusCode::SERVICE_UNAVAILABLE, why);
        };
        let client = hyper::upgrade::on(request);
        match host {
            Some(host) => {
                tokio::spawn(self.serve(client, host, permit));
            }
            None => match self.tunnel_connector.open(&wanted).await {
                Ok(server) => {
                    tokio::spawn(pass(client, server, permit));
                }
                Err(error) => {
                    return refuse_tunnel(StatusCode::BAD_GATEWAY, &error.one_line());
                }
            },
        }
        Response::new(Body::Full(None))
    }

    /// Speaks with a client in the name of `host`.
    async fn serve(self: Arc<Self>, client: OnUpgrade, host: CloudHost, _permit: ConnectionPermit) {
        let Some(client) = agreed(&self.tls, client).await else {
            return;
        };
        let front = self.clone();
        let answer = move |request| {
            let front = front.clone();
            async move { Ok(front.relay(host, request).await) }
        };
        self.door.converse(client, answer).await;
    }

    /// Answers a request to `host`.
    async fn relay(self: Arc<Self>, host: CloudHost, request: Request<Incoming>) -> Response<Body> {
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return refuse_method("this host serves neither CONNECT nor TRACE");
        }
        if !self.is_meant(host, request.uri(), request.headers()) {
            let why = "the request names another host than the connection is to";
            return refuse(StatusCode::MISDIRECTED_REQUEST, why);
        }
        let asks = request.method() == Method::POST && is_of_token_endpoint(request.uri().path());
        if host == CloudHost::Login && asks {
            return self.relay.issue_or_forward(request).await;
        }
        self.relay.forward(host, request).await
    }

    /// RFC 9112 section 3.2.2: the target may name the host as well as the
    /// header does. No request may be passed on as one to another host.
    fn is_meant(&self, host: CloudHost, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let header = named.next().and_then(|value| value.to_str().ok()?.parse().ok());
        let means = |named: &Authority| self.names.mean(named, host);
        let target = uri.authority().is_none_or(means);
        target && named.next().is_none() && header.as_ref().is_some_and(means)
    }
}

/// Refuses a tunnel, and ends the connection: a client that kept it would hold a place
/// that all need to come in.
fn refuse_tunnel(status: StatusCode, why: &str) -> Response<Body> {
    let mut reply = refuse(status, why);
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// Where a client wants to connect to, without a user.
fn host_and_port(uri: &Uri) -> Option<Authority> {
    let authority = uri.authority()?;
    format!("{}:{}", authority.host(), authority.port_u16()?).parse().ok()
}

/// Reads `bytes` as the target of `CONNECT`.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(uri) = Uri::try_from(bytes) else {
        return;
    };
    if let Some(wanted) = host_and_port(&uri) {
        assert!(!wanted.as_str().contains('@'), "{wanted} has a user");
        let region = crate::region::Region::find("eu-west-1").expect("it is a region");
        let names = super::hosts::InterceptedHosts::of(region);
        if names.find(&wanted).is_some() {
            let host = wanted.host().to_ascii_lowercase();
            let host = host.trim_end_matches('.');
            assert!(host.ends_with(".mypurecloud.ie"), "{wanted} is taken for the cloud");
        }
    }
}

type Tls = tokio_rustls::server::TlsStream<TokioIo<Upgraded>>;

/// The client, once it speaks TLS.
async fn agreed(tls: &TlsAcceptor, client: OnUpgrade) -> Option<Tls> {
    let agree = async { tls.accept(TokioIo::new(client.await.ok()?)).await.ok() };
    timeout(HANDSHAKE, agree).await.ok()?
}

/// Passes a connection on. Once one side has closed, it may have to make room.
async fn pass(client: OnUpgrade, server: Box<dyn Stream>, permit: ConnectionPermit) {
    let Ok(client) = client.await else {
        return;
    };
    tokio::select! {
        () = tunnel::pass(TokioIo::new(client), server, || permit.make_evictable()) => {}
        () = permit.evicted() => {}
    }
}
