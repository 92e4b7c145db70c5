//! A Redis server of a test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::process::wait_until;
use super::{missing, program};

/// A server on loopback, killed at the end of the test.
pub struct RedisServer {
    child: Child,
    port: u16,
}

const ATTEMPTS: u32 = 5;

const FIRST_PORT: u16 = 20_000;

impl RedisServer {
    /// Starts a server; `None`, and loudly, where there is none to start.
    pub fn start(arguments: &[&str]) -> Option<RedisServer> {
        let Some(redis) = program("redis-server") else {
            missing("redis-server");
            return None;
        };
        for _ in 0..ATTEMPTS {
            let port = next_port();
            let child = Command::new(&redis)
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no"])
                .args(arguments)
                .current_dir("/")
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut server = RedisServer { child, port };
            if server.listens() {
                return Some(server);
            }
        }
        panic!("no port was free {ATTEMPTS} times");
    }

    /// Returns a location of its own for each `prefix`.
    pub fn location(&self, prefix: &str) -> String {
        format!("redis://{}/0?prefix={prefix}:", self.address())
    }

    /// Returns the location with the default prefix.
    pub fn plain_location(&self) -> String {
        format!("redis://{}/0", self.address())
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Runs a command of the client.
    pub fn cli(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything that the server holds, as its replication sends it.
    pub fn everything(&self) -> Vec<u8> {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port, "--rdb", "-"]).output().unwrap();
        output.stdout
    }

    /// Returns the keys with the default prefix.
    pub fn records(&self) -> Vec<String> {
        self.cli(&["keys", "gc-token:*"]).lines().map(str::to_owned).collect()
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

/// Returns a free port. The server cannot pick one itself, so that another program may take it
/// meanwhile: it is below those that systems give to clients, and no other test of this process
/// gets it.
fn next_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = FIRST_PORT + u16::try_from(std::process::id() % 1_000).unwrap() * 12;
    loop {
        let port = first + COUNT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
