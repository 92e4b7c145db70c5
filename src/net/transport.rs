//! The bytes of one connection: TCP, and TLS over it as often as the way to the host asks
//! for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

pub(crate) enum Transport {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Transport>>),
    /// Bytes that were read together with a proxy's response to `CONNECT`, and what
    /// follows them.
    ReadAhead(Bytes, Box<Transport>),
}

impl Transport {
    pub(super) fn with_read_ahead(read: Bytes, rest: Transport) -> Transport {
        if read.is_empty() { rest } else { Transport::ReadAhead(read, Box::new(rest)) }
    }

    pub(super) fn is_http2(&self) -> bool {
        match self {
            Transport::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
            Transport::Tcp(_) | Transport::ReadAhead(..) => false,
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Transport::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
            Transport::ReadAhead(read, rest) if read.is_empty() => {
                Pin::new(&mut **rest).poll_read(context, buffer)
            }
            Transport::ReadAhead(read, _) => {
                let length = read.len().min(buffer.remaining());
                buffer.put_slice(&read[..length]);
                read.advance(length);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Tcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Transport::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
            Transport::ReadAhead(_, rest) => Pin::new(&mut **rest).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(context, slices),
            Transport::Tls(tls) => Pin::new(tls).poll_write_vectored(context, slices),
            Transport::ReadAhead(_, rest) => {
                Pin::new(&mut **rest).poll_write_vectored(context, slices)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Transport::Tcp(tcp) => tcp.is_write_vectored(),
            Transport::Tls(tls) => tls.is_write_vectored(),
            Transport::ReadAhead(_, rest) => rest.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(tcp) => Pin::new(tcp).poll_flush(context),
            Transport::Tls(tls) => Pin::new(tls).poll_flush(context),
            Transport::ReadAhead(_, rest) => Pin::new(&mut **rest).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(tcp) => Pin::new(tcp).poll_shutdown(context),
            Transport::Tls(tls) => Pin::new(tls).poll_shutdown(context),
            Transport::ReadAhead(_, rest) => Pin::new(&mut **rest).poll_shutdown(context),
        }
    }
}
