//! Moto, which stands in for S3: it checks the conditions of writes, and no signatures.

use std::path::Path;
use std::process::Command;

use super::ServerProcess;
use crate::common::missing;

pub struct MotoServer {
    pub process: ServerProcess,
}

pub const BUCKET: &str = "fleet";

/// Moto wants one, and does not look into it.
const UNCHECKED_SIGNATURE: &str = "Authorization: AWS4-HMAC-SHA256 \
    Credential=fleet/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

impl MotoServer {
    /// Starts a server with a bucket; `None`, and loudly, where there is none to start.
    pub fn start() -> Option<MotoServer> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/tools/moto/bin/python");
        if !python.exists() {
            missing("moto (tests/run installs it)");
            return None;
        }
        let process = ServerProcess::start(|port, _| {
            let mut command = Command::new(&python);
            command.arg(root.join("tests/s3_server.py")).arg(port.to_string());
            command
        });
        let server = MotoServer { process };
        let created = server.request("PUT", "", b"");
        assert!(created.contains(" 200 OK\r\n"), "{created}");
        Some(server)
    }

    /// Sends a request about the bucket; `path` begins with a slash or a question mark.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
        self.process.request(method, &format!("/{BUCKET}{path}"), UNCHECKED_SIGNATURE, body)
    }

    /// The variables that give a machine its credentials.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", "fleet".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "fleetfleet".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.process.url()),
        ]
    }
}
