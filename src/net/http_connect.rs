//! Tunnels through a proxy (`CONNECT`, RFC 9110 section 9.3.6).

use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

use super::USER_AGENT_VALUE;
use super::connect_error::TunnelRefused;
use super::transport::Transport;
use crate::box_error::BoxError;

pub(super) async fn http_connect(
    transport: Transport,
    target: &str,
    credentials: Option<&HeaderValue>,
) -> Result<Transport, BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(transport)).await?;
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::connect(target)
        .header(HOST, target)
        .header(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
    if let Some(credentials) = credentials {
        request = request.header(PROXY_AUTHORIZATION, credentials);
    }
    let response = sender.send_request(request.body(String::new())?).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(TunnelRefused(status).into());
    }
    // The library makes no tunnel of a 204.
    let upgraded: Upgraded =
        hyper::upgrade::on(response).await.map_err(|_| TunnelRefused(status))?;
    let parts = upgraded.downcast::<TokioIo<Transport>>().map_err(|_| "not a tunnel")?;
    Ok(Transport::with_read_ahead(parts.read_buf, parts.io.into_inner()))
}
