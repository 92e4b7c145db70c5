//! The servers of stores: real ones, each on a port of loopback, killed at the end of a test.

pub mod azurite;
pub mod moto;
pub mod redis;
pub mod shared_store;
pub mod versity;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::process::wait_until;

/// A server that listens, with a directory of its own.
pub struct ServerProcess {
    child: Child,
    pub port: u16,
    pub directory: TempDir,
}

const ATTEMPTS: u32 = 5;

const FIRST_PORT: u16 = 20_000;

impl ServerProcess {
    /// Starts the command for a port and an empty directory.
    pub fn start(command: impl Fn(u16, &Path) -> Command) -> ServerProcess {
        for _ in 0..ATTEMPTS {
            let (port, directory) = (free_port(), tempfile::tempdir().unwrap());
            let mut command = command(port, directory.path());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.current_dir(directory.path()).spawn().unwrap();
            let mut server = ServerProcess { child, port, directory };
            if server.listens() {
                return server;
            }
        }
        panic!("{:?} does not start", command(0, Path::new(".")));
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Sends a request with further header fields, and returns the response as it is.
    pub fn request(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\
             {fields}Connection: close\r\n\r\n",
            self.address(),
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        String::from_utf8_lossy(&response).into_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the server listens; false if it has ended.
    fn listens(&mut self) -> bool {
        let mut is_up = false;
        wait_until("the server listens", || {
            is_up = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            is_up || self.child.try_wait().unwrap().is_some()
        });
        is_up && self.child.try_wait().unwrap().is_none()
    }
}

/// Returns a free port. A server cannot pick one itself, so that another program may take it
/// meanwhile: it is below those that systems give to clients, and no other test of this process
/// gets it.
pub fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = FIRST_PORT + u16::try_from(std::process::id() % 1_000).unwrap() * 12;
    loop {
        let port = first + COUNT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
