//! The forward proxy: authenticates clients, ends the TLS of intercepted hosts and tunnels
//! every other connection.

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

use super::absolute_form;
use super::hosts::InterceptedHosts;
use super::proxy_auth::{CHALLENGE, ProxyCredentials};
use super::tunnel;
use crate::net::{Transport, TunnelConnector};
use crate::proxy::{
    ClientConnection, CloudHost, ConnectionLimits, ConnectionPermit, ConnectionPermits,
    RequestBody, ResponseBody, ReverseProxy, Server, error_response, is_token_endpoint,
    method_not_allowed,
};

pub(super) struct ConnectProxy {
    reverse_proxy: Arc<ReverseProxy>,
    hosts: InterceptedHosts,
    credentials: ProxyCredentials,
    tls: TlsAcceptor,
    tunnel_connector: TunnelConnector,
    server: Arc<Server>,
    intercepted_permits: Arc<ConnectionPermits>,
    tunnel_permits: Arc<ConnectionPermits>,
}

/// Clients are on this machine.
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

impl ConnectProxy {
    pub(super) fn new(
        reverse_proxy: Arc<ReverseProxy>,
        hosts: InterceptedHosts,
        credentials: ProxyCredentials,
        tls: Arc<ServerConfig>,
        tunnel_connector: TunnelConnector,
        server: Arc<Server>,
        limits: &ConnectionLimits,
    ) -> ConnectProxy {
        ConnectProxy {
            reverse_proxy,
            hosts,
            credentials,
            tls: tls.into(),
            tunnel_connector,
            server,
            intercepted_permits: ConnectionPermits::new(limits.intercepted),
            tunnel_permits: ConnectionPermits::new(limits.tunnels),
        }
    }

    /// Responds to a request to the proxy itself.
    pub(super) fn respond(
        self: Arc<Self>,
        client: &ClientConnection,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody>> + use<> {
        self.reverse_proxy.metrics().count_client_request();
        let is_authenticated = self.credentials.authenticate(request.headers());
        if is_authenticated {
            client.set_authenticated();
        }
        async move {
            if !is_authenticated {
                return authentication_required();
            }
            if request.method() == Method::CONNECT {
                return self.connect(request).await;
            }
            match absolute_form::to_origin_form(&self.hosts, request) {
                Ok((host, request)) => self.forward(host, request).await,
                Err(message) => error_response(StatusCode::NOT_IMPLEMENTED, &message),
            }
        }
    }

    async fn connect(self: Arc<Self>, request: Request<Incoming>) -> Response<ResponseBody> {
        let Some(target) = host_and_port(request.uri()) else {
            return refuse_tunnel(StatusCode::BAD_REQUEST, "CONNECT needs a host and a port");
        };
        let host = self.hosts.find(&target);
        let permits = if host.is_some() { &self.intercepted_permits } else { &self.tunnel_permits };
        let Some(permit) = permits.try_acquire().await else {
            let message = "too many connections through this proxy";
            return refuse_tunnel(StatusCode::SERVICE_UNAVAILABLE, message);
        };
        let client = hyper::upgrade::on(request);
        match host {
            Some(host) => {
                tokio::spawn(self.intercept(client, host, permit));
            }
            None => match self.tunnel_connector.open(&target).await {
                Ok(server) => {
                    tokio::spawn(copy_tunnel(client, server, permit));
                }
                Err(error) => {
                    return refuse_tunnel(StatusCode::BAD_GATEWAY, &error.one_line());
                }
            },
        }
        Response::new(ResponseBody::Full(None))
    }

    /// Serves a client in place of `host`.
    async fn intercept(
        self: Arc<Self>,
        client: OnUpgrade,
        host: CloudHost,
        _permit: ConnectionPermit,
    ) {
        let Some(stream) = accept_tls(&self.tls, client).await else {
            return;
        };
        let connect_proxy = self.clone();
        let respond = move |request| {
            let connect_proxy = connect_proxy.clone();
            async move { Ok(connect_proxy.forward(host, request).await) }
        };
        self.server.serve_connection(stream, respond).await;
    }

    async fn forward(
        self: Arc<Self>,
        host: CloudHost,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let (method, uri) = (request.method(), request.uri());
        if matches!(*method, Method::CONNECT | Method::TRACE) {
            return method_not_allowed("CONNECT and TRACE are not supported here");
        }
        if !self.is_for(host, uri, request.headers()) {
            let message = "the request names another host than the connection";
            return error_response(StatusCode::MISDIRECTED_REQUEST, message);
        }
        let is_token_request = method == Method::POST && is_token_endpoint(uri.path());
        if host == CloudHost::Login && is_token_request {
            return self.reverse_proxy.token_response_or_forward(request).await;
        }
        self.reverse_proxy.forward(host, request.map(RequestBody::from)).await
    }

    /// Returns whether both the target and the `Host` header name `host` (RFC 9112 section
    /// 3.2.2).
    fn is_for(&self, host: CloudHost, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(HOST).iter();
        let header = values.next().and_then(|value| value.to_str().ok()?.parse().ok());
        let matches = |authority: &Authority| self.hosts.matches(authority, host);
        let target_matches = uri.authority().is_none_or(matches);
        target_matches && values.next().is_none() && header.as_ref().is_some_and(matches)
    }
}

fn authentication_required() -> Response<ResponseBody> {
    let message =
        "proxy authentication required: only the command that gc-token started knows the password";
    let mut response = error_response(StatusCode::PROXY_AUTHENTICATION_REQUIRED, message);
    let challenge = HeaderValue::from_static(CHALLENGE);
    response.headers_mut().insert(PROXY_AUTHENTICATE, challenge);
    response
}

/// Closes the connection: a client that kept it would take a permit that new clients need.
fn refuse_tunnel(status: StatusCode, message: &str) -> Response<ResponseBody> {
    let mut response = error_response(status, message);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Returns the target of CONNECT, without a user.
fn host_and_port(uri: &Uri) -> Option<Authority> {
    let authority = uri.authority()?;
    format!("{}:{}", authority.host(), authority.port_u16()?).parse().ok()
}

/// Parses `bytes` as the target of CONNECT.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(uri) = Uri::try_from(bytes) else {
        return;
    };
    if let Some(target) = host_and_port(&uri) {
        assert!(!target.as_str().contains('@'), "{target} has a user");
        let region = crate::region::Region::find("eu-west-1").expect("it is a region");
        let hosts = InterceptedHosts::of(region);
        if hosts.find(&target).is_some() {
            let host = target.host().to_ascii_lowercase();
            let host = host.trim_end_matches('.');
            assert!(host.ends_with(".mypurecloud.ie"), "{target} is intercepted");
        }
    }
}

type ClientTlsStream = tokio_rustls::server::TlsStream<TokioIo<Upgraded>>;

async fn accept_tls(tls: &TlsAcceptor, client: OnUpgrade) -> Option<ClientTlsStream> {
    let handshake = async { tls.accept(TokioIo::new(client.await.ok()?)).await.ok() };
    timeout(TLS_HANDSHAKE_TIMEOUT, handshake).await.ok()?
}

/// Tunnels until both sides close. Once one has, the tunnel may be evicted.
async fn copy_tunnel(client: OnUpgrade, server: Transport, permit: ConnectionPermit) {
    let Ok(client) = client.await else {
        return;
    };
    let on_half_closed = || permit.make_evictable();
    tokio::select! {
        () = tunnel::copy_bidirectional(TokioIo::new(client), server, on_half_closed) => {}
        () = permit.evicted() => {}
    }
}
