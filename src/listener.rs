//! Listening sockets of the servers: the proxies and the sandbox.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::net::TcpStream;

/// The pause after a failed accept: most likely no file descriptor is left.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Binds a socket that [`tokio::net::TcpListener::from_std`] takes.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts the next connection. Cancel-safe.
pub(crate) async fn accept(listener: &tokio::net::TcpListener) -> TcpStream {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            return stream;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
