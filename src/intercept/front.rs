//! What the proxy does with a connection.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue, PROXY_AUTHENTICATE};
use hyper::http::uri::Authority;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::absolute;
use super::credentials::{CHALLENGE, Credentials};
use super::names::Names;
use crate::http::{Passage, Stream};
use crate::relay::{Body, Door, Host, Relay, TOKEN_PATH, refuse};

/// The proxy, as its clients see it.
pub(super) struct Front {
    relay: Arc<Relay>,
    names: Names,
    credentials: Credentials,
    tls: TlsAcceptor,
    passage: Passage,
    door: Arc<Door>,
    permits: Arc<Semaphore>,
}

/// How many connections there are through the proxy at a time, to whatever
/// host. A browser has a few dozen.
const CONNECTIONS: usize = 1_024;

/// How long a client may take to agree on TLS: it is on this machine.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl Front {
    pub(super) fn new(
        relay: Arc<Relay>,
        names: Names,
        credentials: Credentials,
        tls: Arc<ServerConfig>,
        passage: Passage,
        door: Arc<Door>,
    ) -> Front {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        Front { relay, names, credentials, tls: tls.into(), passage, door, permits }
    }

    /// Answers a request to the proxy itself.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        self.relay.metrics().arrival();
        if !self.credentials.admit(request.headers()) {
            let why =
                "this proxy is for the command that gc-token has started, which knows its password";
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
            return refuse(StatusCode::BAD_REQUEST, "CONNECT needs a host and a port");
        };
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            let why = "there are too many connections through this proxy";
            return refuse(StatusCode::SERVICE_UNAVAILABLE, why);
        };
        let client = hyper::upgrade::on(request);
        match self.names.find(&wanted) {
            Some(host) => {
                tokio::spawn(self.serve(client, host, permit));
            }
            None => match self.passage.open(&wanted).await {
                Ok(server) => {
                    tokio::spawn(pass(client, server, permit));
                }
                Err(error) => {
                    let cause = error.cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                    return refuse(StatusCode::BAD_GATEWAY, &format!("{}{cause}", error.what));
                }
            },
        }
        Response::new(Body::Own(None))
    }

    /// Speaks with a client in the name of `host`.
    async fn serve(self: Arc<Self>, client: OnUpgrade, host: Host, _permit: OwnedSemaphorePermit) {
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
    async fn relay(self: Arc<Self>, host: Host, request: Request<Incoming>) -> Response<Body> {
        if request.method() == Method::CONNECT {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "this host is no proxy");
        }
        if !self.is_meant(host, request.uri(), request.headers()) {
            let why = "the request names another host than the connection is to";
            return refuse(StatusCode::MISDIRECTED_REQUEST, why);
        }
        let asks = (request.method(), request.uri().path()) == (&Method::POST, TOKEN_PATH);
        if host == Host::Login && asks {
            return self.relay.issue_or_forward(request).await;
        }
        self.relay.forward(host, request).await
    }

    /// RFC 9112 section 3.2.2: the target may name the host as well as the
    /// header does. No request may be passed on as one to another host.
    fn is_meant(&self, host: Host, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let header = named.next().and_then(|value| value.to_str().ok()?.parse().ok());
        let means = |named: &Authority| self.names.mean(named, host);
        let target = uri.authority().is_none_or(means);
        target && named.next().is_none() && header.as_ref().is_some_and(means)
    }
}

/// Where a client wants to connect to, without a user.
fn host_and_port(uri: &Uri) -> Option<Authority> {
    let authority = uri.authority()?;
    format!("{}:{}", authority.host(), authority.port_u16()?).parse().ok()
}

type Tls = tokio_rustls::server::TlsStream<TokioIo<Upgraded>>;

/// The client, once it speaks TLS.
async fn agreed(tls: &TlsAcceptor, client: OnUpgrade) -> Option<Tls> {
    let agree = async { tls.accept(TokioIo::new(client.await.ok()?)).await.ok() };
    timeout(HANDSHAKE, agree).await.ok()?
}

/// Copies in both directions until both have come to their end.
async fn pass(client: OnUpgrade, mut server: Box<dyn Stream>, _permit: OwnedSemaphorePermit) {
    if let Ok(client) = client.await {
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut server).await;
    }
}
