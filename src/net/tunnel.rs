//! Connections that interception passes on without reading them.

use std::time::Duration;

use hyper::http::uri::Authority;
use url::Url;

use super::CONNECT_TIMEOUT;
use super::connector::{ConnectOptions, Connector, PhaseTimes, TOTAL_CONNECT_TIMEOUT};
use super::diagnosis::Target;
use super::network::NetworkSettings;
use super::proxy_env::Route;
use super::service::Service;
use super::transport::Transport;
use crate::context::Context;
use crate::error::{Error, Kind, Result};

/// Opens connections to any host, as the environment asks for them: directly, or through
/// a proxy.
pub(crate) struct TunnelConnector {
    network: NetworkSettings,
    context: Context,
}

/// A tunnel may be silent for hours.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(60);

impl TunnelConnector {
    pub(crate) fn new(network: &NetworkSettings, context: &Context) -> TunnelConnector {
        TunnelConnector { network: network.clone(), context: context.clone() }
    }

    /// Opens a connection to `host`, which has a port.
    ///
    /// # Errors
    /// `Unavailable` when that fails, `Configuration` when the proxy that leads there
    /// cannot be used.
    pub(crate) async fn open(&self, host: &Authority) -> Result<Transport> {
        let message = format!("cannot connect to {host}");
        let url = Url::parse(&format!("https://{host}/"))
            .map_err(|error| Error::new(Kind::Unavailable, &*message).with_source(error))?;
        let route = Route::to(&url, &self.context.env)?;
        let options = ConnectOptions {
            total: Some(TOTAL_CONNECT_TIMEOUT),
            tcp: Some(CONNECT_TIMEOUT),
            keepalive: Some(KEEP_ALIVE_INTERVAL),
            user_timeout: None,
        };
        // The certificates are for a proxy that itself speaks TLS.
        let tls = || self.network.tls(&self.context);
        let connector = Connector::new(&url, &route, None, &tls, options)?;
        connector.connect(&mut PhaseTimes::default()).await.map_err(|error| {
            let target = Target {
                message,
                host: host.to_string(),
                service: Service::Issuer,
                proxy: route.name(),
                connect: TOTAL_CONNECT_TIMEOUT,
                attempt: TOTAL_CONNECT_TIMEOUT,
            };
            target.connect_failure(&error, self.context.clock.read().wall).error
        })
    }
}
