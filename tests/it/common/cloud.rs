//! The sandbox, and the OAuth client that it knows.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use gc_token::internals::context::SystemClock;
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

pub const CLIENT: &str = "the-client";

/// Contains characters that every encoding changes, so that a leak shows its encoding.
pub const SECRET: &str = "the-cl1ent/s3cret of:the+test";

/// Starts a sandbox that knows the client.
pub fn cloud(plan: SandboxConfig) -> Sandbox {
    let plan = SandboxConfig { client_id: CLIENT.into(), client_secret: SECRET.into(), ..plan };
    Sandbox::start(plan, Arc::new(SystemClock::default())).unwrap()
}

/// Parses faults in the sandbox's notation.
pub fn faults(list: &str) -> SandboxConfig {
    let faults: gc_token::internals::sandbox::Faults = list.parse().unwrap();
    SandboxConfig { faults: faults.0, ..SandboxConfig::default() }
}

/// Reports whether the API accepts this token now.
pub fn accepts(cloud: &Sandbox, token: &str) -> bool {
    let api = cloud.api_url();
    let mut stream = TcpStream::connect(&api["http://".len()..]).unwrap();
    let request = format!(
        "GET /api/v2/tokens/me HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.starts_with("HTTP/1.1 200 ")
}
