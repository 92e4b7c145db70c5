//! The table of settings: one row for each, in a file for each subject.

mod output;
mod run;
mod storage;
mod token;

use super::setting::Setting;

pub use output::*;
pub use run::*;
pub use storage::*;
pub use token::*;

/// The client secret is no setting: it has no flag, because other users can read arguments.
/// Our own variable overrides the Terraform provider's.
pub const SECRET_VARIABLES: [&str; 2] =
    ["GC_TOKEN_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"];
/// The key in a profile, and the attribute.
pub(crate) const CLIENT_SECRET: &str = "client_secret";
/// The key in a profile that holds a command, as a list of arguments.
pub(crate) const CLIENT_SECRET_COMMAND: &str = "client_secret_command";

/// The key in a profile that holds a command, which prints the password of a store.
pub(crate) const STORE_PASSWORD_COMMAND: &str = "store_password_command";
/// The keys of a profile that hold lists of arguments.
pub(super) const COMMANDS: [&str; 2] = [CLIENT_SECRET_COMMAND, STORE_PASSWORD_COMMAND];

/// Holds the password of a store, which is no setting for the same reason.
pub const STORE_PASSWORD_VARIABLE: &str = "GC_TOKEN_STORE_PASSWORD";

/// The Terraform provider goes up to this.
pub const MAX_TOKENS: u32 = 50;

/// Defines a constant for each row, and `ROWS` of them.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $value:expr,)+ })+) => {
        $($(#[$doc])* pub const $name: Setting = Setting { $($field: $value,)+ ..Setting::TOKEN };)+

        pub(super) const ROWS: &[&Setting] = &[$(&$name),+];
    };
}
use settings;

const SUBJECTS: [&[&Setting]; 4] = [token::ROWS, storage::ROWS, output::ROWS, run::ROWS];
const COUNT: usize = token::ROWS.len() + storage::ROWS.len() + output::ROWS.len() + run::ROWS.len();

pub const ALL: &[&Setting] = &all_rows();

const fn all_rows() -> [&'static Setting; COUNT] {
    let mut all = [&token::PROFILE; COUNT];
    let (mut subject, mut row, mut count) = (0, 0, 0);
    while count < COUNT {
        if row == SUBJECTS[subject].len() {
            (subject, row) = (subject + 1, 0);
        } else {
            all[count] = SUBJECTS[subject][row];
            (row, count) = (row + 1, count + 1);
        }
    }
    all
}
