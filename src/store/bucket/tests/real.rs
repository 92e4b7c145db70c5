//! Servers of others, each on a port of its own, ended by their process identifiers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::context::Environment;

pub(super) struct RealServer {
    child: Child,
    pub(super) port: u16,
    _directory: TempDir,
}

/// Another program may take the port of a server.
const ATTEMPTS: u32 = 5;

impl RealServer {
    /// Moto stands in for S3; checks conditions, and no signatures.
    pub(super) fn moto() -> Option<RealServer> {
        let program = find("moto_server", "moto/bin/moto_server", true)?;
        let server = RealServer::start(|port, _| {
            let mut command = Command::new(program.with_file_name("python3"));
            command
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/s3_server.py"))
                .arg(port.to_string());
            command
        });
        let created = server.request("PUT /tokens HTTP/1.1", &[]);
        assert!(created.starts_with("HTTP/1.0 200"), "{created}");
        Some(server)
    }

    /// Versity's gateway to a directory; checks signatures and when they were made.
    pub(super) fn versity() -> Option<RealServer> {
        let program = find("versitygw", "versitygw/versitygw", false)?;
        Some(RealServer::start(|port, directory| {
            std::fs::create_dir_all(directory.join("data/tokens")).unwrap();
            let mut command = Command::new(&program);
            command
                .env("ROOT_ACCESS_KEY", super::S3_KEYS[0].1)
                .env("ROOT_SECRET_KEY", super::SECRET)
                .args(["--port", &format!("127.0.0.1:{port}"), "--region", "eu-west-1", "posix"])
                .arg(directory.join("data"));
            command
        }))
    }

    /// Microsoft's own stand-in for Azure Blob.
    pub(super) fn azurite() -> Option<RealServer> {
        const MAIN: &str = "azurite/dist/src/blob/main.js";
        let modules =
            Environment::of_process().text("GC_TOKEN_TEST_NODE_MODULES").map(PathBuf::from);
        let modules = modules.unwrap_or_else(|| tools().join("node/node_modules"));
        let main = [modules.join(MAIN), tools().join("azurite/node_modules").join(MAIN)];
        let Some(main) = main.into_iter().find(|main| main.exists()) else {
            missing("azurite", true);
            return None;
        };
        Some(RealServer::start(|port, directory| {
            let mut command = Command::new("node");
            command
                .arg(&main)
                .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
                .args(["--skipApiVersionCheck", "--inMemoryPersistence", "--silent"])
                .current_dir(directory);
            command
        }))
    }

    fn start(command: impl Fn(u16, &Path) -> Command) -> RealServer {
        for _ in 0..ATTEMPTS {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let directory = tempfile::tempdir().unwrap();
            let mut command = command(port, directory.path());
            let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = silent.spawn().unwrap();
            let mut server = RealServer { child, port, _directory: directory };
            for _ in 0..1200 {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return server;
                }
                if server.child.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!("{:?} does not start", command(0, Path::new(".")));
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops or continues the server.
    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Sends a request without a body, and returns the response.
    pub(super) fn request(&self, line: &str, headers: &[(&str, &str)]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut request = format!("{line}\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("Content-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Finds a program on the PATH, or where `tests/run` installs it.
fn find(program: &str, installed: &str, is_required: bool) -> Option<PathBuf> {
    let path = Environment::of_process().text("PATH").unwrap_or_default();
    let on_path = path.split(':').map(|directory| Path::new(directory).join(program));
    let found = [tools().join(installed)].into_iter().chain(on_path).find(|file| file.exists());
    if found.is_none() {
        missing(program, is_required);
    }
    found
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools")
}

/// Says that a test has no tool; fails in CI if that has to have the tool.
pub(super) fn missing(tool: &str, is_required: bool) {
    let is_ci = Environment::of_process().text("CI").is_some_and(|ci| ci == "true");
    assert!(!(is_ci && is_required), "{tool} is missing, which CI has to have");
    let message = format!("NOT TESTED: {tool} is missing\n");
    std::io::stderr().write_all(message.as_bytes()).unwrap();
}
