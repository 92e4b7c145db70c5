//! Tells the service manager that started `gateway`, such as systemd, about its state.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use crate::context::{Context, Environment, Reporter};
use crate::platform::ServiceManager;

/// Does nothing without a service manager that wants to know (`NOTIFY_SOCKET`).
pub(super) struct ServiceNotifier {
    manager: Option<Arc<ServiceManager>>,
    watchdog: Option<Duration>,
    reporter: Arc<Reporter>,
}

impl ServiceNotifier {
    pub(super) fn new(context: &Context) -> ServiceNotifier {
        let address = context.env.os("NOTIFY_SOCKET");
        let reporter = context.reporter.clone();
        let manager = address.map(|address| ServiceManager::at(&address)).transpose();
        let manager = manager.unwrap_or_else(|error| {
            warn(&reporter, &error);
            None
        });
        let watchdog = watchdog_interval(&context.env);
        ServiceNotifier { manager: manager.map(Arc::new), watchdog, reporter }
    }

    /// Also begins to feed the watchdog, in the background of the current runtime: a process
    /// whose runtime hangs is restarted.
    pub(super) fn ready(&self, status: &str) {
        self.send(|manager| manager.notify(&format!("READY=1\nSTATUS={status}")));
        if let Some((manager, interval)) = self.manager.clone().zip(self.watchdog) {
            tokio::spawn(async move {
                loop {
                    let _ = manager.notify("WATCHDOG=1");
                    tokio::time::sleep(interval).await;
                }
            });
        }
    }

    pub(super) fn reloading(&self) {
        self.send(ServiceManager::notify_reloading);
    }

    pub(super) fn reloaded(&self) {
        self.send(|manager| manager.notify("READY=1"));
    }

    pub(super) fn stopping(&self) {
        self.send(|manager| manager.notify("STOPPING=1"));
    }

    fn send(&self, notify: impl Fn(&ServiceManager) -> std::io::Result<()>) {
        if let Some(manager) = &self.manager
            && let Err(error) = notify(manager)
        {
            warn(&self.reporter, &error);
        }
    }
}

fn warn(reporter: &Reporter, error: &std::io::Error) {
    reporter.warn_once(format_args!("cannot notify the service manager: {error}"));
}

/// Half the time after which the service manager ends a process that it does not hear of
/// (sd_watchdog_enabled(3)).
fn watchdog_interval(env: &Environment) -> Option<Duration> {
    let number = |name| env.text(name)?.parse::<u64>().ok();
    if number("WATCHDOG_PID").is_some_and(|pid| pid != u64::from(process::id())) {
        return None;
    }
    let micros = number("WATCHDOG_USEC").filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros) / 2)
}
