//! The arguments of `gc-token exec`.

use std::ffi::OsString;

use super::SettingArgs;

/// Run a command that gets the token in its environment.
///
/// The command finds the token in GENESYSCLOUD_ACCESS_TOKEN and, if the region is
/// known, the region in GENESYSCLOUD_REGION. It does not get the client secret. The
/// command replaces the gc-token process, so signals and the exit code are its own.
///
/// With --gateway or --intercept, gc-token keeps running, and the command may run
/// for longer than a token lives: its requests go through a proxy on this machine
/// that adds the current token to each. A request that the API refuses with 401 is
/// repeated once with a new token. Signals, the terminal and the
/// exit code are passed on.
///
/// With --revoke, the run gets tokens of its own, which are revoked when the command
/// has ended, however it ended. gc-token keeps running for that, too.
#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    /// Serve a gateway to the command, which finds it in
    /// GENESYSCLOUD_GATEWAY_HOST and related variables, and in GC_TOKEN_GATEWAY_URL.
    #[arg(long, group = "proxy", conflicts_with = "intercept")]
    gateway: bool,
    /// Serve a proxy that answers for the region's hosts, for programs whose API URL
    /// cannot be changed; the command finds it in HTTPS_PROXY and SSL_CERT_FILE.
    #[arg(long, group = "proxy")]
    intercept: bool,
    /// Set another variable, such as TF_VAR_token={token}; can be repeated.
    ///
    /// {token}, {region}, {domain}, {api_url}, {login_url} and {expires_at} are
    /// replaced by the token's values; {{ and }} stand for braces.
    #[arg(long, value_name = "NAME=TEMPLATE")]
    pub set: Vec<String>,
    /// Leave the client secret in the command's environment.
    #[arg(long)]
    pub keep_secret: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
    /// The command and its arguments. Flags of gc-token stand before it; what follows is
    /// the command's own. -- may stand before it, too.
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyMode {
    /// A reverse proxy, whose address the command finds in its environment.
    Gateway,
    /// A forward proxy that responds in place of the region's hosts.
    Intercept,
}

impl ExecArgs {
    pub fn proxy_mode(&self) -> Option<ProxyMode> {
        if self.gateway {
            Some(ProxyMode::Gateway)
        } else if self.intercept {
            Some(ProxyMode::Intercept)
        } else {
            None
        }
    }
}
