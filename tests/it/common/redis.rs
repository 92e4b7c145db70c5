//! A Redis server of a test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::process::wait_until;
use super::{missing, program};

/// A server on loopback, killed at the end of the test.
pub struct RedisServer {
    child: Child,
    port: u16,
}

impl RedisServer {
    /// Starts a server; `None`, and loudly, where there is none to start.
    pub fn start(arguments: &[&str]) -> Option<RedisServer> {
        let Some(redis) = program("redis-server") else {
            missing("redis-server");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(redis)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(arguments)
            .current_dir("/")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the server listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(RedisServer { child, port })
    }

    /// Returns a location of its own for each `prefix`.
    pub fn location(&self, prefix: &str) -> String {
        format!("redis://127.0.0.1:{}/0?prefix={prefix}:", self.port)
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

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
