//! Connections to a server that does not speak HTTP: direct ones, as no HTTP proxy is for them.

use std::time::Duration;

use url::Url;

use super::connect_error::{ConnectError, ExchangeError, Phase};
use super::connector::{ConnectOptions, Connector, PhaseTimes};
use super::diagnosis::{Target, validity_error};
use super::network::NetworkSettings;
use super::proxy_env::Route;
use super::request_error::RequestError;
use super::service::Service;
use super::tls::Alpn;
use super::transport::Transport;
use crate::context::{Context, timer_clock};
use crate::error::{Error, Kind, Result};

/// Opens connections to one host, by TCP or by TLS without ALPN.
pub(crate) struct StreamConnector {
    /// The host and the port, for messages.
    host: String,
    uses_tls: bool,
    network: NetworkSettings,
    context: Context,
}

impl StreamConnector {
    /// Prepares connections to a Redis server. `host` has a port.
    pub(crate) fn to_redis(
        host: String,
        uses_tls: bool,
        network: &NetworkSettings,
        context: &Context,
    ) -> StreamConnector {
        StreamConnector { host, uses_tls, network: network.clone(), context: context.clone() }
    }

    /// Opens a connection within `limit`. `message` begins the error.
    ///
    /// # Errors
    /// `Unavailable` when that fails, `Configuration` when the trusted certificates are
    /// unusable.
    pub(crate) async fn open(
        &self,
        message: &str,
        limit: Duration,
    ) -> Result<Transport, RequestError> {
        let start = timer_clock();
        let refused = |error| RequestError { error, is_transient: false };
        if self.uses_tls {
            // Reading the certificates takes its part of the limit.
            self.network.tls(&self.context).map_err(refused)?;
        }
        let left = limit.saturating_sub(start.elapsed());
        let connector = self.connector(message, left).map_err(refused)?;
        let connected = connector.connect(&mut PhaseTimes::default()).await;
        connected.map_err(|error| self.explain(error, message, limit))
    }

    /// Explains a fault of TLS after the handshake.
    pub(crate) fn explain_tls(&self, fault: rustls::Error, message: &str) -> RequestError {
        self.explain(ConnectError::new(Phase::Tls, fault), message, Duration::ZERO)
    }

    fn explain(&self, error: ConnectError, message: &str, limit: Duration) -> RequestError {
        let target = Target {
            message: message.to_owned(),
            host: self.host.clone(),
            service: Service::Redis,
            proxy: None,
            connect: limit,
            attempt: limit,
        };
        let is_in_tls = error.phase == Phase::Tls;
        let error = ExchangeError::Connect(error);
        let explained = target.failure(&error, self.context.clock.read().wall, None);
        if is_in_tls && explained.is_transient {
            // No alert, and no other message of TLS.
            let error = explained.error.with_hint(Service::Redis.plain_port_hint());
            return RequestError { error, ..explained };
        }
        // That passes once the certificate is renewed, or this machine's clock is set.
        let is_transient = explained.is_transient || validity_error(&error).is_some();
        RequestError { is_transient, ..explained }
    }

    fn connector(&self, message: &str, limit: Duration) -> Result<Connector> {
        let url = Url::parse(&format!("https://{}/", self.host))
            .map_err(|error| Error::new(Kind::Configuration, message).with_source(error))?;
        let options =
            ConnectOptions { total: Some(limit), tcp: None, keepalive: None, user_timeout: None };
        let tls = || self.network.tls(&self.context);
        let alpn = self.uses_tls.then_some(Alpn::Unset);
        Connector::new(&url, &Route::Direct, alpn, &tls, options)
    }
}
