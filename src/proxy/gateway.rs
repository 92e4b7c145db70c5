//! The gateway: a reverse proxy on loopback that outlives any token.
//!
//! A client is told its address in place of the cloud's. What it asks of the
//! login host's token endpoint, the gateway answers with the current token;
//! everything else goes on to the cloud's hosts, and nowhere else.

mod access;
mod location;
mod path_secret;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use tokio::net::TcpListener;

use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::listener;
use crate::net;
use crate::net::no_proxy;
use crate::proxy::{
    Answer, ClientConnection, CloudHost, LEADS_ELSEWHERE, ReverseProxy, Server, gateway_limit,
    has_dot_segments, is_of_login_host, is_of_token_endpoint, refuse, refuse_method,
};

use access::AccessCheck;
#[cfg(fuzzing)]
pub(crate) use access::fuzz as fuzz_access;
pub use path_secret::PathSecret;

/// Where the gateway listens, and whom it lets in.
#[derive(Debug)]
pub struct GatewayConfig {
    /// Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Whether others than this machine may connect.
    pub allow_remote: bool,
    /// The names that clients may call it by, besides `localhost` and IP
    /// addresses.
    pub names: Vec<String>,
    /// What every path has to begin with.
    pub path_secret: PathSecret,
}

/// A gateway that serves, until it is closed or the runtime ends.
pub struct Gateway {
    address: SocketAddr,
    path_secret: PathSecret,
    door: Arc<Server>,
}

impl Gateway {
    /// Listens, and serves in the background. Within a runtime.
    ///
    /// # Errors
    /// `Configuration` when the address cannot be listened on, or is open to
    /// others without leave; `System` when the system gives no socket.
    pub fn start(relay: Arc<ReverseProxy>, config: GatewayConfig) -> Result<Gateway> {
        let listener = listen(&config)?;
        let address = listener
            .local_addr()
            .map_err(|error| cannot_listen(Kind::System, &config).with_source(error))?;
        let access = Arc::new(AccessCheck::new(&config.path_secret, config.names));
        let noting = relay.clone();
        let door = Server::new(gateway_limit(), move |status, why| noting.unreadable(status, why));
        let answer = move |client: &ClientConnection, request: Request<Incoming>| {
            route(relay.clone(), &access, client, request)
        };
        tokio::spawn(door.clone().accept(listener, answer));
        Ok(Gateway { address, path_secret: config.path_secret, door })
    }

    /// The variables that the Terraform provider's `gateway` block reads
    /// (provider 1.53 and later), and the whole address for other clients. Where
    /// `env` names a proxy, the exceptions from it as well: what goes to the
    /// gateway holds its path and a token, and travels unencrypted.
    pub fn variables(&self, env: &Environment) -> Vec<(&'static str, String)> {
        let host = match self.address {
            // Clients put it into a URL as it is.
            SocketAddr::V6(address) => {
                format!("[{}]", here(address.ip().is_unspecified(), "::1", address.ip()))
            }
            SocketAddr::V4(address) => {
                here(address.ip().is_unspecified(), "127.0.0.1", address.ip())
            }
        };
        let (port, path) =
            (self.address.port().to_string(), format!("/{}", self.path_secret.expose()));
        let url = format!("http://{host}:{port}{path}");
        let mut exceptions = Vec::new();
        if net::is_proxy_configured(env) {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            exceptions.extend(no_proxy::joined_with_loopback(env, bare));
        }
        let mut variables = vec![
            ("GENESYSCLOUD_GATEWAY_HOST", host),
            ("GENESYSCLOUD_GATEWAY_PORT", port),
            ("GENESYSCLOUD_GATEWAY_PROTOCOL", "http".to_owned()),
            ("GENESYSCLOUD_GATEWAY_PATH_NAME", "api".to_owned()),
            ("GENESYSCLOUD_GATEWAY_PATH_VALUE", path),
            ("GC_TOKEN_GATEWAY_URL", url),
        ];
        variables.extend(exceptions);
        variables
    }

    /// The part of the address that lets its reader use the gateway.
    pub fn path_secret(&self) -> &PathSecret {
        &self.path_secret
    }

    /// Lets nobody in any more, and waits so long for what is under way.
    pub async fn close(&self, patience: Duration) {
        self.door.close(patience).await;
    }
}

/// A proxy would be told `CONNECT`, and to answer `TRACE` is to show the token that
/// a request was given (RFC 9110 sections 9.3.6 and 9.3.8).
const NOT_SERVED: &str = "the gateway is no proxy: it takes the place of the API's address, and serves neither CONNECT \
     nor TRACE";

/// An address that stands for all of them cannot be connected to.
fn here(is_any: bool, loopback: &str, address: impl ToString) -> String {
    if is_any { loopback.to_owned() } else { address.to_string() }
}

fn listen(config: &GatewayConfig) -> Result<TcpListener> {
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        return Err(cannot_listen(Kind::Configuration, config)
            .with_cause("other machines could connect, and all they need is the gateway's path, which is sent unencrypted")
            .with_hint("listen on 127.0.0.1, or pass --allow-remote if the network is trusted"));
    }
    listener::bind(config.listen).and_then(TcpListener::from_std).map_err(|error| {
        cannot_listen(Kind::of_listen_error(&error), config)
            .with_source(error)
            .with_hint("port 0 picks a free port")
    })
}

fn cannot_listen(kind: Kind, config: &GatewayConfig) -> Error {
    Error::new(kind, format!("the gateway cannot listen on {}", config.listen))
}

fn route(
    relay: Arc<ReverseProxy>,
    access: &AccessCheck,
    client: &ClientConnection,
    mut request: Request<Incoming>,
) -> impl Future<Output = Answer> + use<> {
    relay.metrics().count_client_request();
    let admitted = access.admit(request.uri(), request.headers(), |fields| relay.admits(fields));
    if admitted.is_ok() {
        client.set_authenticated();
    }
    async move {
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Ok(refuse_method(NOT_SERVED));
        }
        let mount = match admitted {
            Ok((uri, mount)) => {
                *request.uri_mut() = uri;
                mount
            }
            Err((status, why)) => return Ok(refuse(status, why)),
        };
        let path = request.uri().path();
        if request.method() == Method::POST && is_of_token_endpoint(path) {
            return Ok(Box::pin(relay.issue(request)).await);
        }
        let host = if is_of_login_host(path) { CloudHost::Login } else { CloudHost::Api };
        if host == CloudHost::Login && has_dot_segments(path) {
            // No more of that host is to be had here.
            return Ok(refuse(StatusCode::BAD_REQUEST, LEADS_ELSEWHERE));
        }
        let mut reply = relay.forward(host, request).await;
        location::rewrite(reply.headers_mut(), &relay, host, &mount);
        Ok(reply)
    }
}
