//! An API that speaks HTTP/2 over TLS, reached straight and through a proxy.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gc_token::internals::sandbox::SandboxConfig;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::rig::{Front, runner};
use super::server::{listen, tls};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;

/// A server that answers a request with its body and its trailers.
struct Server {
    port: u16,
    /// Its own certificate, which is to be trusted.
    pem: String,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    /// Handshakes that came to their end.
    secured: AtomicUsize,
    seen: Mutex<Vec<(Version, String, HeaderMap)>>,
}

impl Server {
    fn start(name: &str) -> Server {
        let (tls, pem) = tls(name);
        let log = Arc::new(Log::default());
        let kept = log.clone();
        let port = listen(move |stream| serve(stream, tls.clone(), kept.clone()));
        Server { port, pem, log }
    }
}

/// A server that takes 32 requests at a time over a connection, and ends each
/// connection after a hundred of them, as balancers do.
fn passing(name: &str) -> Server {
    let (tls, pem) = tls(name);
    let log = Arc::new(Log::default());
    let kept = log.clone();
    let port = listen(move |stream| {
        let (tls, log) = (tls.clone(), kept.clone());
        async move {
            log.connections.fetch_add(1, Ordering::SeqCst);
            let stream = tls.accept(stream).await?;
            let end = tokio::sync::Notify::new();
            let requests = AtomicUsize::new(0);
            let service = hyper::service::service_fn(|request| {
                if requests.fetch_add(1, Ordering::SeqCst) + 1 == 100 {
                    end.notify_one();
                }
                echo(request, log.clone())
            });
            let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.max_concurrent_streams(32);
            let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                _ = &mut connection => return io::Result::Ok(()),
                () = end.notified() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
            Ok(())
        }
    });
    Server { port, pem, log }
}

#[test]
fn no_post_is_lost_when_the_upstream_closes_connections() {
    let cloud = cloud(SandboxConfig::default());
    let server = passing("localhost");
    let url = format!("https://localhost:{}", server.port);
    let front = Front::start(trusting(runner(&cloud, &url), &server.pem), &[]);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let mut client = front.connect();
                let request = front.head("POST", "/x", "Content-Length: 3\r\n") + "abc";
                for _ in 0..40 {
                    let reply = client.send(&request);
                    assert_eq!((reply.status, reply.text()), (200, "abc"));
                }
            });
        }
    });
    assert_eq!(server.log.seen.lock().unwrap().len(), 64 * 40);
    assert!(server.log.connections.load(Ordering::SeqCst) >= 64 * 40 / 132);
    front.finish();
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, log: Arc<Log>) {
    log.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    log.secured.fetch_add(1, Ordering::SeqCst);
    let service = hyper::service::service_fn(|request| echo(request, log.clone()));
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn echo(
    request: Request<Incoming>,
    log: Arc<Log>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    log.seen.lock().unwrap().push((head.version, head.uri.to_string(), head.headers));
    let body = body.collect().await.unwrap();
    let mut trailers = body.trailers().cloned().unwrap_or_default();
    trailers.insert("x-end", HeaderValue::from_static("1"));
    // Of no known length: HTTP/1.1 has no trailers behind one.
    let body = Full::new(body.to_bytes())
        .map_frame(|frame| frame)
        .with_trailers(async { Some(Ok(trailers)) });
    let mut reply = Response::new(body);
    reply.headers_mut().insert("trailer", HeaderValue::from_static("x-sum, x-end"));
    Ok(reply)
}

/// Trusts this certificate.
pub(crate) fn trusting(runner: Runner, pem: &str) -> Runner {
    runner.with_file("ca.pem", pem).set("GC_TOKEN_CA_FILE", "ca.pem")
}

#[test]
fn one_connection_carries_many_requests_and_their_trailers() {
    let cloud = cloud(SandboxConfig::default());
    let server = Server::start("localhost");
    let url = format!("https://localhost:{}/base", server.port);
    let front = Front::start(trusting(runner(&cloud, &url), &server.pem), &[]);
    let fields = "TE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\
                  Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
    let request = front.head("POST", "/x?y", fields) + "3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n";
    let reply = front.connect().send(&request);
    assert_eq!((reply.status, reply.text()), (200, "abc"));
    let mut trailers = reply.trailers;
    trailers.sort_unstable();
    let expected = [("x-end", "1"), ("x-sum", "3")];
    assert_eq!(trailers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(front.connect().send(&request).status, 200));
        }
    });
    assert_eq!(server.log.connections.load(Ordering::SeqCst), 1);
    let seen = server.log.seen.lock().unwrap();
    assert_eq!(seen.len(), 51);
    for (version, uri, headers) in &*seen {
        assert_eq!(*version, Version::HTTP_2);
        assert_eq!(*uri, format!("{url}/x?y"));
        assert_eq!(headers["authorization"], format!("Bearer {}", front.token));
        assert_eq!(headers["te"], "trailers");
        for name in ["connection", "keep-alive", "transfer-encoding", "host"] {
            assert!(!headers.contains_key(name), "{headers:?}");
        }
    }
    drop(seen);
    front.finish();
}

/// Unread data counts against the flow control of the connection (RFC 9113 section 5.2), which
/// all streams share.
#[test]
fn a_client_that_does_not_read_blocks_no_other() {
    let cloud = cloud(SandboxConfig::default());
    let server = Server::start("localhost");
    let url = format!("https://localhost:{}", server.port);
    let front = Front::start(trusting(runner(&cloud, &url), &server.pem), &[]);
    let body = vec![b'x'; 16 << 20];
    let head = front.head("POST", "/x", &format!("Content-Length: {}\r\n", body.len()));
    let mut lazy: Vec<_> = (0..4).map(|_| front.connect()).collect();
    for client in &mut lazy {
        client.write(&head);
        client.write(&body);
        assert_eq!(client.maybe_head().unwrap().0, 200);
    }
    for _ in 0..50 {
        assert_eq!(front.post("/x", "", b"abc").text(), "abc");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.log.connections.load(Ordering::SeqCst), 1);
    assert!(front.memory("VmHWM") < 64 << 10, "{} KiB", front.memory("VmHWM"));
    drop(lazy);
    front.finish();
}

#[test]
fn an_untrusted_api_gets_no_token() {
    let cloud = cloud(SandboxConfig::default());
    let (server, other) = (Server::start("localhost"), Server::start("localhost"));
    let named = Server::start("other.localhost");
    let url = |server: &Server| format!("https://localhost:{}", server.port);
    for (server, pem) in [(&server, &other.pem), (&named, &named.pem)] {
        let front = Front::start(trusting(runner(&cloud, &url(server)), pem), &[]);
        let reply = front.get("/x");
        reply.is_ours(502);
        assert!(reply.text().contains("certificate"), "{reply:?}");
        assert!(server.log.connections.load(Ordering::SeqCst) > 0);
        assert_eq!(server.log.secured.load(Ordering::SeqCst), 0);
        assert!(server.log.seen.lock().unwrap().is_empty());
        front.finish();
    }
}

/// A proxy that takes every name for the server on this port. Returns its
/// own port, and the heads that it was sent.
fn proxy(to: u16, tls: Option<TlsAcceptor>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = heads.clone();
    let port = listen(move |client| {
        let (tls, heads) = (tls.clone(), kept.clone());
        async move {
            match tls {
                Some(tls) => connect(tls.accept(client).await?, to, &heads).await,
                None => connect(client, to, &heads).await,
            }
        }
    });
    (port, heads)
}

async fn connect<S>(mut client: S, to: u16, heads: &Mutex<Vec<String>>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let is_known = head.contains(&BASE64_STANDARD.encode("user:pass word"));
    heads.lock().unwrap().push(head);
    if !is_known {
        return client.write_all(b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n").await;
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

#[test]
fn requests_go_through_a_proxy_that_sees_no_token() {
    goes_through("http");
}

/// The proxy has its own certificate, and gets the password only over TLS.
#[test]
fn a_proxy_may_speak_tls() {
    goes_through("https");
}

fn goes_through(scheme: &str) {
    let cloud = cloud(SandboxConfig::default());
    let server = Server::start("api.mypurecloud.ie");
    let (own, pem) = tls("localhost");
    let (port, heads) = proxy(server.port, (scheme == "https").then_some(own));
    let through = |password: &str| {
        let url = format!("{scheme}://user:{password}@localhost:{port}");
        let runner = runner(&cloud, "https://api.mypurecloud.ie").set("HTTPS_PROXY", url);
        let trusted = server.pem.clone() + &pem;
        Front::start(trusting(runner, &trusted), &["-vv", "--log-format=text"])
    };
    let front = through("pass%20word");
    for _ in 0..3 {
        assert_eq!(front.post("/x", "", b"abc").text(), "abc");
    }
    assert_eq!(server.log.connections.load(Ordering::SeqCst), 1);
    let (_, uri, headers) = server.log.seen.lock().unwrap().pop().unwrap();
    assert_eq!(uri, "https://api.mypurecloud.ie/x");
    assert!(!headers.contains_key("proxy-authorization"));
    let head = heads.lock().unwrap().remove(0);
    assert!(head.starts_with("CONNECT api.mypurecloud.ie:443 HTTP/1.1\r\n"), "{head}");
    assert!(heads.lock().unwrap().is_empty());
    crate::common::guard::holds_no_token(head.as_bytes(), "what the proxy sees");
    assert!(!front.finish().stderr.contains("pass"));

    // One that refuses is an upstream that cannot be reached.
    let front = through("wrong-password");
    let reply = front.get("/x");
    reply.is_ours(502);
    assert!(!reply.text().contains("wrong-password"), "{reply:?}");
    assert!(!front.finish().stderr.contains("wrong-password"));
}

/// Both HTTP clients, for a token and for requests that are passed on, read the
/// variables in one way.
#[test]
fn variables_that_bypass_the_proxy_are_warned_of() {
    let cloud = cloud(SandboxConfig::default());
    let server = Server::start("api.mypurecloud.ie");
    let (port, heads) = proxy(server.port, None);
    let url = format!("http://user:pass%20word@localhost:{port}");
    for env in [
        [("HTTPS_PROXY", ""), ("https_proxy", &*url)],
        [("HTTPS_PROXY", &url), ("https_proxy", "")],
        [("ALL_PROXY", &url), ("REQUEST_METHOD", "GET")],
        [("HTTPS_PROXY", &url), ("NO_PROXY", "")],
    ] {
        let runner = runner(&cloud, "https://api.mypurecloud.ie");
        let runner = env.iter().fold(runner, |runner, (name, value)| runner.set(name, value));
        let front = Front::start(trusting(runner, &server.pem), &[]);
        assert_eq!(front.post("/x", "", b"abc").text(), "abc", "{env:?}");
        assert_eq!(heads.lock().unwrap().drain(..).count(), 1, "{env:?}");
        // The proxy takes every name for its own server, which is not this one.
        let (finished, runner) = front.finish_and_keep();
        drop(finished);
        let runner = runner.unset("GC_TOKEN_LOGIN_URL").set("GENESYSCLOUD_REGION", "eu-west-1");
        let asked = runner.run(&["get", "-vv", "--no-cache", "--timeout=5s"]);
        assert_ne!(asked.status.code(), Some(0));
        let said = format!("going through the proxy localhost:{port}");
        assert!(asked.stderr.contains(&said), "{env:?}: {asked:#?}");
        assert!(heads.lock().unwrap().drain(..).count() > 0, "{env:?}");
    }
}
