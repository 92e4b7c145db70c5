//! A run of the proxy, for `gateway` and `exec`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::cache::IssuedTokens;
use crate::config::{Layers, PoolSettings, Settings, Sourced, resolve_pool, table};
use crate::context::{Context, Reporter, Verbosity};
use crate::error::{Error, Kind, Result};
use crate::monitor::{Monitor, MonitorConfig};
use crate::platform;
use crate::proxy::{
    AccessLog, AllowedHosts, ClientTokens, ExpositionFormat, LogFormat, ReverseProxy,
    warn_of_readable_memory,
};

pub(super) struct ProxyRun {
    pub(super) proxy: Arc<ReverseProxy>,
    metrics_file: Option<PathBuf>,
    monitor: Option<Monitor>,
    reporter: Arc<Reporter>,
}

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

const METRICS_INTERVAL: Duration = Duration::from_secs(5);

const MONITOR_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn runtime() -> Result<Runtime> {
    crate::context::runtime().map_err(|error| cannot_serve().with_source(error))
}

pub(super) fn cannot_serve() -> Error {
    Error::new(Kind::System, "cannot serve")
}

pub(super) struct ProxyRunConfig {
    pub(super) settings: Settings,
    pub(super) options: RunOptions,
    pub(super) tokens: ClientTokens,
}

/// Settings of a run, resolved before a token is minted for it.
pub(super) struct RunOptions {
    pool: PoolSettings,
    log_format: Option<LogFormat>,
    metrics_file: Option<PathBuf>,
    monitor: Option<MonitorConfig>,
}

impl RunOptions {
    pub(super) fn resolve(layers: &Layers) -> Result<RunOptions> {
        Ok(RunOptions {
            pool: resolve_pool(layers)?,
            log_format: layers.choice(&table::LOG_FORMAT, FORMATS)?,
            metrics_file: layers.find(&table::METRICS_FILE).map(|given| given.value.into()),
            monitor: monitor_config(layers)?,
        })
    }
}

impl ProxyRun {
    /// Starts the proxy in the background of `runtime`.
    ///
    /// # Errors
    /// `Configuration`, also for a metrics file that cannot be written.
    pub(super) fn start(
        config: ProxyRunConfig,
        layers: &Layers,
        runtime: &Runtime,
        context: &Context,
    ) -> Result<ProxyRun> {
        let ProxyRunConfig { settings, options, mut tokens } = config;
        let RunOptions { pool, log_format, metrics_file, monitor } = options;
        let reporter = context.reporter.clone();
        let _inside = runtime.enter();
        warn_of_readable_memory(&reporter);
        tokens.issued = open_issued(layers, &settings, &reporter);
        let log = AccessLog::new(log_format, reporter.clone());
        let proxy = ReverseProxy::start(settings, pool, tokens, log, context)?;
        let monitor = monitor.map(|config| Monitor::start(proxy.clone(), config)).transpose()?;
        if let Some(monitor) = &monitor {
            reporter.info(format_args!("metrics: http://{}/metrics", monitor.address()));
        }
        let run = ProxyRun { proxy, metrics_file, monitor, reporter };
        if let Some(file) = run.metrics_file.clone() {
            write_metrics(&file, &run.proxy)?;
            tokio::spawn(write_periodically(file, run.proxy.clone(), run.reporter.clone()));
        }
        Ok(run)
    }

    /// Follows the drain of the proxy, so that its last requests can still be scraped.
    pub(super) async fn drain_monitor(&self) {
        if let Some(monitor) = &self.monitor {
            monitor.drain(MONITOR_DRAIN_TIMEOUT).await;
        }
    }

    /// Writes the last metrics, and a summary of what the proxy did.
    pub(super) fn finish(self) {
        self.proxy.record_use();
        if let Some(file) = &self.metrics_file
            && let Err(error) = write_metrics(file, &self.proxy)
        {
            self.reporter.warn_once(error.one_line());
        }
        if let Some(summary) = self.proxy.metrics().summary() {
            self.reporter.line(summary);
        }
    }
}

pub(super) fn socket_address(given: &Sourced) -> Result<SocketAddr> {
    given.value.parse().map_err(|_| {
        given
            .refused("is not an IP address and a port")
            .with_hint("such as 127.0.0.1:9000; port 0 picks a free port")
    })
}

pub(super) fn allowed_hosts(layers: &Layers) -> AllowedHosts {
    AllowedHosts::parse(&layers.text(&table::ALLOW_HOST).unwrap_or_default())
}

fn monitor_config(layers: &Layers) -> Result<Option<MonitorConfig>> {
    let Some(given) = layers.find(&table::METRICS_LISTEN) else {
        return Ok(None);
    };
    let listen = socket_address(&given)?;
    let gateway = layers.find(&table::LISTEN).and_then(|gateway| gateway.value.parse().ok());
    if listen.port() != 0 && gateway == Some(listen) {
        return Err(given
            .refused("is the address of --listen as well")
            .with_hint("the gateway and its metrics need a port each"));
    }
    Ok(Some(MonitorConfig { listen, allowed_hosts: allowed_hosts(layers) }))
}

/// Opens the store of tokens that clients got. A failure is a warning if clients expect to
/// find a restarted gateway under its path secret.
fn open_issued(layers: &Layers, settings: &Settings, reporter: &Reporter) -> Option<IssuedTokens> {
    let prefix_file = layers.find(&table::PREFIX_FILE).map(|given| PathBuf::from(given.value));
    IssuedTokens::open(settings, prefix_file.as_deref()).unwrap_or_else(|error| {
        let level = if prefix_file.is_some() { Verbosity::Warning } else { Verbosity::Info };
        let why = error.one_line();
        reporter.log(
            level,
            format_args!("clients' tokens will not be recognized after a restart: {why}"),
        );
        None
    })
}

async fn write_periodically(file: PathBuf, proxy: Arc<ReverseProxy>, reporter: Arc<Reporter>) {
    loop {
        tokio::time::sleep(METRICS_INTERVAL).await;
        if let Err(error) = write_metrics(&file, &proxy) {
            reporter.warn_once(error.one_line());
        }
    }
}

/// Replaces the file, so that no reader finds half of it. Every user may read it, as it
/// holds no secret and is often collected by another user.
fn write_metrics(file: &Path, proxy: &ReverseProxy) -> Result<()> {
    let replace = || -> std::io::Result<()> {
        let file = &replaceable_file(file)?;
        let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Checked first, as a later error would name the temporary file.
        dir.metadata()?;
        let text = proxy.render_metrics(ExpositionFormat::Prometheus);
        let mut new = platform::public_temp_file(dir)?;
        new.write_all(text.as_bytes())?;
        new.persist(file)?;
        Ok(())
    };
    replace().map_err(|error| {
        let message = format!("--metrics-file: cannot write {}", file.display());
        Error::new(Kind::Configuration, message).with_source(error).with_directory_hint(file)
    })
}

/// Returns `file`, or the regular file that it links to. Replacing a device would remove it
/// for every program.
fn replaceable_file(file: &Path) -> io::Result<PathBuf> {
    if let Some(link) = platform::foreign_link(file) {
        return Err(io::Error::other(link.to_string()));
    }
    let kind = match std::fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(file.to_owned()),
        metadata => metadata?.file_type(),
    };
    if kind.is_symlink() {
        // The result has no links.
        return replaceable_file(&file.canonicalize()?);
    }
    if kind.is_file() {
        Ok(file.to_owned())
    } else if kind.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::other("it is a device, a pipe or a socket, and would be replaced"))
    }
}
