//! Servers of Redis and Valkey.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use gc_token::internals::context::Environment;
use rustix::process::Signal;

use super::ServerProcess;
use crate::common::{missing, program};

pub struct RedisServer {
    process: ServerProcess,
    /// The connection of an administrator, which was there first.
    admin: Mutex<BufReader<TcpStream>>,
}

impl RedisServer {
    /// Starts Redis; `None`, and loudly, where there is none to start.
    pub fn start(options: &[&str]) -> Option<RedisServer> {
        let redis = program("redis-server");
        if redis.is_none() {
            missing("redis-server");
        }
        redis.map(|redis| RedisServer::start_program(&redis, options))
    }

    pub fn start_program(program: &Path, options: &[&str]) -> RedisServer {
        let process = ServerProcess::start(|port, directory| {
            let mut command = Command::new(program);
            command
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
                .args(["--appendonly", "no", "--loglevel", "warning", "--dir"])
                .arg(directory)
                .args(options);
            command
        });
        let admin = TcpStream::connect((Ipv4Addr::LOCALHOST, process.port)).unwrap();
        let server = RedisServer { process, admin: Mutex::new(BufReader::new(admin)) };
        server.admin(&["CLIENT", "SETNAME", "admin"]);
        server
    }

    /// Runs a test with Redis, and with Valkey if `tests/run` has named one.
    #[expect(clippy::print_stderr, reason = "tells which server a failure is of")]
    pub fn with_each(options: &[&str], test: impl Fn(&RedisServer)) {
        for program in RedisServer::programs() {
            eprintln!("with {}", program.display());
            test(&RedisServer::start_program(&program, options));
        }
    }

    pub fn programs() -> Vec<PathBuf> {
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

    /// The location with database 0 and the default prefix, as messages show it.
    pub fn location(&self) -> String {
        self.database(0)
    }

    pub fn database(&self, number: u32) -> String {
        format!("redis://{}/{number}", self.address())
    }

    /// The location with a prefix of keys.
    pub fn with_prefix(&self, prefix: &str) -> String {
        format!("{}?prefix={prefix}:", self.location())
    }

    pub fn address(&self) -> String {
        self.process.address()
    }

    pub fn port(&self) -> u16 {
        self.process.port
    }

    pub fn directory(&self) -> &Path {
        self.process.directory.path()
    }

    /// Sends a command as an administrator. Returns the reply as it is written, without line
    /// ends.
    pub fn admin(&self, words: &[&str]) -> String {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        let mut admin = self.admin.lock().unwrap();
        admin.get_mut().write_all(command.as_bytes()).unwrap();
        read_reply(&mut *admin)
    }

    /// Like [`RedisServer::admin`], for a command that has to succeed.
    pub fn set(&self, words: &[&str]) {
        let reply = self.admin(words);
        assert!(!reply.starts_with('-'), "{words:?}: {reply}");
    }

    /// Returns the keys with the default prefix.
    pub fn records(&self) -> Vec<String> {
        let keys = self.admin(&["KEYS", "gc-token:*"]);
        keys.split_whitespace().map(str::to_owned).collect()
    }

    /// Everything that the server holds, as its replication sends it.
    pub fn everything(&self) -> Vec<u8> {
        let port = self.port().to_string();
        let output = Command::new("redis-cli").args(["-p", &port, "--rdb", "-"]).output().unwrap();
        output.stdout
    }

    pub fn stop(&self) {
        self.process.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }
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
