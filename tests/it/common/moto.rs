//! An S3 server of a test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::missing;
use super::process::wait_until;

/// A server of moto on loopback, killed at the end of the test.
pub struct MotoServer {
    child: Child,
    port: u16,
}

pub const BUCKET: &str = "fleet";

impl MotoServer {
    /// Starts a server with a bucket; `None`, and loudly, where there is none to start.
    pub fn start() -> Option<MotoServer> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/tools/moto/bin/python");
        if !python.exists() {
            missing("moto (tests/run installs it)");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(python)
            .arg(root.join("tests/s3_server.py"))
            .arg(port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = MotoServer { child, port };
        wait_until("the server has a bucket", || server.create_bucket().is_some());
        Some(server)
    }

    fn create_bucket(&self) -> Option<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let host = format!("127.0.0.1:{}", self.port);
        let request = format!(
            "PUT /{BUCKET} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        response.contains(" 200 OK\r\n").then_some(())
    }

    /// The variables that make it the store of a machine.
    pub fn variables(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ACCESS_KEY_ID", "fleet".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "fleetfleet".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            // The server is slow on a busy machine.
            ("GC_TOKEN_STORE_TIMEOUT", "60s".to_owned()),
            ("GC_TOKEN_STORE", format!("s3://{BUCKET}/tokens")),
        ]
    }
}

impl Drop for MotoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
