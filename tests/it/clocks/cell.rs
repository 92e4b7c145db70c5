//! One cell of the matrix: a pipeline of jobs under one set of clocks.

use std::ffi::OsString;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gc_token::internals::context::{Clock, Context, Environment, Reporter, StandardStreams};
use gc_token::internals::sandbox::{Sandbox, SandboxConfig, TokenFormat};
use jiff::SignedDuration;

use super::clock::{False, Truth};
use super::script::Script;
use crate::common::cloud::{CLIENT, SECRET, accepts};

/// The clocks of a cell. Offsets are in seconds from true time.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    /// The runner's wall clock, from the start.
    pub(super) ahead: i64,
    /// A step of it between the first job and the second.
    pub(super) step: i64,
    /// The issuer's clock.
    pub(super) issuer: i64,
    /// The API's clock.
    pub(super) api: i64,
    pub(super) format: TokenFormat,
    /// The machine reboots between the two jobs.
    pub(super) reboots: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Count {
    /// Jobs whose token the API refused.
    pub(super) refusals: usize,
    /// Tokens that were made.
    pub(super) mints: usize,
    /// The exit code, where it was not 0: the pipeline ended there.
    pub(super) stopped: Option<u8>,
}

/// The result of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    pub(super) naive: Count,
    pub(super) gc_token: Count,
    /// The mints of a client that knows all clocks.
    pub(super) ideal: usize,
}

/// The shortest that Genesys Cloud allows.
pub(super) const LIFETIME: i64 = 300;
/// Seconds for which a job needs its token.
pub(super) const JOB: i64 = 45;
/// A job starts so often.
pub(super) const EVERY: i64 = 60;
pub(super) const JOBS: usize = 8;

impl Cell {
    /// Plays the cell once for each client, in a cloud and a time of its own.
    pub(super) fn play(&self) -> Outcome {
        Outcome { naive: self.naive(), gc_token: self.gc_token(), ideal: self.ideal() }
    }

    fn naive(&self) -> Count {
        let stage = Stage::new(self);
        let mut script = Script::default();
        let mut count = Count::default();
        for job in 0..JOBS {
            stage.before(job, self);
            let token = script.get(&stage.cloud, stage.clock.read().wall);
            // It is spared the end of the job, which it takes no care of.
            count.refusals += usize::from(!accepts(&stage.cloud, &token));
            stage.truth.pass(SignedDuration::from_secs(EVERY));
        }
        count.mints = script.mints;
        count
    }

    fn gc_token(&self) -> Count {
        let stage = Stage::new(self);
        let mut count = Count::default();
        for job in 0..JOBS {
            stage.before(job, self);
            let start = stage.truth.now();
            match stage.get() {
                Ok(token) => {
                    let at_start = accepts(&stage.cloud, &token);
                    stage.truth.pass(SignedDuration::from_secs(JOB));
                    let at_end = accepts(&stage.cloud, &token);
                    count.refusals += usize::from(!(at_start && at_end));
                    // Holding a token back takes time, too.
                    let taken = stage.truth.now().duration_since(start);
                    stage.truth.pass(SignedDuration::from_secs(EVERY) - taken);
                }
                Err(code) => {
                    count.stopped = Some(code);
                    break;
                }
            }
        }
        count.mints = stage.cloud.counters().mints as usize;
        count
    }

    /// Every token is used for as long as the API takes it, to the end of the
    /// last job that fits.
    fn ideal(&self) -> usize {
        let life = LIFETIME - (self.api - self.issuer);
        let jobs = 1 + usize::try_from((life - JOB) / EVERY).unwrap_or_default();
        JOBS.div_ceil(jobs)
    }
}

/// A cloud, a runner, and a true time that are used once.
struct Stage {
    truth: Truth,
    clock: Arc<False>,
    cloud: Sandbox,
    dir: tempfile::TempDir,
}

impl Stage {
    fn new(cell: &Cell) -> Stage {
        let truth = Truth::start();
        let plan = SandboxConfig {
            client_id: CLIENT.into(),
            client_secret: SECRET.into(),
            lifetime: Duration::from_secs(LIFETIME as u64),
            format: cell.format,
            issuer_offset: SignedDuration::from_secs(cell.issuer),
            api_offset: SignedDuration::from_secs(cell.api),
            ..SandboxConfig::default()
        };
        let clock = Arc::new(False::ahead(&truth, SignedDuration::from_secs(cell.ahead)));
        Stage {
            cloud: Sandbox::start(plan, Arc::new(truth.clone())).unwrap(),
            truth,
            clock,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn before(&self, job: usize, cell: &Cell) {
        if job == 1 {
            self.clock.step(SignedDuration::from_secs(cell.step));
            if cell.reboots {
                self.clock.reboot();
            }
        }
    }

    /// `gc-token get --min-ttl 1m`: the token, or the exit code.
    fn get(&self) -> Result<String, u8> {
        let caught = Caught::default();
        let context = Context {
            env: Environment::from([
                ("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT),
                ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
                ("GC_TOKEN_LOGIN_URL", &self.cloud.login_url()),
                ("GC_TOKEN_API_URL", &self.cloud.api_url()),
                ("GC_TOKEN_CACHE_DIR", self.dir.path().join("cache").to_str().unwrap()),
            ]),
            clock: self.clock.clone(),
            directories: Arc::default(),
            reporter: Reporter::to(Box::new(std::io::sink())).into(),
        };
        let min_ttl = format!("{JOB}s");
        let mut streams = StandardStreams::without_input(caught.clone());
        let args = ["gc-token", "get", "--min-ttl", &min_ttl].map(OsString::from);
        match gc_token::run(&args, &context, &mut streams) {
            0 => Ok(caught.text().trim_end().to_owned()),
            code => Err(code),
        }
    }
}

/// Keeps what was written.
#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl Caught {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
