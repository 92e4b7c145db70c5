//! The arguments of `gc-token gateway`.

use super::SettingArgs;

/// Run a local gateway for clients that outlive a token.
///
/// A reverse proxy on loopback: clients send their requests there instead of to
/// the cloud's API, with a token that they got from here, and each request is
/// forwarded with the current token. A request that the API refuses with 401 is
/// repeated once with a new token. The token endpoint is served, too: the
/// client's id has to be right, but its secret is not checked.
///
/// Prints where it listens, as variables that Terraform's provider reads in a
/// 'gateway' block, and GC_TOKEN_GATEWAY_URL; serves until it is interrupted.
/// The address has a path that cannot be guessed: anyone who knows it may use
/// the gateway.
///
/// With --revoke, it uses tokens of its own, which are revoked when it stops.
#[derive(Debug, clap::Args)]
pub struct GatewayArgs {
    /// Also stop when standard input is closed.
    #[arg(long)]
    pub until_stdin_closes: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}
