//! An issuer that speaks HTTP/2 only.

use std::sync::{Arc, Mutex};

use gc_token::internals::error::Kind;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::endpoint::setup::{BASIC, GOOD, Setup};
use crate::endpoint::trust::certificate;

type Requests = Arc<Mutex<Vec<(Version, String, Bytes)>>>;

/// Starts one; its thread ends with the process. Without ALPN `protocols` are empty.
fn start(dir: &std::path::Path, protocols: &[&[u8]], status: u16) -> (Setup, Requests) {
    let (pem, der, key) = certificate("127.0.0.1", (2020, 2100));
    let ca = dir.join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der], PrivateKeyDer::Pkcs8(key.into()))
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let requests = Requests::default();
    let seen = requests.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(listener, acceptor, seen, status));
    });
    let mut setup = Setup::of(format!("https://127.0.0.1:{port}/oauth/token"));
    setup.env = [("SSL_CERT_FILE", ca.to_str().unwrap())].into();
    (setup, requests)
}

async fn serve(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    seen: Requests,
    status: u16,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        tokio::spawn(async move {
            // One that offers HTTP/1.1 only is refused in the handshake.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|request: Request<Incoming>| {
                let seen = seen.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    let authorization = head.headers.get("authorization");
                    let authorization =
                        authorization.map(|value| value.to_str().unwrap().to_owned());
                    let first = (head.version, authorization.unwrap_or_default(), body);
                    seen.lock().unwrap().push(first);
                    let mut reply = Response::new(Full::new(Bytes::from_static(GOOD.as_bytes())));
                    *reply.status_mut() = status.try_into().unwrap();
                    Ok::<_, hyper::Error>(reply)
                }
            });
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[test]
fn an_issuer_that_speaks_http_2_only_is_spoken_to() {
    let dir = tempfile::tempdir().unwrap();
    let (setup, requests) = start(dir.path(), &[b"h2"], 200);
    setup.mint().token();
    let requests = requests.lock().unwrap();
    let [(version, authorization, body)] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(*version, Version::HTTP_2);
    assert_eq!(*authorization, format!("Basic {BASIC}"));
    assert_eq!(&body[..], b"grant_type=client_credentials");
}

#[test]
fn http2_responses_are_understood_and_retried() {
    let dir = tempfile::tempdir().unwrap();
    let (setup, requests) = start(dir.path(), &[b"h2"], 503);
    let error = setup.mint().error();
    assert!(error.cause.unwrap().starts_with("HTTP 503"));
    assert_eq!(requests.lock().unwrap().len(), 6);
}

/// Without ALPN nobody says so, and what comes back is not HTTP/1.1.
#[test]
fn http2_without_alpn_is_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (setup, requests) = start(dir.path(), &[], 200);
    let error = setup.mint().error();
    assert_eq!(error.kind, Kind::Unavailable);
    let cause = error.cause.unwrap();
    assert!(cause.ends_with(" does not speak HTTP/1.1"), "{cause}");
    assert!(requests.lock().unwrap().is_empty());
}
