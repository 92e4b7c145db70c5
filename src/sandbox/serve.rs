//! Accepts connections, over TLS if wanted, and serves them by a router.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::response::CloseConnection;
use crate::error::{Error, Kind, Result};
use crate::listener;

/// Returns the main function of the sandbox's thread: serves the hosts until `stopped`
/// resolves, then closes every connection.
pub(super) fn runtime(
    hosts: [(TcpListener, Router); 2],
    tls: Option<Arc<ServerConfig>>,
    stopped: oneshot::Receiver<()>,
) -> Result<impl FnOnce() + Send + 'static> {
    let start = || {
        let runtime = crate::context::runtime()?;
        for (listener, router) in hosts {
            let listener = {
                let _inside = runtime.enter();
                tokio::net::TcpListener::from_std(listener)?
            };
            let tls = tls.clone().map(TlsAcceptor::from);
            runtime.spawn(accept(listener, tls, router));
        }
        Ok(runtime)
    };
    let runtime = start().map_err(|cause: io::Error| {
        Error::new(Kind::System, "the sandbox cannot start").with_source(cause)
    })?;
    Ok(move || {
        let _ = runtime.block_on(stopped);
    })
}

async fn accept(listener: tokio::net::TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    loop {
        let stream = listener::accept(&listener).await;
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            match tls {
                None => serve_connection(stream, router).await,
                Some(tls) => {
                    // Fails for a client that does not trust the certificate authority.
                    if let Ok(stream) = tls.accept(stream).await {
                        serve_connection(stream, router).await;
                    }
                }
            }
        });
    }
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let response = router.call(request);
        async {
            let Ok(response) = response.await;
            close_if_marked(response)
        }
    });
    let _ = http1::Builder::new()
        // The date comes from the host's clock.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error closes the connection without a response.
fn close_if_marked(response: Response<Body>) -> io::Result<Response<Body>> {
    match response.extensions().get::<CloseConnection>() {
        Some(CloseConnection) => Err(io::ErrorKind::ConnectionAborted.into()),
        None => Ok(response),
    }
}
