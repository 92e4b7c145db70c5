//! The arguments of `gc-token exec`.

use std::ffi::OsString;

use super::{Flags, RunArgs, SettingsArgs, given};

/// Run a command that gets the token in its environment.
///
/// The command finds the token in GENESYSCLOUD_ACCESS_TOKEN, the region, where
/// it is known, in GENESYSCLOUD_REGION, and no client secret. It takes the place
/// of gc-token: there is no process in between, and its exit code is its own.
///
/// With --gateway or --intercept gc-token stays, and the command may run for
/// longer than a token lives: its requests go through a proxy on this machine
/// that gives each the token that is current then, and sends one that the API
/// refuses with 401 once more with a new one. Signals, the terminal and the
/// exit code are passed on.
#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    /// Serve a gateway to the command, which is pointed at it by
    /// GENESYSCLOUD_GATEWAY_HOST and its kin, and by GC_TOKEN_GATEWAY_URL.
    #[arg(long, conflicts_with = "intercept")]
    gateway: bool,
    /// Serve a proxy to the command that answers for the region's hosts, for
    /// what cannot be pointed anywhere: by HTTPS_PROXY and SSL_CERT_FILE.
    #[arg(long)]
    intercept: bool,
    /// Where the gateway listens; port 0 picks a free one
    /// [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDRESS", requires = "gateway")]
    listen: Option<String>,
    /// A variable to set besides, such as TF_VAR_token={token}; can be repeated.
    ///
    /// {token}, {region}, {domain}, {api_url}, {login_url} and {expires_at} stand
    /// for what is known of the token; {{ and }} for braces.
    #[arg(long, value_name = "NAME=TEMPLATE")]
    pub set: Vec<String>,
    /// Leave the client secret in the command's environment.
    #[arg(long)]
    pub keep_secret: bool,
    /// What is told of a run with --gateway or --intercept.
    #[command(flatten)]
    run: RunArgs,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
    /// The command and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// What is served to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// A reverse proxy, which the command is pointed at.
    Gateway,
    /// A forward proxy, which answers in the names of the region's hosts.
    Intercept,
}

impl ExecArgs {
    /// What is served to the command, if anything.
    pub fn proxy_mode(&self) -> Option<ProxyMode> {
        match (self.gateway, self.intercept) {
            (true, _) => Some(ProxyMode::Gateway),
            (_, true) => Some(ProxyMode::Intercept),
            _ => None,
        }
    }
}

impl Flags for ExecArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(self.run.flags());
        flags.extend(given("listen", self.listen));
        flags
    }
}
