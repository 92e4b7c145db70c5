//! Runs the whole of `gc-token` in this process, from its arguments to its exit code, in a
//! context that holds the sandbox's address and a cache of its own, and nothing of the user's.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::context::{Clock, Context, Environment, Reporter, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};
use crate::sync;

pub(super) struct GcToken {
    clock: Arc<dyn Clock>,
    env: Environment,
    pub(super) token: Option<String>,
    /// Holds the cache; removed when dropped.
    _dir: TempDir,
}

/// An offset in `status --json`: an interval, in seconds.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct OffsetInterval {
    pub(super) min: f64,
    pub(super) max: f64,
}

#[derive(Deserialize)]
struct GetOutput {
    access_token: String,
}

#[derive(Deserialize)]
struct StatusOutput {
    why: String,
    issuer_offset: Option<OffsetInterval>,
    api_lead: Option<OffsetInterval>,
}

pub(super) struct MeasuredClocks {
    pub(super) issuer_offset: OffsetInterval,
    pub(super) api_lead: OffsetInterval,
}

impl GcToken {
    pub(super) fn new(sandbox: &Sandbox, clock: Arc<dyn Clock>) -> Result<GcToken> {
        let dir = tempfile::Builder::new().prefix("gc-token-demo-").tempdir();
        let dir = dir.map_err(|why| {
            Error::new(Kind::System, "cannot create a temporary directory").with_source(why)
        })?;
        let cache = dir.path().join("cache");
        Ok(GcToken {
            clock,
            env: [
                ("GENESYSCLOUD_OAUTHCLIENT_ID", &*SandboxConfig::default().client_id),
                ("GENESYSCLOUD_OAUTHCLIENT_SECRET", DEFAULT_SECRET),
                ("GC_TOKEN_LOGIN_URL", &sandbox.login_url()),
                ("GC_TOKEN_API_URL", &sandbox.api_url()),
                ("GC_TOKEN_CACHE_DIR", &cache.to_string_lossy()),
            ]
            .into(),
            token: None,
            _dir: dir,
        })
    }

    pub(super) fn get(&mut self) -> Result<()> {
        let output: GetOutput = self.run_json(&["get", "--format", "json"])?;
        self.token = Some(output.access_token);
        Ok(())
    }

    /// Returns why `get` would or would not reuse the cached token.
    pub(super) fn verdict(&self) -> Result<String> {
        let status: StatusOutput = self.run_json(&["status", "--json"])?;
        Ok(status.why)
    }

    pub(super) fn measured_clocks(&self) -> Result<MeasuredClocks> {
        let status: StatusOutput = self.run_json(&["status", "--json"])?;
        let both = status.issuer_offset.zip(status.api_lead);
        both.map(|(issuer_offset, api_lead)| MeasuredClocks { issuer_offset, api_lead })
            .ok_or_else(|| Error::new(Kind::ApiRefused, "gc-token has measured nothing"))
    }

    fn run_json<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let (stdout, reporter) = (CapturedOutput::default(), CapturedOutput::default());
        let context = Context {
            clock: self.clock.clone(),
            ..Context::with_env(self.env.clone(), Reporter::to(Box::new(reporter.clone())))
        };
        let mut streams = StandardStreams::without_input(stdout.clone());
        let args: Vec<_> = ["gc-token"].iter().chain(args).map(Into::into).collect();
        let code = crate::run(&args, &context, &mut streams);
        let failed = |cause: String| {
            let message = format!("{:?} ended with {code}", args.join(" ".as_ref()));
            Error::new(Kind::ApiRefused, message).with_cause(cause)
        };
        if code != 0 {
            return Err(failed(reporter.text().trim_end().replace("\n  ", "; ")));
        }
        // The parser's message could quote the token.
        serde_json::from_str(&stdout.text())
            .map_err(|_| failed("its output is not the expected JSON".into()))
    }
}

#[derive(Clone, Default)]
struct CapturedOutput(Arc<Mutex<Vec<u8>>>);

impl CapturedOutput {
    fn text(&self) -> String {
        let bytes = sync::lock(&self.0);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for CapturedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = sync::lock(&self.0);
        all.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
