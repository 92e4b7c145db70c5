//! A tiny server on loopback that answers by script: one connection, one
//! request, one step. The last step is repeated.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The server's behaviour on one connection.
#[derive(Clone)]
pub(crate) enum Step {
    /// Read the request, send these bytes, close.
    Send(Vec<u8>),
    /// Read the request, close.
    Drop,
    /// Read the request, send these bytes one by one with pauses between.
    Trickle(Vec<u8>, Duration),
    /// Send these bytes without waiting for a request, then as [`Step::Hang`].
    Blurt(Vec<u8>),
    /// Read the request and answer nothing until the client goes away.
    Hang,
}

/// A running server. Its threads end with the process.
pub(crate) struct Server {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(steps: Vec<Step>) -> Server {
        Server::run(steps, None)
    }

    /// Serves TLS with this certificate.
    pub(crate) fn start_tls(
        steps: Vec<Step>,
        cert: CertificateDer<'static>,
        key: Vec<u8>,
    ) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert], PrivateKeyDer::Pkcs8(key.into()))
            .unwrap();
        Server::run(steps, Some(Arc::new(config)))
    }

    fn run(steps: Vec<Step>, tls: Option<Arc<ServerConfig>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let step = steps[count.min(steps.len() - 1)].clone();
                let (seen, tls) = (Arc::clone(&seen), tls.clone());
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    match tls {
                        None => serve(&mut stream, step, &seen),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            serve(&mut StreamOwned::new(connection, stream), step, &seen);
                        }
                    }
                });
            }
        });
        Server { port, requests }
    }

    /// The requests that came so far, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

trait Stream: Read + Write {
    /// Says goodbye, so that the client can tell the end from a cut.
    fn bye(&mut self);
}

impl Stream for TcpStream {
    fn bye(&mut self) {}
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {
    fn bye(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
    }
}

fn serve(stream: &mut impl Stream, step: Step, seen: &Mutex<Vec<String>>) {
    if let Step::Blurt(bytes) = step {
        let _ = stream.write_all(&bytes);
        while stream.read(&mut [0; 512]).is_ok_and(|n| n > 0) {}
        return;
    }
    // A client that gives up in the handshake sends no request.
    let Ok(request) = read_request(stream) else {
        return;
    };
    seen.lock().unwrap().push(request);
    match step {
        Step::Drop | Step::Blurt(_) => return,
        Step::Send(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Step::Trickle(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        }
        Step::Hang => {
            let _ = stream.read(&mut [0]);
        }
    }
    stream.bye();
}

/// Reads up to the end of the body that `Content-Length` announces.
fn read_request(stream: &mut impl Read) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => bytes.extend_from_slice(&chunk[..n]),
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Ok(text.into_owned());
        }
    }
}

/// A whole reply with `headers` (each line with its end) besides the usual.
pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Step {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    Step::Send(text.into_bytes())
}
