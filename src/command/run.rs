//! A run of the proxy, for `gateway` and `exec`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::replaced_file::replace_file;
use crate::cache::IssuedTokens;
use crate::config::{Layers, PoolSettings, Settings, resolve_metrics_listen, resolve_pool, table};
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

pub(super) fn allowed_hosts(layers: &Layers) -> AllowedHosts {
    AllowedHosts::parse(&layers.text(&table::ALLOW_HOST).unwrap_or_default())
}

fn monitor_config(layers: &Layers) -> Result<Option<MonitorConfig>> {
    let listen = resolve_metrics_listen(layers)?;
    Ok(listen.map(|listen| MonitorConfig { listen, allowed_hosts: allowed_hosts(layers) }))
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

/// Every user may read the file, as it holds no secret and is often collected by another
/// user.
fn write_metrics(file: &Path, proxy: &ReverseProxy) -> Result<()> {
    let text = proxy.render_metrics(ExpositionFormat::Prometheus);
    replace_file(file, text.as_bytes(), platform::public_temp_file).map_err(|error| {
        let message = format!("--metrics-file: cannot write {}", file.display());
        Error::new(Kind::Configuration, message).with_source(error).with_directory_hint(file)
    })
}
