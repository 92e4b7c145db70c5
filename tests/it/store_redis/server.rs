//! Servers of Redis and Valkey, each with a port and a directory of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gc_token::internals::context::Environment;
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{missing, program};

/// Ends when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) dir: tempfile::TempDir,
    child: Child,
    admin: BufReader<TcpStream>,
}

/// Returns the servers to test with: Redis, and Valkey if `tests/run` has named one.
pub(crate) fn programs() -> Vec<PathBuf> {
    let valkey = Environment::of_process().text("GC_TOKEN_TEST_VALKEY");
    let named = [Some("redis-server".to_owned()), valkey];
    let names = named.into_iter().zip(["redis-server", "Valkey (GC_TOKEN_TEST_VALKEY)"]);
    let found = names.filter_map(|(name, shown)| {
        let found = name.and_then(|name| program(&name));
        if found.is_none() {
            missing(shown);
        }
        found
    });
    found.collect()
}

/// Runs a test with each server.
#[expect(clippy::print_stderr, reason = "tells which server a failure is of")]
pub(crate) fn with_each(args: &[&str], test: impl Fn(&mut Server)) {
    for program in programs() {
        eprintln!("with {}", program.display());
        test(&mut Server::start(&program, args));
    }
}

impl Server {
    pub(crate) fn start(program: &PathBuf, args: &[&str]) -> Server {
        let dir = tempfile::tempdir().unwrap();
        // Another program may take a free port first.
        for _ in 0..20 {
            let port = free_port();
            let mut child = Command::new(program)
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
                .args(["--appendonly", "no", "--loglevel", "warning", "--dir"])
                .arg(dir.path())
                .args(args)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            while child.try_wait().unwrap().is_none() {
                if let Ok(admin) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                    let mut server = Server { port, dir, child, admin: BufReader::new(admin) };
                    server.admin(&["CLIENT", "SETNAME", "admin"]);
                    return server;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("{} does not start", program.display());
    }

    /// The location with database 0, as messages show it.
    pub(crate) fn location(&self) -> String {
        self.database(0)
    }

    pub(crate) fn database(&self, number: u32) -> String {
        format!("redis://127.0.0.1:{}/{number}", self.port)
    }

    /// Sends a command as an administrator, whose connection was there first. Returns the reply
    /// as it is written.
    pub(crate) fn admin(&mut self, words: &[&str]) -> String {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.admin.get_mut().write_all(command.as_bytes()).unwrap();
        read_reply(&mut self.admin)
    }

    /// Like [`Server::admin`], for a command that has to succeed.
    pub(crate) fn set(&mut self, words: &[&str]) {
        let reply = self.admin(words);
        assert!(!reply.starts_with('-'), "{words:?}: {reply}");
    }

    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn read_reply(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    let line = line.trim_end().to_owned();
    let (kind, rest) = line.split_at(1);
    let count = || rest.parse::<i64>().unwrap();
    match kind {
        "$" if count() < 0 => "nil".to_owned(),
        "$" => {
            let mut bytes = vec![0; usize::try_from(count()).unwrap() + 2];
            from.read_exact(&mut bytes).unwrap();
            bytes.truncate(bytes.len() - 2);
            String::from_utf8_lossy(&bytes).into_owned()
        }
        "*" => (0..count()).map(|_| read_reply(from)).collect::<Vec<_>>().join(" "),
        _ => line,
    }
}
