//! The gateway: a reverse proxy on loopback that outlives any token.
//!
//! Clients use its address in place of the API's. It answers their token requests with the
//! current token and forwards everything else to the hosts of Genesys Cloud only.

mod access;
mod location;
mod path_secret;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, StatusCode};
use tokio::net::TcpListener;

use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::listener;
use crate::net;
use crate::net::no_proxy;
use crate::proxy::{
    AllowedHosts, ClientConnection, CloudHost, DOT_SEGMENTS_REFUSED, RequestBody, ReverseProxy,
    Server, ServiceResult, error_response, gateway_connection_limit, has_dot_segments,
    is_login_host_path, is_token_endpoint, method_not_allowed,
};

use access::AccessCheck;
#[cfg(fuzzing)]
pub(crate) use access::fuzz as fuzz_access;
pub use path_secret::PathSecret;

#[derive(Debug)]
pub struct GatewayConfig {
    pub listen: SocketAddr,
    /// Allows an address that other machines can connect to.
    pub allow_remote: bool,
    pub allowed_hosts: AllowedHosts,
    pub path_secret: PathSecret,
}

/// The values of the Terraform provider's `gateway` block, and the URL for other clients.
pub struct GatewayAddress {
    pub host: String,
    pub port: String,
    pub protocol: &'static str,
    pub path_name: &'static str,
    /// Holds the path secret, as does the URL.
    pub path: String,
    pub url: String,
}

/// Serves until it drains or the runtime ends.
pub struct Gateway {
    listener: SocketAddr,
    path_secret: PathSecret,
    server: Arc<Server>,
}

impl Gateway {
    /// Serves in the background of the current runtime.
    ///
    /// # Errors
    /// `Configuration` if the address cannot be bound, or if other machines can connect to it
    /// without `allow_remote`; `System` if the system gives no socket.
    pub fn start(proxy: Arc<ReverseProxy>, config: GatewayConfig) -> Result<Gateway> {
        let listener = listen(&config)?;
        let bound = listener
            .local_addr()
            .map_err(|error| cannot_listen(Kind::System, &config).with_source(error))?;
        let access = Arc::new(AccessCheck::new(&config.path_secret, config.allowed_hosts));
        let logging = proxy.clone();
        let server = Server::new(gateway_connection_limit(), move |status, error| {
            logging.log_unreadable(status, error);
        });
        let respond = move |client: &ClientConnection, request: Request<Incoming>| {
            route(proxy.clone(), &access, client, request)
        };
        tokio::spawn(server.clone().serve(listener, respond));
        Ok(Gateway { listener: bound, path_secret: config.path_secret, server })
    }

    /// Returns the variables of the Terraform provider's `gateway` block (since 1.53), the URL
    /// for other clients, and `NO_PROXY` if `env` names a proxy: requests to the gateway hold
    /// its path secret and a token, and are unencrypted.
    pub fn variables(&self, env: &Environment) -> Vec<(&'static str, String)> {
        let address = self.address();
        let mut exceptions = Vec::new();
        if net::is_proxy_configured(env) {
            let ip = connectable(self.listener.ip()).to_string();
            exceptions.extend(no_proxy::joined_with_loopback(env, &ip));
        }
        let mut variables = vec![
            ("GENESYSCLOUD_GATEWAY_HOST", address.host),
            ("GENESYSCLOUD_GATEWAY_PORT", address.port),
            ("GENESYSCLOUD_GATEWAY_PROTOCOL", address.protocol.to_owned()),
            ("GENESYSCLOUD_GATEWAY_PATH_NAME", address.path_name.to_owned()),
            ("GENESYSCLOUD_GATEWAY_PATH_VALUE", address.path),
            ("GC_TOKEN_GATEWAY_URL", address.url),
        ];
        variables.extend(exceptions);
        variables
    }

    pub fn address(&self) -> GatewayAddress {
        let ip = connectable(self.listener.ip());
        // Clients insert it into a URL.
        let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        let (port, path) =
            (self.listener.port().to_string(), format!("/{}", self.path_secret.expose()));
        let url = format!("http://{host}:{port}{path}");
        GatewayAddress { host, port, protocol: "http", path_name: "api", path, url }
    }

    pub fn path_secret(&self) -> &PathSecret {
        &self.path_secret
    }

    /// Stops accepting and lets open requests finish, for at most `timeout`.
    pub async fn drain(&self, timeout: Duration) {
        self.server.drain(timeout).await;
    }
}

/// `CONNECT` is for forward proxies, and a response to `TRACE` would show the token (RFC
/// 9110 sections 9.3.6 and 9.3.8).
const METHOD_REFUSED: &str = "the gateway is not a forward proxy: use its URL in place of the API's; \
                              CONNECT and TRACE are not supported";

/// Replaces the unspecified address, which clients cannot connect to.
fn connectable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

fn listen(config: &GatewayConfig) -> Result<TcpListener> {
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        return Err(cannot_listen(Kind::Configuration, config)
            .with_cause("other machines could connect, and all they need is the gateway's path, which is sent unencrypted")
            .with_hint("listen on 127.0.0.1, or pass --allow-remote if the network is trusted"));
    }
    listener::bind(config.listen).and_then(TcpListener::from_std).map_err(|error| {
        listener::explain(cannot_listen(Kind::of_listen_error(&error), config), error)
    })
}

fn cannot_listen(kind: Kind, config: &GatewayConfig) -> Error {
    Error::new(kind, format!("the gateway cannot listen on {}", config.listen))
}

fn route(
    proxy: Arc<ReverseProxy>,
    access: &AccessCheck,
    client: &ClientConnection,
    mut request: Request<Incoming>,
) -> impl Future<Output = ServiceResult> + use<> {
    proxy.metrics().count_client_request();
    let has_known_token = |headers: &HeaderMap| proxy.authenticates(headers);
    let access = access.check(request.uri(), request.headers(), has_known_token);
    if access.is_ok() {
        client.set_authenticated();
    }
    async move {
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Ok(method_not_allowed(METHOD_REFUSED));
        }
        let mount = match access {
            Ok((uri, mount)) => {
                *request.uri_mut() = uri;
                mount
            }
            Err((status, message)) => return Ok(error_response(status, message)),
        };
        let path = request.uri().path();
        if request.method() == Method::POST && is_token_endpoint(path) {
            return Ok(Box::pin(proxy.token_response(request)).await);
        }
        let host = if is_login_host_path(path) { CloudHost::Login } else { CloudHost::Api };
        if host == CloudHost::Login && has_dot_segments(path) {
            // Only `/oauth/` of the login host is served.
            return Ok(error_response(StatusCode::BAD_REQUEST, DOT_SEGMENTS_REFUSED));
        }
        let mut response = proxy.forward(host, request.map(RequestBody::from)).await;
        location::rewrite(response.headers_mut(), &proxy, host, &mount);
        Ok(response)
    }
}
