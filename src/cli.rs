//! The command line: clap's types, whose doc comments are the help texts.

mod ci;
mod completion_shell;
pub(crate) mod examples;
mod exec;
mod gateway;
pub(crate) mod help;
mod init;
pub(crate) mod refusal;
pub mod sandbox;

mod settings;
pub(crate) mod word_order;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use ci::CiArgs;
pub use completion_shell::CompletionShell;
pub use exec::{ExecArgs, ProxyMode};
pub use gateway::GatewayArgs;
pub use init::InitArgs;
pub use settings::SettingArgs;

use crate::config::table;

/// Hands out a Genesys Cloud access token that is known to live long enough.
///
/// Mints an OAuth client-credentials token or reuses a cached one, and measures
/// instead of trusting the local clock. Credentials come from
/// GENESYSCLOUD_REGION, GENESYSCLOUD_OAUTHCLIENT_ID and
/// GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile.
#[derive(Debug, Parser)]
#[command(name = "gc-token", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// `Some(true)` for `--quiet`, `Some(false)` for `--verbose`: its opposite.
    #[arg(skip)]
    pub quiet_flag: Option<bool>,
}

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
    /// client_id, skew, min_ttl, idle_timeout, scope, audience, store.
    External(SettingArgs),
    /// Print statements that set the token in a shell or a CI system.
    ///
    /// Use it as: eval "$(gc-token env)"
    Env(SettingArgs),
    /// Print the token.
    #[command(alias = "token")]
    Get(SettingArgs),
    /// Run a command that gets the token in its environment.
    #[command(alias = "run")]
    Exec(ExecArgs),
    /// Clean up if 'exec' is killed.
    ///
    /// Started by 'exec' itself, and of no use by hand: standard input says which
    /// processes and files to look after.
    #[command(hide = true)]
    ExecWatchdog,
    /// Run a local gateway for clients that outlive a token.
    #[command(alias = "serve")]
    Gateway(GatewayArgs),
    /// Show what is cached and whether it would be reused. No network.
    Status(SettingArgs),
    /// Revoke the cached tokens at the API and remove them from the cache.
    ///
    /// Revokes the tokens that these settings name: the one that 'get' would
    /// print, and the others of a gateway's pool, in the cache and in the store
    /// (--store). Mints none. A token that could not be revoked stays there, so that
    /// it can be tried again, and the exit code is not 0.
    Revoke(SettingArgs),
    /// Find out whether a pipeline would succeed, and why not.
    ///
    /// Checks the settings, the connections to both hosts, three clocks, the
    /// cache, the store if there is one, and a token. Prints the verdict and what is not in order; with -v,
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
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Use this program as a Terraform provider.
    Terraform {
        #[command(subcommand)]
        command: TerraformCommand,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Print a recipe for a CI system.
    Ci(CiArgs),
    /// List the regions of Genesys Cloud.
    Regions(SettingArgs),
    /// Show what the program is for. Needs no account.
    ///
    /// Starts the sandbox with an API whose clock is ahead of the issuer's and
    /// tokens that live for seconds; a client that trusts the local clock
    /// fails, gc-token does not. Takes about eleven seconds, uses loopback
    /// alone, leaves nothing behind, and checks each of its claims: exits with
    /// 8 if one proves false.
    Demo(SettingArgs),
    /// Run a local stand-in for Genesys Cloud.
    Sandbox(Box<sandbox::SandboxArgs>),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: CompletionShell,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Print the version, and what it was built from.
    Version(SettingArgs),
    /// Print the manual, as a page for man(1).
    ///
    /// The pages have the date of SOURCE_DATE_EPOCH if that is set, and none otherwise: they
    /// depend only on the version.
    Man {
        /// The command to describe, such as: cache list [default: the overview].
        command: Vec<String>,
        /// Write the pages of all commands into this directory, which is created if missing.
        #[arg(long, value_name = "DIR", conflicts_with = "command")]
        all: Option<PathBuf>,
        #[command(flatten)]
        settings: SettingArgs,
    },
}

impl Cli {
    /// Parses a command line. Not every command has settings, but all take `--quiet` and
    /// `--verbose`.
    pub(crate) fn parse_words(args: &[OsString]) -> Result<Cli, clap::Error> {
        let mut matches = Cli::command().try_get_matches_from(args)?;
        let quiet_flag = quiet_flag(&matches);
        let cli = Cli::from_arg_matches_mut(&mut matches);
        let cli = cli.map_err(|error| error.format(&mut Cli::command()))?;
        if let Command::Sandbox(sandbox) = &cli.command
            && sandbox.command.is_empty()
            && args.last().is_some_and(|word| word == "--")
        {
            return Err(missing_command("sandbox"));
        }
        Ok(Cli { quiet_flag, ..cli })
    }
}

fn missing_command(name: &str) -> clap::Error {
    let mut command = Cli::command();
    command.build();
    let command = command.find_subcommand_mut(name).expect("it is a command");
    let kind = ErrorKind::MissingRequiredArgument;
    command.error(kind, "'--' stands before the command to run, and there is none")
}

fn quiet_flag(matches: &ArgMatches) -> Option<bool> {
    let verbosity = matches.try_get_one::<u8>(table::VERBOSE.flag).ok().flatten();
    let is_quiet = matches.try_contains_id(table::QUIET.flag).unwrap_or_default();
    if verbosity.is_some_and(|level| *level > 0) {
        return Some(false);
    }
    if is_quiet {
        return Some(true);
    }
    matches.subcommand().and_then(|(_, below)| quiet_flag(below))
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

#[derive(Debug, Args)]
pub struct CacheStoreArgs {
    /// Look into the store, and not into the cache of this machine: the one that is set, or the
    /// one at LOCATION.
    #[arg(long, value_name = "LOCATION", num_args = 0..=1)]
    pub store: Option<Option<String>>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Print the directory.
    #[command(after_long_help = help::long_text("cache path"))]
    Path,
    /// List the cached tokens: no secrets are shown, and none are needed.
    ///
    /// With --store, lists those of the client that the settings name, in the store that
    /// machines share. That needs the client's secret.
    #[command(after_long_help = help::long_text("cache list"))]
    List(CacheStoreArgs),
    /// Remove every token.
    ///
    /// With --store, removes those of the client that the settings name from the store that
    /// machines share, and nothing from this machine. A token that is being minted is not
    /// removed.
    #[command(after_long_help = help::long_text("cache clear"))]
    Clear(CacheStoreArgs),
    /// Remove the expired tokens.
    #[command(after_long_help = help::long_text("cache prune"))]
    Prune,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show each setting with its value and where that comes from. No network.
    ///
    /// Mistakes are shown beside the values. With -v, so are the values that others
    /// override. Of the client secret, only the place is shown.
    #[command(after_long_help = help::long_text("config show"))]
    Show(SettingArgs),
    /// Find every mistake in the settings and in config.toml. No network.
    ///
    /// Checks the flags, the variables and all profiles of config.toml, and whether what is
    /// set suffices for a token. Exits with 3 if there is a mistake.
    #[command(after_long_help = help::long_text("config check"))]
    Check(SettingArgs),
    /// Print a JSON Schema of config.toml, for editors and validators.
    #[command(after_long_help = help::long_text("config schema"))]
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
    #[command(after_long_help = help::long_text("terraform install"))]
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
