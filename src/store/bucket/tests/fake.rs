//! A host on loopback that answers as a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use jiff::Timestamp;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::context::{Clock, SystemClock};

pub(super) struct FakeHost {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<FakeRequest>>>,
}

/// What comes before the requests on a connection.
#[derive(Clone)]
pub(super) enum Front {
    Plain,
    Tls(Arc<ServerConfig>),
    /// A proxy that pretends to be the host behind it.
    Proxy(Arc<ServerConfig>),
}

#[derive(Debug, Clone)]
pub(super) struct FakeRequest {
    pub(super) method: Method,
    /// With the query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(super) struct FakeResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The connection is closed after the response, which does not say so.
    closes: bool,
}

impl FakeHost {
    pub(super) fn start(
        answer: impl FnMut(&FakeRequest) -> FakeResponse + Send + 'static,
    ) -> FakeHost {
        FakeHost::start_with(Front::Plain, answer)
    }

    pub(super) fn start_with(
        front: Front,
        answer: impl FnMut(&FakeRequest) -> FakeResponse + Send + 'static,
    ) -> FakeHost {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<FakeRequest>>>::default();
        let (log, answer) = (seen.clone(), Arc::new(Mutex::new(answer)));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (front, log, answer) = (front.clone(), log.clone(), answer.clone());
                std::thread::spawn(move || {
                    let answer = |request: &FakeRequest| {
                        log.lock().unwrap().push(request.clone());
                        (answer.lock().unwrap())(request)
                    };
                    let mut stream = stream;
                    let tls = match front {
                        Front::Plain => return serve::<TcpStream>(stream, answer),
                        Front::Tls(tls) => tls,
                        Front::Proxy(tls) => {
                            accept_tunnel(&mut stream);
                            tls
                        }
                    };
                    let tls = ServerConnection::new(tls).unwrap();
                    serve(StreamOwned::new(tls, stream), answer)
                });
            }
        });
        FakeHost { port, seen }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the requests since the last call.
    pub(super) fn take_seen(&self) -> Vec<FakeRequest> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// Agrees to a tunnel (RFC 9110 section 9.3.6), without reading beyond the request for it.
fn accept_tunnel(stream: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.extend_from_slice(&byte);
    }
    assert!(head.starts_with(b"CONNECT "));
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
}

fn serve<S: Read + Write>(stream: S, mut answer: impl FnMut(&FakeRequest) -> FakeResponse) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream) {
        let response = answer(&request);
        let mut bytes = format!("HTTP/1.1 {} x\r\n", response.status);
        for (name, value) in &response.headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
        let bytes = [bytes.as_bytes(), &response.body].concat();
        let sent = stream.get_mut().write_all(&bytes).and_then(|()| stream.get_mut().flush());
        if sent.is_err() || response.closes {
            return;
        }
    }
}

fn read(stream: &mut impl BufRead) -> Option<FakeRequest> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.parse().ok()?, words.next()?.to_owned());
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(FakeRequest { method, path, headers, body })
}

impl FakeRequest {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the request as the client had it before it was sent.
    pub(super) fn head(&self) -> Parts {
        let url = format!("http://{}{}", self.header("host").unwrap(), self.path);
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = url.parse().unwrap();
        *request.headers_mut() = self.headers.clone();
        request.into_parts().0
    }
}

impl FakeResponse {
    /// A response as of now.
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> FakeResponse {
        FakeResponse { status, headers: Vec::new(), body: body.into(), closes: false }.dated(now())
    }

    /// A refusal as S3 writes it.
    pub(super) fn refusal(status: u16, code: &str) -> FakeResponse {
        let xml =
            format!("<Error><Code>{code}</Code><Message>words of the store</Message></Error>");
        FakeResponse::new(status, xml).with("Content-Type", "application/xml")
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> FakeResponse {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn closing(self) -> FakeResponse {
        FakeResponse { closes: true, ..self }
    }

    pub(super) fn dated(self, time: Timestamp) -> FakeResponse {
        self.with("Date", &http_date(time))
    }
}

pub(super) fn now() -> Timestamp {
    SystemClock::default().read().wall
}

pub(super) fn http_date(time: Timestamp) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(time.as_second().try_into().unwrap()))
}
