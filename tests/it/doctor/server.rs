//! A server that gives one answer to everything: what a captive portal, a
//! strange proxy or a strange issuer does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Starts the server; returns its URL. Its thread ends with the process.
/// `header` has a line end after each line.
pub(crate) fn answers(status: &'static str, header: String, body: &'static str) -> String {
    answers_after(Duration::ZERO, status, header, body)
}

/// Delays each response by this time.
pub(crate) fn answers_after(
    time: Duration,
    status: &'static str,
    header: String,
    body: &'static str,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, header) = (client.unwrap(), header.clone());
            std::thread::spawn(move || {
                std::thread::sleep(time);
                // A client that leaves early is no matter.
                let _ = answer(client, status, &header, body);
            });
        }
    });
    url
}

fn answer(client: TcpStream, status: &str, header: &str, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut line, mut length, mut head) = (String::new(), 0, false);
    reader.read_line(&mut line)?;
    head |= line.starts_with("HEAD ");
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let all = body.len();
    let body = if head { "" } else { body };
    let mut client = client;
    write!(
        client,
        "HTTP/1.1 {status}\r\n{header}Content-Length: {all}\r\nConnection: close\r\n\r\n{body}"
    )
}
