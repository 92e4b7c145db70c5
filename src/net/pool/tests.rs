//! A host on loopback that does what the path asks for, and counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::idle::SWEEP_INTERVAL;
use super::*;
use crate::context::Reporter;

struct Host {
    opened: AtomicUsize,
    closed: AtomicUsize,
    asked: AtomicUsize,
    heads: std::sync::Mutex<Vec<String>>,
    /// Whether `/slow` is answered.
    released: watch::Sender<bool>,
}

/// A pool for a host at this port.
fn pool(port: u16) -> Pool<Empty<Bytes>> {
    let network = NetworkSettings::new(Duration::from_secs(5), None);
    let url = format!("http://127.0.0.1:{port}").parse().unwrap();
    Pool::new(&url, &network, &Context::with_env([].into(), Reporter::collected().0)).unwrap()
}

impl Host {
    async fn start() -> (Arc<Host>, Pool<Empty<Bytes>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = Arc::new(Host {
            opened: AtomicUsize::default(),
            closed: AtomicUsize::default(),
            asked: AtomicUsize::default(),
            heads: std::sync::Mutex::default(),
            released: watch::Sender::new(false),
        });
        let accepting = host.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.opened.fetch_add(1, Ordering::SeqCst);
                let host = accepting.clone();
                tokio::spawn(async move {
                    host.serve(stream).await;
                    host.closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        (host, pool(port))
    }

    async fn serve(&self, mut stream: TcpStream) {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap().to_owned();
            self.heads.lock().unwrap().push(head);
            self.asked.fetch_add(1, Ordering::SeqCst);
            if path == "/slow" {
                let _ = self.released.subscribe().wait_for(|released| *released).await;
            }
            let body = match &*path {
                "/chunked" => "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "/empty" => "Content-Length: 0\r\n\r\n",
                "/long" => "Content-Length: 1000\r\n\r\nok",
                _ => "Content-Length: 2\r\n\r\nok",
            };
            let answer = format!("HTTP/1.1 200 OK\r\n{body}");
            if stream.write_all(answer.as_bytes()).await.is_err() || path == "/last" {
                return;
            }
        }
    }

    fn count(count: &AtomicUsize) -> usize {
        count.load(Ordering::SeqCst)
    }
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).body(Empty::new()).unwrap()
}

/// Reads an answer to its end.
async fn ask(pool: &Pool<Empty<Bytes>>, path: &str) -> Bytes {
    let asking = async {
        let reply = pool.send(request(path)).await.unwrap();
        reply.into_body().collect().await.unwrap().to_bytes()
    };
    timeout(Duration::from_secs(10), asking).await.expect("no answer comes")
}

/// Lets the others work until something has happened.
async fn until(happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("it never happens");
}

#[tokio::test]
async fn one_connection_takes_one_request_after_the_other() {
    let (host, pool) = Host::start().await;
    for path in ["/a?b=c", "/chunked", "/empty", "/d"] {
        let body = ask(&pool, path).await;
        assert_eq!(body, if path == "/empty" { "" } else { "ok" });
    }
    assert_eq!(Host::count(&host.opened), 1);
    let head = host.heads.lock().unwrap()[0].clone();
    assert_eq!(head, format!("GET /a?b=c HTTP/1.1\r\nhost: {}\r\n\r\n", pool.authority));
}

#[tokio::test]
async fn an_answer_that_is_not_read_to_its_end_takes_its_connection_along() {
    let (host, pool) = Host::start().await;
    drop(pool.send(request("/long")).await.unwrap());
    assert_eq!(ask(&pool, "/a").await, "ok");
    assert_eq!(Host::count(&host.opened), 2);
    until(|| Host::count(&host.closed) == 1).await;
}

#[tokio::test]
async fn a_connection_that_the_host_has_closed_costs_no_request() {
    let (host, pool) = Host::start().await;
    for round in 1..=50 {
        assert_eq!(ask(&pool, "/last").await, "ok");
        assert_eq!(Host::count(&host.opened), round);
        until(|| Host::count(&host.closed) == round).await;
    }
}

#[tokio::test]
async fn a_request_waits_a_little_before_it_opens_too_many() {
    let (host, pool) = Host::start().await;
    let pool = Arc::new(pool);
    let clock = StoppedClock::new();
    let requests: Vec<_> = (0..FREE_CONNECTIONS + 6)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { ask(&pool, "/a").await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "ok");
    }
    assert!(Host::count(&host.opened) <= FREE_CONNECTIONS);
    drop(clock);
}

/// Keeps the runtime's clock from moving, however busy the machine is: a paused
/// clock leaps to the next timer unless a blocking task is under way.
struct StoppedClock {
    _release: std::sync::mpsc::Sender<()>,
}

impl StoppedClock {
    fn new() -> StoppedClock {
        tokio::time::pause();
        let (_release, released) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || released.recv());
        StoppedClock { _release }
    }
}

#[tokio::test]
async fn requests_that_take_long_do_not_hold_up_others() {
    let (host, pool) = Host::start().await;
    let pool = Arc::new(pool);
    let slow: Vec<_> = (0..FREE_CONNECTIONS)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { ask(&pool, "/slow").await })
        })
        .collect();
    until(|| Host::count(&host.asked) == FREE_CONNECTIONS).await;
    assert_eq!(ask(&pool, "/a").await, "ok");
    host.released.send(true).unwrap();
    for request in slow {
        assert_eq!(request.await.unwrap(), "ok");
    }
    assert_eq!(Host::count(&host.opened), FREE_CONNECTIONS + 1);
}

#[tokio::test]
async fn idle_connections_are_closed_after_a_while() {
    let (host, pool) = Host::start().await;
    ask(&pool, "/a").await;
    tokio::time::pause();
    tokio::time::sleep(SWEEP_INTERVAL - Duration::from_secs(1)).await;
    assert_eq!(Host::count(&host.closed), 0);
    tokio::time::sleep(SWEEP_INTERVAL + Duration::from_secs(2)).await;
    tokio::time::resume();
    until(|| Host::count(&host.closed) == 1).await;
    assert_eq!(ask(&pool, "/a").await, "ok");
    assert_eq!(Host::count(&host.opened), 2);
}

/// The host closes a connection at the moment when a request is handed to it:
/// it was not sent, and another connection takes it.
#[tokio::test]
async fn a_request_that_a_closing_connection_did_not_take_is_sent_over_another() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let signals = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut signal = TcpStream::connect(signals.local_addr().unwrap()).await.unwrap();
    let mut signaller = signals.accept().unwrap().0;
    let (close, closing) = std::sync::mpsc::channel();
    let answer = move || {
        let mut stream = listener.accept().unwrap().0;
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        stream
    };
    let host = std::thread::spawn(move || {
        let first = answer();
        closing.recv().unwrap();
        signaller.write_all(b"!").unwrap();
        drop(first);
        answer()
    });
    let pool = pool(port);
    assert_eq!(ask(&pool, "/a").await, "ok");
    let (body, ()) = tokio::join!(
        async {
            signal.read_u8().await.unwrap();
            ask(&pool, "/b").await
        },
        async {
            // The runtime learns of the signal and of the end together, and
            // this test goes on before the connection's own task does.
            close.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
    );
    assert_eq!(body, "ok");
    host.join().unwrap();
}
