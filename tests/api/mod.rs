//! Presents a token to the sandbox's API.

#![allow(unreachable_pub, reason = "a module of a test")]

use std::io::{Read, Write};
use std::net::TcpStream;

/// Whether the API takes this token.
pub fn accepts(api_url: &str, token: &str) -> bool {
    let address = api_url.strip_prefix("http://").expect("no TLS here");
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /api/v2/tokens/me HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    match reply.split(' ').nth(1) {
        Some("200") => true,
        Some("401") => false,
        _ => panic!("not an answer of the API: {reply}"),
    }
}
