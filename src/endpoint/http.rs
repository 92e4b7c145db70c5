//! The HTTP client: one request over the wire, and its reply as it came.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use super::fault::Place;
use super::proxy::Route;
use super::request::Prepared;
use super::retry::Failure;
use super::roots;
use crate::clock::Reading;
use crate::error::{Error, Kind, Result};
use crate::settings::Network;
use crate::world::{Clock, Environment, Level, Talk};

/// A client for one token endpoint.
pub(super) struct Wire {
    client: Client,
    place: Place,
}

/// A reply, before anything in it is believed.
pub(super) struct Reply {
    /// The HTTP status code.
    pub(super) status: u16,
    /// The header fields.
    pub(super) headers: HeaderMap,
    /// The whole body, at most [`LARGEST`] bytes. It may hold a token.
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// A reply, and the clocks around it.
pub(super) struct Exchange {
    /// Just before the request was sent, connecting included.
    pub(super) sent: Reading,
    /// Just after the reply's header arrived, which is where its `Date` is.
    pub(super) received: Reading,
    /// The reply.
    pub(super) reply: Reply,
}

/// A token reply takes a few kilobytes. More than this is none, and is not
/// read to its end.
pub(super) const LARGEST: usize = 1024 * 1024;

/// No working network takes longer to connect, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// A shorter time limit is for one attempt.
const PATIENCE: Duration = Duration::from_secs(10);

impl Wire {
    /// A client for the endpoint of `request`. Certificates are loaded only
    /// when the endpoint speaks TLS.
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates or the proxy are unusable.
    pub(super) fn new(
        request: &Prepared,
        network: &Network,
        env: &Environment,
        talk: &Talk,
    ) -> Result<Wire> {
        let route = Route::to(&request.url, env)?;
        if let Some(proxy) = route.name() {
            talk.say(Level::Debug, format_args!("going through {proxy}"));
        }
        let roots = match request.url.scheme() {
            "https" => roots::load(network.ca_file.as_deref(), env, talk)?,
            _ => RootCertStore::empty(),
        };
        let mut builder = Client::builder()
            .user_agent(concat!("gc-token/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls(roots)?)
            .http1_only()
            .redirect(redirect::Policy::none());
        // A limit as long as the total one would race with it.
        let connect = Some(CONNECT).filter(|connect| *connect < network.timeout);
        let attempt = attempt_limit(network.timeout);
        if let Some(limit) = connect {
            builder = builder.connect_timeout(limit);
        }
        if let Some(limit) = attempt {
            builder = builder.timeout(limit);
        }
        let client = route.apply(builder)?.build().map_err(|error| {
            let what = "the HTTP client cannot be set up";
            Error::new(Kind::Configuration, what).because(error.without_url())
        })?;
        let place = Place {
            host: request.host(),
            proxy: route.name(),
            connect: connect.unwrap_or(network.timeout),
            attempt: attempt.unwrap_or(network.timeout),
        };
        Ok(Wire { client, place })
    }

    /// Sends the request once and reads the reply.
    pub(super) async fn send(
        &self,
        request: &Prepared,
        clock: &dyn Clock,
    ) -> Result<Exchange, Failure> {
        let mut builder = self
            .client
            .post(request.url.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(request.form.as_bytes().to_vec());
        if let Some(authorization) = &request.authorization {
            builder = builder.header(AUTHORIZATION, authorization.clone());
        }
        let sent = clock.read();
        let failed = |error| self.place.failure(error, sent.wall);
        let mut response = builder.send().await.map_err(failed)?;
        let received = clock.read();
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Zeroizing::new(Vec::new());
        if response.content_length() > Some(LARGEST as u64) {
            return Err(self.place.too_large(status));
        }
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(self.place.too_large(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Exchange {
            sent,
            received,
            reply: Reply {
                status,
                headers,
                body,
            },
        })
    }
}

/// One attempt may take half of the time limit, so that a connection that
/// hangs is given up while there is time for another one. `None` for a time
/// limit that is for one attempt.
fn attempt_limit(timeout: Duration) -> Option<Duration> {
    (timeout > PATIENCE).then(|| (timeout / 2).max(PATIENCE))
}

/// TLS 1.2 and 1.3 by ring: the default provider would spend as much time on
/// gathering entropy as the whole mint takes.
fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Configuration, "TLS cannot be set up").because(error))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_leaves_time_for_another_unless_the_limit_is_short() {
        for (timeout, limit) in [
            (1, None),
            (10, None),
            (11, Some(10)),
            (20, Some(10)),
            (30, Some(15)),
            (60, Some(30)),
        ] {
            let limit = limit.map(Duration::from_secs);
            assert_eq!(attempt_limit(Duration::from_secs(timeout)), limit);
        }
    }
}
