//! Starts the test providers as Terraform would, and calls them without Terraform: gRPC is
//! encoded by hand, so that tests can send malformed messages.

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

/// Set by Terraform.
pub const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// Variables that turn the plugin's TLS off.
pub const PLAIN: [(&str, &str); 2] = [COOKIE, ("TF_DISABLE_PLUGIN_TLS", "1")];

pub struct Plugin {
    pub child: Child,
    pub socket: PathBuf,
    /// The last part of its handshake line: its certificate.
    pub certificate: String,
    tmp: TempDir,
    // Kept open, as Terraform does.
    _stdout: BufReader<ChildStdout>,
}

/// Builds the command that starts the plugin with these variables only.
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

    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).await.unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the plugin has exited, and asserts that it left no files behind.
    pub async fn ended(mut self) -> ExitStatus {
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(std::fs::read_dir(self.tmp.path()).unwrap().count(), 0);
                return status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the plugin does not exit");
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gRPC connection to a plugin.
pub struct Client(SendRequest<Full<Bytes>>);

/// The result of an RPC.
#[derive(Debug, PartialEq)]
pub enum Reply {
    Message(Vec<u8>),
    /// A gRPC status that is not OK.
    Status(String),
    /// The stream was reset or closed.
    Cut,
}

impl Client {
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Client {
        let io = TokioIo::new(stream);
        let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Client(sender)
    }

    /// Calls an RPC of `tfplugin6.Provider` with a well-formed message.
    pub async fn provider(&mut self, rpc: &str, message: &impl Message) -> Reply {
        let path = format!("/tfplugin6.Provider/{rpc}");
        self.call(&path, frame(&message.encode_to_vec())).await
    }

    /// Sends any body to any path.
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
            // After the frame's flag and length.
            "0" => Reply::Message(body.to_bytes()[5..].to_vec()),
            code => Reply::Status(code.to_owned()),
        }
    }
}

impl Reply {
    /// Decodes the message; panics for any other result.
    pub fn message<M: Message + Default>(&self) -> M {
        match self {
            Reply::Message(bytes) => M::decode(bytes.as_slice()).unwrap(),
            other => panic!("no message, but {other:?}"),
        }
    }
}

/// Frames a message as gRPC does: a flag (uncompressed), the length, the bytes.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}
