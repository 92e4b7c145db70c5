//! The command line: clap's types, whose doc comments are the help texts.

mod exec;
pub(crate) mod refusal;
pub mod sandbox;
mod serving;
mod settings;

use clap::{Args, Parser, Subcommand};

pub use exec::{ExecArgs, ProxyMode};
pub use serving::{GatewayArgs, RunArgs};
pub use settings::SettingsArgs;

/// Hands out a Genesys Cloud access token that is known to live long enough.
///
/// Mints an OAuth client-credentials token or reuses a cached one, and measures
/// instead of trusting the local clock. Credentials come from
/// GENESYSCLOUD_REGION, GENESYSCLOUD_OAUTHCLIENT_ID and
/// GENESYSCLOUD_OAUTHCLIENT_SECRET, or from a profile.
#[derive(Debug, Parser)]
#[command(name = "gc-token", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
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

/// The commands. Only the one that is called is set up in full, so its own help
/// stands with its arguments, and a line of it here, for the overview.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Answer Terraform's external data source.
    External(ExternalArgs),
    /// Print statements that set the token in a shell or a CI system.
    Env(EnvArgs),
    /// Print the token.
    Get(GetArgs),
    /// Run a command that gets the token in its environment.
    Exec(ExecArgs),
    /// Clean up after 'exec' should that be killed.
    ///
    /// Started by 'exec' itself, and of no use by hand: it is told on standard
    /// input whom to look after.
    #[command(hide = true)]
    ExecWatchdog,
    /// Serve clients that outlive a token, from this machine.
    Gateway(GatewayArgs),
    /// Show what is cached and whether it would be reused. No network.
    Status(StatusArgs),
    /// Find out whether a pipeline would succeed, and why not.
    Doctor(DoctorArgs),
    /// Look after the cache.
    Cache(CacheArgs),
    /// Use this program as a Terraform provider.
    Terraform {
        /// What to do.
        #[command(subcommand)]
        command: TerraformCommand,
    },
    /// List the regions of Genesys Cloud.
    Regions,
    /// Show what the program is for. Needs no account.
    ///
    /// Starts the sandbox with an API whose clock is ahead of the issuer's and
    /// tokens that live for seconds; a client that trusts the local clock
    /// fails, gc-token does not. Takes about eleven seconds, uses loopback
    /// alone, leaves nothing behind, and checks each of its claims: exits with
    /// 8 if one does not come true.
    Demo,
    /// Run a local stand-in for Genesys Cloud.
    Sandbox(sandbox::SandboxArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: crate::completion::Shell,
    },
    /// Print the manual, as a page for man(1).
    Man {
        /// The command whose page it is, such as: cache list [default: the overview].
        command: Vec<String>,
    },
}

/// Answer Terraform's external data source.
///
/// Reads the query, a JSON object of strings, from standard input, and
/// prints one JSON object of strings. Query keys: profile, region,
/// client_id, skew, min_ttl, idle_timeout, scope, audience.
#[derive(Debug, Args)]
pub struct ExternalArgs {
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Print statements that set the token in a shell or a CI system.
///
/// Use it as: eval "$(gc-token env)"
#[derive(Debug, Args)]
pub struct EnvArgs {
    /// The shell or CI system to write for: posix (bash, dash, zsh), fish,
    /// powershell, cmd, nushell, dotenv, json, github, gitlab, azure
    /// [default: posix].
    #[arg(long, short, value_name = "NAME")]
    shell: Option<String>,
    /// The variable that gets the token [default: GENESYSCLOUD_ACCESS_TOKEN].
    #[arg(long, value_name = "NAME")]
    var: Option<String>,
    /// The variable that gets the region [default: GENESYSCLOUD_REGION].
    #[arg(long, value_name = "NAME")]
    region_var: Option<String>,
    /// Print statements that take the variables away. Needs no credentials.
    #[arg(long)]
    unset: bool,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Print the token.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// text: the token alone; json: with its end and its URLs; header: an
    /// HTTP Authorization header [default: text].
    #[arg(long, short, value_name = "FORMAT")]
    format: Option<String>,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Show what is cached and whether it would be reused. No network.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Which token to look at.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Find out whether a pipeline would succeed, and why not.
///
/// Looks at the settings, the way to both hosts, three clocks, the cache and
/// a token, and prints what it finds, which holds no secret. Gets a token as
/// any other command does: from the cache, or a new one, which is then kept.
/// Exits with the code that 'get' would exit with, and with 8 when the API
/// refuses that token. Takes a few seconds, and as long as --timeout where a host
/// does not answer.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Look after the cache.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: CacheCommand,
    /// Where the cache is [default: the user's cache directory].
    #[arg(long, value_name = "DIR", global = true)]
    cache_dir: Option<String>,
    /// How long to wait for a process that is minting [default: 35s].
    #[arg(long, value_name = "TIME", global = true)]
    lock_timeout: Option<String>,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
}

/// Use this program as a Terraform provider.
#[derive(Debug, Subcommand)]
pub enum TerraformCommand {
    /// Put this program into a local mirror of providers, and print what the
    /// configuration needs.
    ///
    /// Terraform and OpenTofu look into ~/.terraform.d/plugins by themselves.
    /// Another mirror has to be named in the CLI configuration, which is
    /// printed, too.
    Install {
        /// The mirror [default: ~/.terraform.d/plugins].
        #[arg(long, value_name = "DIR")]
        mirror: Option<std::path::PathBuf>,
    },
}

/// The subcommands of `cache`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheCommand {
    /// Print the directory.
    Path,
    /// List what is cached: no secrets, and none needed.
    List,
    /// Remove every token.
    Clear,
    /// Remove the tokens that are dead.
    Prune,
}

/// The flags of a command, as the settings take them.
pub trait Flags {
    /// Each flag that was given: its name, and its value.
    fn flags(self) -> crate::config::Flags;
}

impl Flags for ExternalArgs {
    fn flags(self) -> crate::config::Flags {
        self.settings.flags()
    }
}

impl Flags for EnvArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(given("shell", self.shell));
        flags.extend(given("var", self.var));
        flags.extend(given("region-var", self.region_var));
        flags.extend(switched("unset", self.unset));
        flags
    }
}

impl Flags for GetArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(given("format", self.format));
        flags
    }
}

impl Flags for StatusArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(switched("json", self.json));
        flags
    }
}

impl Flags for DoctorArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = self.settings.flags();
        flags.extend(switched("json", self.json));
        flags
    }
}

impl Flags for CacheArgs {
    fn flags(self) -> crate::config::Flags {
        let mut flags = Vec::new();
        flags.extend(given("cache-dir", self.cache_dir));
        flags.extend(given("lock-timeout", self.lock_timeout));
        flags.extend(switched("json", self.json));
        flags
    }
}

fn given(name: &'static str, value: Option<String>) -> Option<(&'static str, String)> {
    value.map(|value| (name, value))
}

fn switched(name: &'static str, on: bool) -> Option<(&'static str, String)> {
    on.then(|| (name, "true".to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_overview_and_a_commands_own_help_begin_alike() {
        let overview = Cli::command();
        let mut complete = Cli::command();
        complete.build();
        for subcommand in overview.get_subcommands() {
            let own =
                complete.find_subcommand(subcommand.get_name()).expect("it is the same command");
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            assert_eq!(about(own), about(subcommand), "{}", subcommand.get_name());
        }
    }
}
