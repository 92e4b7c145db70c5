//! The gateway as a process, and a plain client of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gc_token::internals::sandbox::Sandbox;
use rustix::process::Signal;
use serde_json::Value;

use super::upstream::{Upstream, field};
use crate::common::cloud::CLIENT;
use crate::common::process::{Finished, Running};
use crate::common::runner::Runner;

/// A gateway that serves.
pub(crate) struct Front {
    pub(crate) running: Running,
    pub(crate) runner: Runner,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) prefix: String,
    /// The token that was current at first.
    pub(crate) token: String,
}

/// A connection to a gateway.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

/// Longer than anything in a passing test.
const PATIENCE: Duration = Duration::from_secs(100);

impl Front {
    /// A gateway before a sandbox.
    pub(crate) fn before(cloud: &Sandbox) -> Front {
        Front::start(Runner::of(cloud), &[])
    }

    /// A gateway before an API of the test's own, with tokens of a sandbox.
    pub(crate) fn between(cloud: &Sandbox, upstream: &Upstream) -> Front {
        Front::start(runner(cloud, &upstream.url()), &[])
    }

    /// A gateway with more arguments.
    pub(crate) fn start(runner: Runner, args: &[&str]) -> Front {
        let running = runner.start(&[&["gateway", "--shell=json"], args].concat());
        Front::of(runner, running)
    }

    /// Wraps a gateway that was started with `--shell=json`.
    pub(crate) fn of(runner: Runner, mut running: Running) -> Front {
        let printed = running.wait_until_it_prints("}\n");
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let url = printed["GC_TOKEN_GATEWAY_URL"].as_str().unwrap();
        let (address, prefix) =
            url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).unwrap();
        let (address, prefix) = (address.to_owned(), prefix.to_owned());
        let mut front = Front { running, runner, address, prefix, token: String::new() };
        front.token = front.current();
        front
    }

    /// The token that is current now.
    pub(crate) fn current(&self) -> String {
        let form = format!("grant_type=client_credentials&client_id={CLIENT}");
        let reply = self.connect().send(self.form(&form));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A request for a token.
    pub(crate) fn form(&self, form: &str) -> String {
        let fields = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            form.len()
        );
        self.bare("POST", "/oauth/token", &fields) + form
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.address)
    }

    /// The head of a request without credentials; each field ends its line.
    pub(crate) fn bare(&self, method: &str, path: &str, fields: &str) -> String {
        let Front { address, prefix, .. } = self;
        format!("{method} /{prefix}{path} HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n")
    }

    /// The head of a request with the first token.
    pub(crate) fn head(&self, method: &str, path: &str, fields: &str) -> String {
        let token = &self.token;
        self.bare(method, path, &format!("Authorization: Bearer {token}\r\n{fields}"))
    }

    /// Sends a request without a body over a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.connect().send(self.head("GET", path, ""))
    }

    pub(crate) fn post(&self, path: &str, fields: &str, body: &[u8]) -> Reply {
        let fields = format!("Content-Length: {}\r\n{fields}", body.len());
        let head = self.head("POST", path, &fields);
        self.connect().send([head.as_bytes(), body].concat())
    }

    /// Ends it in good order, and searches all that it said.
    pub(crate) fn finish(self) -> Finished {
        self.finish_and_keep().0
    }

    /// Also returns the runner, for its files.
    pub(crate) fn finish_and_keep(self) -> (Finished, Runner) {
        self.running.signal(Signal::TERM);
        let finished = self.running.finish();
        assert_eq!(finished.status.code(), Some(0), "{finished:#?}");
        assert!(!finished.stderr.contains(&self.prefix), "{}", finished.stderr);
        (finished, self.runner)
    }

    /// Number of open files and sockets.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.running.pid())).unwrap().count()
    }

    /// Memory in KiB from `/proc`: `VmRSS`, or `VmHWM` for the peak.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.running.pid());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }
}

/// A runner whose tokens are a sandbox's, and whose API is at `url`: it knows
/// nothing of the tokens, so it is not asked about them.
pub(crate) fn runner(cloud: &Sandbox, url: &str) -> Runner {
    Runner::of(cloud).set("GC_TOKEN_API_URL", url).set("GC_TOKEN_VERIFY", "never")
}

impl Client {
    pub(crate) fn connect(address: &str) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Sends a request, and reads its answer.
    pub(crate) fn send(&mut self, request: impl AsRef<[u8]>) -> Reply {
        self.write(request);
        self.reply()
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Writes to one who may have left.
    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends nothing more.
    pub(crate) fn no_more(&self) {
        let _ = self.stream.get_ref().shutdown(std::net::Shutdown::Write);
    }

    /// The next answer.
    pub(crate) fn reply(&mut self) -> Reply {
        self.maybe_reply(false).expect("there is an answer")
    }

    /// The answer to a HEAD.
    pub(crate) fn reply_to_head(&mut self) -> Reply {
        self.maybe_reply(true).expect("there is an answer")
    }

    /// The next answer; `None` when the other side closes instead.
    pub(crate) fn maybe_reply(&mut self, to_head: bool) -> Option<Reply> {
        let (status, fields) = self.maybe_head()?;
        let mut reply = Reply { status, fields, body: Vec::new(), trailers: Vec::new() };
        let empty = to_head || status / 100 == 1 || status == 204 || status == 304;
        if empty {
        } else if reply.field("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                reply.body.extend_from_slice(&chunk);
            }
            reply.trailers = self.fields();
        } else if let Some(length) = reply.field("content-length") {
            reply.body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut reply.body).unwrap();
        } else {
            self.stream.read_to_end(&mut reply.body).unwrap();
        }
        Some(reply)
    }

    /// The status line and the header fields of the next answer.
    pub(crate) fn maybe_head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        let line = self.line()?;
        assert!(line.starts_with("HTTP/1."), "{line:?}");
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        Some((status, self.fields()))
    }

    /// The next chunk; `None` for the last one, whose trailers follow.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.line().unwrap(), 16).unwrap();
        if size == 0 {
            return None;
        }
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).unwrap();
        assert_eq!(chunk.split_off(size), b"\r\n");
        Some(chunk)
    }

    /// Some bytes of a body, however many come.
    pub(crate) fn some(&mut self) -> Vec<u8> {
        let bytes = self.stream.fill_buf().unwrap().to_vec();
        self.stream.consume(bytes.len());
        bytes
    }

    /// Fills the buffer.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) {
        self.stream.read_exact(buffer).unwrap();
    }

    /// Reads the trailers, after the last chunk.
    pub(crate) fn trailers(&mut self) -> Vec<(String, String)> {
        self.fields()
    }

    /// Reports whether the peer closes or resets the connection without sending another byte.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.stream.fill_buf().map_or_else(
            |error| error.kind() != std::io::ErrorKind::WouldBlock,
            |bytes| bytes.is_empty(),
        )
    }

    fn fields(&mut self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap();
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        fields
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end_matches("\r\n").to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Reply {
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        field(&self.fields, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// An error of the gateway's own: in the API's form, with nothing secret.
    #[track_caller]
    pub(crate) fn is_ours(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], status, "{self:?}");
        assert!(json["code"].as_str().unwrap().starts_with("gc-token."), "{self:?}");
        assert!(json["message"].as_str().unwrap().starts_with("gc-token: "), "{self:?}");
        crate::common::guard::holds_no_token(&self.body, "an error");
        crate::common::guard::holds_no_secret(&self.body, "an error");
    }
}
