//! The arguments of what serves clients for longer than a token lives.

use clap::Args;

use super::{Flags, SettingsArgs, given, switched};

/// Serve clients that outlive a token, from this machine.
///
/// A reverse proxy on loopback: a client sends its requests there in place of
/// the cloud's API, with a token that it got from here, and each goes on with
/// the token that is current then. A call that the API refuses with 401 is
/// sent once more with a new one. The token endpoint is answered, too: the
/// client's id has to be the right one, its secret need not be known.
///
/// Prints where it listens, as variables that Terraform's provider reads in a
/// 'gateway' block, and GC_TOKEN_GATEWAY_URL; serves until it is interrupted.
/// The address has a path that cannot be guessed, and lets in who knows it.
#[derive(Debug, Args)]
pub struct GatewayArgs {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Keep the path in this file, which is made where it is missing: for
    /// clients that need an address that stays.
    #[arg(long, value_name = "FILE")]
    prefix_file: Option<String>,
    /// Listen where other machines can connect. They are let in by the path
    /// alone, which travels unencrypted.
    #[arg(long)]
    allow_remote: bool,
    /// Names that clients may call the gateway by, besides localhost and IP
    /// addresses, with commas between them.
    #[arg(long, value_name = "NAMES")]
    allow_host: Option<String>,
    /// How to print the variables: a shell or CI system as for 'env'
    /// [default: posix].
    #[arg(long, short, value_name = "NAME")]
    shell: Option<String>,
    /// End when standard input does, too.
    #[arg(long)]
    pub until_stdin_closes: bool,
    /// What is told of the run.
    #[command(flatten)]
    run: RunArgs,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What is told of a run.
#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// Write counters to this file while it runs, in the text format of
    /// Prometheus.
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<String>,
    /// Write a line for each request to standard error: text or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Give clients a random token that only this run's proxy swaps for the
    /// real one, and that is worth nothing anywhere else
    /// [default: true with --intercept, otherwise false].
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    stand_in_token: Option<String>,
}

impl Flags for GatewayArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(self.run.flags());
        flags.extend(given("listen", self.listen));
        flags.extend(given("prefix-file", self.prefix_file));
        flags.extend(given("allow-host", self.allow_host));
        flags.extend(given("shell", self.shell));
        flags.extend(switched("allow-remote", self.allow_remote));
        flags
    }
}

impl Flags for RunArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = Vec::new();
        flags.extend(given("metrics-file", self.metrics_file));
        flags.extend(given("log-format", self.log_format));
        flags.extend(given("stand-in-token", self.stand_in_token));
        flags
    }
}
