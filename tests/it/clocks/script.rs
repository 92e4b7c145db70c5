//! The client that everybody writes first.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use gc_token::internals::sandbox::Sandbox;
use gc_token::internals::token::Claims;
use jiff::{SignedDuration, Timestamp};

use crate::common::cloud::{CLIENT, SECRET};

/// The client renews its token so long before its end.
const EARLY: SignedDuration = SignedDuration::from_secs(5);

/// Asks `now < exp - 5`: `exp` is what a JWT claims, else `now + expires_in`.
#[derive(Default)]
pub(super) struct Script {
    kept: Option<(String, Timestamp)>,
    /// Number of token requests.
    pub(super) mints: usize,
}

impl Script {
    /// A token. `now` is the local wall clock.
    pub(super) fn get(&mut self, cloud: &Sandbox, now: Timestamp) -> String {
        if let Some((token, end)) = &self.kept
            && now < *end - EARLY
        {
            return token.clone();
        }
        let (token, expires_in) = mint(cloud);
        let claimed = Claims::parse(&token).and_then(|claims| claims.expires_at);
        let end = claimed.unwrap_or(now + SignedDuration::from_secs(expires_in));
        self.mints += 1;
        self.kept = Some((token.clone(), end));
        token
    }
}

fn mint(cloud: &Sandbox) -> (String, i64) {
    let login = cloud.login_url();
    let mut stream = TcpStream::connect(&login["http://".len()..]).unwrap();
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let form = "grant_type=client_credentials";
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: login\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (_, body) = reply.split_once("\r\n\r\n").expect("a reply");
    let body: serde_json::Value = serde_json::from_str(body).expect("a grant");
    let token = body["access_token"].as_str().expect("a token");
    (token.to_owned(), body["expires_in"].as_i64().unwrap())
}
