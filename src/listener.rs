//! Listening sockets of the servers: the proxies and the sandbox.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::error::Error;

/// The pause after a failed accept: most likely no file descriptor is left.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Binds a socket that [`tokio::net::TcpListener::from_std`] takes.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Adds the cause, and what can be done about it.
pub(crate) fn explain(refused: Error, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        io::ErrorKind::AddrInUse => "another program listens there: port 0 picks a free port",
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: 127.0.0.1 is for clients on this machine, 0.0.0.0 for all"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are not for every user: take a higher one"
        }
        _ => return refused.with_source(cause),
    };
    refused.with_source(cause).with_hint(hint)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn hint_for(address: SocketAddr) -> String {
        let refused = Error::new(Kind::Configuration, "cannot listen");
        explain(refused, bind(address).unwrap_err()).hint.unwrap().to_string()
    }

    #[test]
    fn the_hint_fits_the_cause() {
        let other = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(hint_for(other.local_addr().unwrap()).contains("another program"));
        // Reserved for documentation (RFC 5737).
        assert!(hint_for("192.0.2.1:0".parse().unwrap()).contains("no such address"));
    }
}
