//! Options of TCP sockets.

use std::io;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;

/// Limits the system's buffer for data to be sent. By default, it grows to several
/// megabytes for a peer that does not read.
pub(crate) fn set_send_buffer(stream: &TcpStream, bytes: usize) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_send_buffer_size(stream, bytes)?)
}

/// Limits the time for which sent data may stay unacknowledged, or unsent for want of room
/// at the peer (RFC 5482 section 2). Only Linux has this.
pub(crate) fn set_tcp_user_timeout<R>(connector: &mut HttpConnector<R>, timeout: Duration) {
    #[cfg(target_os = "linux")]
    connector.set_tcp_user_timeout(Some(timeout));
    #[cfg(not(target_os = "linux"))]
    let _ = (connector, timeout);
}
