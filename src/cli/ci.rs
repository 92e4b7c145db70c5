//! The arguments of `gc-token ci`.

use std::path::PathBuf;

use super::SettingArgs;
use crate::ci::CiSystem;

/// Print a recipe for a CI system.
///
/// The recipe installs this version by checksum, plans, waits for an approval, and
/// applies with a token that lives long enough. Region, URLs, --min-ttl and other
/// settings that mean the same on every machine are taken from flags, the environment
/// and the profile. A recipe holds no secret, only names of variables. Nothing is sent.
///
/// Without SYSTEM: the one that this runs on, or a list of them.
#[derive(Debug, clap::Args)]
pub struct CiArgs {
    /// The CI system [default: the one that this runs on].
    pub system: Option<CiSystem>,
    /// Write the recipe's files below this directory, usually the repository's root, and
    /// print their paths. Files that exist are not changed.
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// The release's SHA256SUMS, whose checksums the recipe then pins. Without it, the
    /// recipe installs nothing until they are filled in.
    #[arg(long, value_name = "FILE")]
    pub sums: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}
