//! `gc-token` itself: the whole program, from its arguments to its exit code,
//! in a world that holds the sandbox's address, a cache of its own, and
//! nothing of the user's.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::context::{Clock, Context, Environment, Reporter, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};
use crate::sync;

/// A user of the program.
pub(super) struct GcToken {
    clock: Arc<dyn Clock>,
    env: Environment,
    /// The token that `get` printed last.
    pub(super) token: Option<String>,
    /// Holds the cache; removed when dropped.
    _dir: TempDir,
}

/// An offset in `status --json`: an interval, in seconds.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Offset {
    pub(super) min: f64,
    pub(super) max: f64,
}

#[derive(Deserialize)]
struct Got {
    access_token: String,
}

#[derive(Deserialize)]
struct Status {
    why: String,
    issuer_offset: Option<Offset>,
    api_lead: Option<Offset>,
}

/// What was measured of the other two clocks.
pub(super) struct Clocks {
    /// The issuer's clock minus this machine's.
    pub(super) issuer: Offset,
    /// The API's clock minus the issuer's.
    pub(super) lead: Offset,
}

impl GcToken {
    pub(super) fn new(sandbox: &Sandbox, clock: Arc<dyn Clock>) -> Result<GcToken> {
        let dir = tempfile::Builder::new().prefix("gc-token-demo-").tempdir();
        let dir = dir.map_err(|why| {
            Error::new(Kind::System, "no temporary directory can be made").with_source(why)
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

    /// `gc-token get`.
    pub(super) fn get(&mut self) -> Result<()> {
        let got: Got = self.run(&["get", "--format", "json"])?;
        self.token = Some(got.access_token);
        Ok(())
    }

    /// Why `get` would or would not reuse what is cached.
    pub(super) fn why(&self) -> Result<String> {
        let status: Status = self.run(&["status", "--json"])?;
        Ok(status.why)
    }

    /// What was measured so far.
    pub(super) fn clocks(&self) -> Result<Clocks> {
        let status: Status = self.run(&["status", "--json"])?;
        let both = status.issuer_offset.zip(status.api_lead);
        both.map(|(issuer, lead)| Clocks { issuer, lead })
            .ok_or_else(|| Error::new(Kind::ApiRefused, "gc-token has measured nothing"))
    }

    fn run<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let (stdout, reporter) = (Sink::default(), Sink::default());
        let context = Context {
            clock: self.clock.clone(),
            ..Context::with_env(self.env.clone(), Reporter::to(Box::new(reporter.clone())))
        };
        let mut streams = StandardStreams::without_input(stdout.clone());
        let args: Vec<_> = ["gc-token"].iter().chain(args).map(Into::into).collect();
        let code = crate::run(&args, &context, &mut streams);
        let failed = |why: String| {
            let what = format!("{:?} ended with {code}", args.join(" ".as_ref()));
            Error::new(Kind::ApiRefused, what).with_cause(why)
        };
        if code != 0 {
            return Err(failed(reporter.text().trim_end().replace("\n  ", "; ")));
        }
        // The parser's words could quote the token.
        serde_json::from_str(&stdout.text()).map_err(|_| failed("it printed no such JSON".into()))
    }
}

/// Keeps what was written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        let bytes = sync::lock(&self.0);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = sync::lock(&self.0);
        all.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
