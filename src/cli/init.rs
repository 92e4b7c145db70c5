//! The arguments of `gc-token init`.

use super::SettingArgs;

/// Set up a profile: region, OAuth client and secret.
///
/// Asks for what no flag gives, checks it with the issuer and the API as 'doctor' does, and
/// adds a profile to config.toml, whose other profiles and comments stay as they are. If the
/// issuer refuses the credentials, nothing is written; if it cannot be reached, a warning
/// says so.
///
/// A secret that is typed in, or read from standard input, is stored in a file of its own
/// that only you can read. A command, a file or a variable is kept as the place where the
/// secret is found.
///
/// Other settings among the flags, such as --min-ttl, become part of the profile. Without a
/// terminal, or with --yes, nothing is asked.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// A command that prints the client secret, such as "pass show genesys". Its words are
    /// split as in a shell, but no shell runs it.
    #[arg(long, value_name = "COMMAND", conflicts_with = "client-secret-file")]
    pub client_secret_command: Option<String>,
    /// Write nothing: print export statements, for people who keep secrets elsewhere.
    #[arg(long)]
    pub print: bool,
    /// Replace the profile if it exists.
    #[arg(long)]
    pub force: bool,
    /// Ask nothing.
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}
