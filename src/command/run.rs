//! A run: what `gateway` and a served `exec` have in common, from the first
//! token to the last word.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::cache::IssuedTokens;
use crate::config::{Layers, Settings, table};
use crate::context::{Context, Reporter, Verbosity};
use crate::error::{Error, Kind, Result};
use crate::platform;
use crate::proxy::{AccessLog, LogFormat, ReverseProxy, StandIn};
use crate::token::Token;

/// A proxy, and what is told of it.
pub(super) struct Run {
    pub(super) proxy: Arc<ReverseProxy>,
    metrics_file: Option<PathBuf>,
    reporter: Arc<Reporter>,
}

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// How often the counters are written.
const PERIOD: Duration = Duration::from_secs(5);

/// The runtime of a run.
pub(super) fn runtime() -> Result<Runtime> {
    crate::context::runtime()
        .map_err(|error| Error::new(Kind::System, "cannot serve").with_source(error))
}

impl Run {
    /// Begins with this token, in the background of `runtime`. Clients are given
    /// `stand_in` in its place where there is one.
    ///
    /// # Errors
    /// `Configuration`, also for a file for counters that cannot be written.
    pub(super) fn begin(
        layers: &Layers,
        settings: Settings,
        token: Token,
        stand_in: Option<StandIn>,
        runtime: &Runtime,
        context: &Context,
    ) -> Result<Run> {
        let format = layers.choice(&table::LOG_FORMAT, FORMATS)?;
        let metrics_file = layers.find(&table::METRICS_FILE).map(|given| given.value.into());
        let reporter = context.reporter.clone();
        let _inside = runtime.enter();
        if platform::is_memory_protected() == Some(false) {
            reporter.warn(
                "other processes of this user can read this one's memory, and the client \
                 secret in it: this system does not let prctl(2) forbid that",
            );
        }
        let issued = issued(layers, &settings, &reporter);
        let log = AccessLog::new(format, reporter.clone());
        let proxy = ReverseProxy::start(settings, token, stand_in, issued, log, context)?;
        let run = Run { proxy, metrics_file, reporter };
        if let Some(file) = run.metrics_file.clone() {
            write(&file, &run.proxy)?;
            tokio::spawn(keep_written(file, run.proxy.clone()));
        }
        Ok(run)
    }

    /// The last counters, and what was saved.
    pub(super) fn end(self) {
        self.proxy.record_use();
        if let Some(file) = &self.metrics_file
            && let Err(error) = write(file, &self.proxy)
        {
            self.reporter.warn(error.one_line());
        }
        if let Some(summary) = self.proxy.metrics().summary() {
            self.reporter.line(summary);
        }
    }
}

/// Opens the memory of tokens that clients got. Serving goes on without it, with a warning
/// where clients find a gateway again by its prefix.
fn issued(layers: &Layers, settings: &Settings, reporter: &Reporter) -> Option<IssuedTokens> {
    let prefix_file = layers.find(&table::PREFIX_FILE).map(|given| PathBuf::from(given.value));
    IssuedTokens::open(settings, prefix_file.as_deref()).unwrap_or_else(|error| {
        let level = if prefix_file.is_some() { Verbosity::Warning } else { Verbosity::Info };
        let why = error.one_line();
        reporter.log(
            level,
            format_args!("tokens that clients keep are not known after a restart: {why}"),
        );
        None
    })
}

async fn keep_written(file: PathBuf, proxy: Arc<ReverseProxy>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        // The first and the last one tell of a failure.
        let _ = write(&file, &proxy);
    }
}

/// Replaces the file, so that nobody reads half of it. Readable for all, as
/// those who collect it are often other users; nothing in it is secret.
fn write(file: &Path, proxy: &ReverseProxy) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let file = &replaceable(file)?;
        let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Where that is missing, a message would name the temporary file.
        dir.metadata()?;
        let mut new = platform::public_temp_file(dir)?;
        new.write_all(proxy.metrics().to_prometheus().as_bytes())?;
        new.persist(file)?;
        Ok(())
    };
    write().map_err(|error| {
        let what = format!("--metrics-file: cannot write {}", file.display());
        Error::new(Kind::Configuration, what).with_source(error)
    })
}

/// Returns the path of the regular file that can be replaced: `file` itself, whether it
/// is there or not, or what it links to. To replace a device would take it away from
/// everybody.
fn replaceable(file: &Path) -> io::Result<PathBuf> {
    if let Some(link) = platform::foreign_link(file) {
        return Err(io::Error::other(link.to_string()));
    }
    let kind = match std::fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(file.to_owned()),
        about => about?.file_type(),
    };
    if kind.is_symlink() {
        // Another link is none any more.
        return replaceable(&file.canonicalize()?);
    }
    match kind {
        kind if kind.is_file() => Ok(file.to_owned()),
        kind if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other("it is a device, a pipe or a socket, and would be replaced")),
    }
}
