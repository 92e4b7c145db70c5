//! The arguments of `gc-token exec`.

use std::ffi::OsString;

use super::{Flags, SettingsArgs};

/// Run a command that gets the token in its environment.
///
/// The command finds the token in GENESYSCLOUD_ACCESS_TOKEN, the region, where
/// it is known, in GENESYSCLOUD_REGION, and no client secret. It takes the place
/// of gc-token: there is no process in between, and its exit code is its own.
#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    /// A variable to set besides, such as TF_VAR_token={token}; can be repeated.
    ///
    /// {token}, {region}, {domain}, {api_url}, {login_url} and {expires_at} stand
    /// for what is known of the token; {{ and }} for braces.
    #[arg(long, value_name = "NAME=TEMPLATE")]
    pub set: Vec<String>,
    /// Leave the client secret in the command's environment.
    #[arg(long)]
    pub keep_secret: bool,
    /// What makes the token.
    #[command(flatten)]
    settings: SettingsArgs,
    /// The command and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

impl Flags for ExecArgs {
    fn flags(self) -> crate::settings::Flags {
        self.settings.flags()
    }
}
