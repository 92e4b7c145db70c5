//! Azurite, Microsoft's own stand-in for Azure Blob Storage.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gc_token::internals::context::Environment;
use ring::hmac;
use url::form_urlencoded::Serializer;

use super::ServerProcess;
use crate::common::missing;

pub struct AzuriteServer {
    pub process: ServerProcess,
}

/// The account and the key that every Azurite has.
const ACCOUNT: &str = "devstoreaccount1";
const ACCOUNT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

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
        let process = ServerProcess::start(|port, _| {
            let mut command = Command::new("node");
            command
                .arg(&main)
                .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
                .args(["--skipApiVersionCheck", "--inMemoryPersistence", "--silent"]);
            command
        });
        Some(AzuriteServer { process })
    }

    /// Creates a container.
    pub fn create(&self, container: &str) {
        let created = self.request("PUT", &format!("/{container}?restype=container"), b"");
        assert!(created.contains(" 201 Created\r\n"), "{created}");
    }

    /// Sends a request about the account; `path` begins with a slash.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/{ACCOUNT}{path}{mark}{}", AzuriteServer::sas("rwlac"));
        self.process.request(method, &path, "x-ms-blob-type: BlockBlob\r\n", body)
    }

    pub fn endpoint(&self) -> String {
        format!("{}/{ACCOUNT}", self.process.url())
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

    /// The variables that give a machine its credentials.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY.to_owned()),
            ("AZURE_STORAGE_ENDPOINT", self.endpoint()),
        ]
    }
}
