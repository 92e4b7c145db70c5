//! The HTTP library's clients, as they are set up here.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder, Response, redirect};
use rustls::ClientConfig;
use rustls::time_provider::TimeProvider;

use super::pinned::Pinned;
use super::proxy_env::Route;
use super::resolve::Resolver;
use super::roots::Roots;
use super::{HttpClient, diagnosis};
use crate::error::{Error, Kind, Result};

/// The time limits of one client. `None` leaves it to the limit on the whole work.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Option<Duration>,
    pub(super) attempt: Option<Duration>,
}

impl Limits {
    pub(super) fn apply(self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some(limit) = self.connect {
            builder = builder.connect_timeout(limit);
        }
        if let Some(limit) = self.attempt {
            builder = builder.timeout(limit);
        }
        builder
    }
}

/// A client that reaches its peers by `route`.
///
/// # Errors
/// `System` when the library cannot build the client.
pub(super) fn client(route: &Route, builder: ClientBuilder) -> Result<Client> {
    route.apply(builder)?.build().map_err(|error| {
        let what = "the HTTP client cannot be set up";
        Error::new(Kind::System, what).with_source(error.without_url())
    })
}

/// The options that all clients have in common.
pub(super) fn builder(tls: ClientConfig) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("gc-token/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .dns_resolver(Resolver)
}

/// TLS 1.2 and 1.3 by ring: the default provider would spend as much time on
/// gathering entropy as the whole mint takes. Certificates are judged by `time`.
pub(super) fn tls(roots: &Roots, time: Arc<dyn TimeProvider>) -> Result<ClientConfig> {
    let failed = || Error::new(Kind::Configuration, "TLS cannot be set up");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider.clone(), time)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed().with_source(error))?;
    let mut config = match roots.named.is_empty() {
        true => config.with_root_certificates(roots.store.clone()),
        false => {
            let pinned = Pinned::new(roots.store.clone(), roots.named.clone(), provider);
            let pinned = pinned.map_err(|error| failed().with_source(error))?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(pinned))
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

impl HttpClient {
    /// Sends the request by HTTP/1.1, and by HTTP/2 to a peer that refuses that when TLS
    /// negotiates (ALPN). HTTP/1.1 is offered alone because nearly all peers take it, and
    /// one request gains nothing from HTTP/2.
    pub(super) async fn send_by_either_version(
        &self,
        request: RequestBuilder,
    ) -> Result<Response, reqwest::Error> {
        let (_, request) = request.build_split();
        let request = request?;
        if let Some(client) = self.http2.get() {
            return client.execute(request).await;
        }
        let again = request.try_clone();
        match (self.client.execute(request).await, again) {
            (Err(error), Some(again)) if diagnosis::wants_another_protocol(&error) => {
                let mut tls = self.tls.clone();
                tls.alpn_protocols = vec![b"h2".to_vec()];
                let builder = self.limits.apply(builder(tls).http2_prior_knowledge());
                match client(&self.route, builder) {
                    Ok(client) => self.http2.get_or_init(|| client).execute(again).await,
                    Err(_) => Err(error),
                }
            }
            (done, _) => done,
        }
    }
}
