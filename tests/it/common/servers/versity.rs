//! Versity's gateway from S3 to a directory, which checks signatures and when they were made.

use std::path::Path;
use std::process::Command;

use super::ServerProcess;
use super::moto::BUCKET;
use crate::common::{program, say};

pub struct VersityServer {
    pub process: ServerProcess,
}

pub const KEY_ID: &str = "AKIDEXAMPLE";
pub const KEY_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

impl VersityServer {
    /// Starts a server with a bucket; `None`, and loudly, where there is none to start: CI does
    /// not have it.
    pub fn start() -> Option<VersityServer> {
        let installed =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/versitygw/versitygw");
        let installed = installed.exists().then_some(installed);
        let Some(gateway) = installed.or_else(|| program("versitygw")) else {
            say("NOT TESTED: versitygw is missing");
            return None;
        };
        let process = ServerProcess::start(|port, directory| {
            std::fs::create_dir_all(directory.join("data").join(BUCKET)).unwrap();
            let mut command = Command::new(&gateway);
            command
                .env("ROOT_ACCESS_KEY", KEY_ID)
                .env("ROOT_SECRET_KEY", KEY_SECRET)
                .args(["--port", &format!("127.0.0.1:{port}"), "--region", "eu-west-1", "posix"])
                .arg(directory.join("data"));
            command
        });
        Some(VersityServer { process })
    }

    /// The variables that give a machine its credentials.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY_SECRET.to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.process.url()),
        ]
    }
}
