//! The command line: clap's types, whose doc comments are the help texts.

mod ci;
mod completion_shell;
mod exec;
mod gateway;
mod init;
pub(crate) mod refusal;
pub mod sandbox;

mod settings;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use ci::CiArgs;
pub use completion_shell::CompletionShell;
pub use exec::{ExecArgs, ProxyMode};
pub use gateway::GatewayArgs;
pub use init::InitArgs;
pub use settings::SettingArgs;

/// Hands out a Genesys Cloud access token that is known to live long enough.
///
/// Mints an OAuth client-credentials token or reuses a cached one, and measures
/// instead of trusting the local clock. Credentials come from
/// GENESYSCLOUD_REGION, GENESYSCLOUD_OAUTHCLIENT_ID and
/// GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile.
#[derive(Debug, Parser)]
#[command(name = "gc-token", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 ok, 1 the result cannot be written, 2 usage, 3 configuration,
4 credentials refused, 5 network or issuer unavailable, 6 rate limited, 7 tokens
do not live long enough, 8 the API refused the token, 9 cache or lock unusable,
10 the operating system refused a resource; of 'exec': 126 the command cannot be
run, 127 command not found, otherwise the command's own code. On failure standard
output is empty, except that 'env' prints a statement that makes a shell fail, and
'doctor' its report.";

// Deferred: only the command that is called gets its arguments, which keeps a cached `get`
// fast.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Set up a profile: region, OAuth client and secret.
    Init(InitArgs),
    /// Answer Terraform's external data source.
    ///
    /// Reads the query, a JSON object of strings, from standard input, and
    /// prints one JSON object of strings. Query keys: profile, region,
    /// client_id, skew, min_ttl, idle_timeout, scope, audience.
    External(SettingArgs),
    /// Print statements that set the token in a shell or a CI system.
    ///
    /// Use it as: eval "$(gc-token env)"
    Env(SettingArgs),
    /// Print the token.
    Get(SettingArgs),
    /// Run a command that gets the token in its environment.
    Exec(ExecArgs),
    /// Clean up if 'exec' is killed.
    ///
    /// Started by 'exec' itself, and of no use by hand: standard input says which
    /// processes and files to look after.
    #[command(hide = true)]
    ExecWatchdog,
    /// Run a local gateway for clients that outlive a token.
    Gateway(GatewayArgs),
    /// Show what is cached and whether it would be reused. No network.
    Status(SettingArgs),
    /// Revoke the cached tokens at the API and remove them from the cache.
    ///
    /// Revokes the tokens that these settings name: the one that 'get' would
    /// print, and the others of a gateway's pool. Mints none. A token that could
    /// not be revoked stays in the cache, so that it can be tried again, and the
    /// exit code is not 0.
    Revoke(SettingArgs),
    /// Find out whether a pipeline would succeed, and why not.
    ///
    /// Checks the settings, the connections to both hosts, three clocks, the
    /// cache and a token. Prints the verdict and what is not in order; with -v,
    /// all that was found. The report holds no secret. Gets a token as
    /// any other command does: from the cache, or a new one, which is then cached.
    /// Exits with the code that 'get' would exit with, and with 8 if the API
    /// refuses that token. Takes a few seconds, or up to --timeout for each step
    /// if a host does not answer.
    Doctor(DoctorArgs),
    /// Show and clean up the cache.
    Cache(CacheArgs),
    /// Show, check and describe the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Use this program as a Terraform provider.
    Terraform {
        #[command(subcommand)]
        command: TerraformCommand,
    },
    /// Print a recipe for a CI system.
    Ci(CiArgs),
    /// List the regions of Genesys Cloud.
    Regions,
    /// Show what the program is for. Needs no account.
    ///
    /// Starts the sandbox with an API whose clock is ahead of the issuer's and
    /// tokens that live for seconds; a client that trusts the local clock
    /// fails, gc-token does not. Takes about eleven seconds, uses loopback
    /// alone, leaves nothing behind, and checks each of its claims: exits with
    /// 8 if one proves false.
    Demo,
    /// Run a local stand-in for Genesys Cloud.
    Sandbox(Box<sandbox::SandboxArgs>),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: CompletionShell,
    },
    /// Print the version, and what it was built from.
    Version(SettingArgs),
    /// Print the manual, as a page for man(1).
    Man {
        /// The command to describe, such as: cache list [default: the overview].
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also write the report as a web page in one file, for a ticket.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// Show and clean up the cache.
#[derive(Debug, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
    #[command(flatten)]
    pub settings: SettingArgs,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheCommand {
    /// Print the directory.
    Path,
    /// List the cached tokens: no secrets are shown, and none are needed.
    List,
    /// Remove every token.
    Clear,
    /// Remove the expired tokens.
    Prune,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show each setting with its value and where that comes from. No network.
    ///
    /// Mistakes are shown beside the values. With -v, so are the values that others
    /// override. Of the client secret, only the place is shown.
    Show(SettingArgs),
    /// Find every mistake in the settings and in config.toml. No network.
    ///
    /// Checks the flags, the variables and all profiles of config.toml, and whether what is
    /// set suffices for a token. Exits with 3 if there is a mistake.
    Check(SettingArgs),
    /// Print a JSON Schema of config.toml, for editors and validators.
    Schema,
}

#[derive(Debug, Subcommand)]
pub enum TerraformCommand {
    /// Put this program into a local mirror of providers, and print what the
    /// configuration needs.
    ///
    /// Terraform and OpenTofu look into ~/.terraform.d/plugins by themselves, and
    /// into terraform.d/plugins beside a configuration. Another mirror has to be
    /// named in the CLI configuration, which is printed, too.
    Install {
        /// The mirror [default: ~/.terraform.d/plugins].
        #[arg(long, value_name = "DIR")]
        mirror: Option<PathBuf>,

        /// Install the provider's zips of a release, for each of their platforms, instead
        /// of this program. The checksums of the release have to be in DIR, too.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests;
