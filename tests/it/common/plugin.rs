//! Starts the stand-in as Terraform would, and talks to it without Terraform:
//! gRPC by hand over HTTP/2, so that it can be told nonsense.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

/// Terraform's.
pub const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// What makes the plugin do without TLS.
pub const PLAIN: [(&str, &str); 2] = [COOKIE, ("TF_DISABLE_PLUGIN_TLS", "1")];

/// A plugin that is running.
pub struct Plugin {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub socket: PathBuf,
    /// The last part of its handshake line: its certificate.
    pub certificate: String,
    tmp: TempDir,
    // Terraform keeps it open, too.
    _stdout: BufReader<ChildStdout>,
}

/// The command that starts the plugin with these variables and no others.
pub fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(super::external::test_providers());
    command.env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

impl Plugin {
    /// Starts the plugin and reads its handshake line.
    pub fn start(variables: &[(&str, &str)]) -> Plugin {
        let tmp = tempfile::Builder::new().prefix("gct-").tempdir().unwrap();
        let mut child = command(variables).env("TMPDIR", tmp.path()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let parts: Vec<&str> = line.trim_end().split('|').collect();
        assert_eq!([parts[0], parts[1], parts[2], parts[4]], ["1", "6", "unix", "grpc"]);
        Plugin {
            child,
            socket: PathBuf::from(parts[3]),
            certificate: parts[5].to_owned(),
            tmp,
            _stdout: stdout,
        }
    }

    /// Starts a plugin without TLS, and connects.
    pub async fn with_client() -> (Plugin, Client) {
        let plugin = Plugin::start(&PLAIN);
        let client = Client::over(plugin.connect().await).await;
        (plugin, client)
    }

    /// Connects to the plugin's socket.
    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).await.unwrap()
    }

    /// Sends a signal to the plugin.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the plugin has ended, and asserts that it left nothing
    /// behind.
    pub async fn ended(mut self) -> ExitStatus {
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(std::fs::read_dir(self.tmp.path()).unwrap().count(), 0);
                return status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the plugin does not end");
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection to a plugin.
pub struct Client(SendRequest<Full<Bytes>>);

/// What came of an RPC.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// A message.
    Message(Vec<u8>),
    /// A gRPC status that is not OK.
    Status(String),
    /// The stream was cut off.
    Cut,
}

impl Client {
    /// Speaks HTTP/2 over `stream`.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Client {
        let io = TokioIo::new(stream);
        let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Client(sender)
    }

    /// Calls an RPC of `tfplugin6.Provider` with a message, as it should be.
    pub async fn provider(&mut self, rpc: &str, message: &impl Message) -> Reply {
        let path = format!("/tfplugin6.Provider/{rpc}");
        self.call(&path, frame(&message.encode_to_vec())).await
    }

    /// Sends `body` to `path`, whatever it is.
    pub async fn call(&mut self, path: &str, body: Vec<u8>) -> Reply {
        let request = Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::from(body))
            .unwrap();
        let Ok(response) = self.0.send_request(request).await else {
            return Reply::Cut;
        };
        let early = response.headers().get("grpc-status").cloned();
        let Ok(body) = response.into_body().collect().await else {
            return Reply::Cut;
        };
        let late = body.trailers().and_then(|all| all.get("grpc-status").cloned());
        let status = early.or(late).expect("gRPC has a status");
        match status.to_str().unwrap() {
            // Past the frame's flag and length.
            "0" => Reply::Message(body.to_bytes()[5..].to_vec()),
            code => Reply::Status(code.to_owned()),
        }
    }
}

impl Reply {
    /// The message, which has to be one.
    pub fn message<M: Message + Default>(&self) -> M {
        match self {
            Reply::Message(bytes) => M::decode(bytes.as_slice()).unwrap(),
            other => panic!("no message, but {other:?}"),
        }
    }
}

/// A message as gRPC sends it: not compressed, its length, its bytes.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}
