//! A server of Azure Blob Storage of a test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gc_token::internals::context::Environment;
use ring::hmac;
use tempfile::TempDir;
use url::form_urlencoded::Serializer;

use super::missing;
use super::process::wait_until;

/// A server of Azurite on loopback, killed at the end of the test.
pub struct AzuriteServer {
    child: Child,
    port: u16,
    _directory: TempDir,
}

/// The account and the key that every Azurite has.
const ACCOUNT: &str = "devstoreaccount1";
const ACCOUNT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Another program may take the port of a server.
const ATTEMPTS: u32 = 5;

const VERSION: &str = "2019-12-12";
const END: &str = "2099-01-01T00:00:00Z";

impl AzuriteServer {
    /// `None`, and loudly, where there is none to start.
    pub fn start() -> Option<AzuriteServer> {
        let modules =
            Environment::of_process().text("GC_TOKEN_TEST_NODE_MODULES").map(PathBuf::from);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = modules.unwrap_or_else(|| root.join("target/tools/node/node_modules"));
        let main = modules.join("azurite/dist/src/blob/main.js");
        if !main.exists() {
            missing("azurite (tests/run installs it)");
            return None;
        }
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let directory = tempfile::tempdir().unwrap();
            let child = Command::new("node")
                .arg(&main)
                .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
                .args(["--skipApiVersionCheck", "--inMemoryPersistence", "--silent"])
                .current_dir(directory.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut server = AzuriteServer { child, port, _directory: directory };
            if server.listens() {
                return Some(server);
            }
        }
        panic!("no port was free {ATTEMPTS} times");
    }

    /// Waits until the server listens; false if it has ended.
    fn listens(&mut self) -> bool {
        let mut is_up = false;
        wait_until("the server listens", || {
            is_up = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            is_up || self.child.try_wait().unwrap().is_some()
        });
        is_up && self.child.try_wait().unwrap().is_none()
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// A SAS token of the account with these permissions, as letters.
    pub fn sas(permissions: &str) -> String {
        let fields = [ACCOUNT, permissions, "b", "sco", "", END, "", "", VERSION, ""];
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(ACCOUNT_KEY).unwrap());
        let signature = STANDARD.encode(hmac::sign(&key, fields.join("\n").as_bytes()));
        let named = [("sv", VERSION), ("ss", "b"), ("srt", "sco"), ("sp", permissions)];
        let signed = [("se", END), ("sig", &*signature)];
        Serializer::new(String::new()).extend_pairs(named).extend_pairs(signed).finish()
    }

    /// The variables that make it the store of a machine.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY.to_owned()),
            ("AZURE_STORAGE_ENDPOINT", self.endpoint()),
        ]
    }
}

impl Drop for AzuriteServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
