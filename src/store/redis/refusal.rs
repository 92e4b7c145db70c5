//! The errors of a server, told apart and explained.

use super::script::LuaScript;
use crate::config::RedisLocation;
use crate::sanitize::Secrets;
use crate::store::{StoreError, StoreFault};

/// A request that a server refused.
pub(super) struct RefusedCommand<'a> {
    pub(super) location: &'a RedisLocation,
    /// The source of the password, if there is one.
    pub(super) password: Option<&'a str>,
    pub(super) is_write: bool,
    /// `None` before the script: `AUTH` or `SELECT`.
    pub(super) script: Option<&'static LuaScript>,
}

/// The user of a connection that names none.
const DEFAULT_USER: &str = "default";

const SET_PASSWORD: &str = "set GC_TOKEN_STORE_PASSWORD, --store-password-file, or \
    store_password_command in a profile";

impl RefusedCommand<'_> {
    /// Explains the server's words, which begin with a code.
    pub(super) fn explain(&self, words: &str) -> StoreError {
        let words = ServerError::of(words);
        let (fault, what, hint) = self.judge(&words);
        StoreError::new(fault, format!("the store {} {what}", self.location))
            .with_cause(words.whole)
            .with_hint(hint)
    }

    fn judge(&self, words: &ServerError) -> (StoreFault, String, String) {
        use StoreFault::{Full, Misconfigured, ReadOnly, Unavailable};
        let owned = |fault, what: &str, hint: &str| (fault, what.to_owned(), hint.to_owned());
        let text = &*words.text;
        match &*words.code {
            "WRONGPASS" => self.wrong_password(),
            "ERR" if text == "invalid password" => self.wrong_password(),
            "NOAUTH" => owned(Misconfigured, "wants a password", SET_PASSWORD),
            "ERR" if text.contains("without any password configured") => {
                let hint = format!(
                    "the default user has none there: name the user, as in {}, or remove the \
                     password ({})",
                    self.with_user(),
                    self.password.unwrap_or_default()
                );
                (Misconfigured, "knows no password of the default user".to_owned(), hint)
            }
            "NOPERM" => self.lacks_right(words),
            // In a script, up to Redis 7.
            "ERR" if text.contains("ACL failure") || text.contains("user executing the script") => {
                self.lacks_right(words)
            }
            "ERR" if is_about_database(text) => {
                let database = self.location.database;
                let what = format!("has no database {database}");
                let hint = "name another one at the end of the location, as in redis://host:6379/0; \
                     a cluster has database 0 alone";
                (Misconfigured, what, hint.to_owned())
            }
            "MOVED" | "ASK" | "CROSSSLOT" => owned(
                Misconfigured,
                "is a node of a cluster, whose redirects gc-token does not follow",
                "name a server without cluster mode, or a proxy in front of the cluster that \
                 serves every key",
            ),
            "READONLY" => owned(
                ReadOnly,
                "is a replica, which takes no writes",
                "name the primary; an address that follows it survives a failover",
            ),
            "MISCONF" => owned(
                ReadOnly,
                "takes no writes",
                "see the server's log: it cannot save its data to disk",
            ),
            "OOM" => owned(
                Full,
                "has no memory left",
                "raise maxmemory, or set maxmemory-policy to allkeys-lru or volatile-lru",
            ),
            "WRONGTYPE" => owned(
                Misconfigured,
                "has a key of another program where a record belongs",
                "set a prefix that no other program uses, as in redis://host:6379/0?prefix=NAME:",
            ),
            "ERR" if text.starts_with("unknown command") => owned(
                Misconfigured,
                "lacks a command that gc-token needs",
                "it needs EVAL, GET, SET and TIME, which an administrator may have renamed",
            ),
            "DENIED" => owned(
                Misconfigured,
                "takes connections from its own machine alone (protected mode)",
                "set a password on the server, and then for gc-token",
            ),
            "ERR" if text.starts_with("max number of clients") => {
                owned(Unavailable, "has no connection left", "raise maxclients on the server")
            }
            // BUSY, LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN and others.
            _ => owned(
                Unavailable,
                "cannot answer now",
                "that usually passes; the server's log may say more",
            ),
        }
    }

    fn wrong_password(&self) -> (StoreFault, String, String) {
        let user = self.location.shown_user();
        let of_user = user.map(|user| format!(" of user {user:?}")).unwrap_or_default();
        match self.password {
            Some(origin) => (
                StoreFault::Misconfigured,
                format!("refuses the password{of_user}"),
                match user {
                    Some(_) => format!("check {origin}, and the user in the location"),
                    None => format!(
                        "check {origin}; the location names no user, so that {DEFAULT_USER:?} was \
                         used: to name one, {}",
                        self.with_user()
                    ),
                },
            ),
            None => (
                StoreFault::Misconfigured,
                format!("wants a password{of_user}"),
                SET_PASSWORD.to_owned(),
            ),
        }
    }

    /// Returns the location as it would name a user.
    fn with_user(&self) -> String {
        format!("{}://USER@{}", self.location.scheme(), self.location.url_host())
    }

    /// Only writes are refused if a read went before: one always does.
    fn lacks_right(&self, words: &ServerError) -> (StoreFault, String, String) {
        let fault = if self.is_write { StoreFault::ReadOnly } else { StoreFault::Misconfigured };
        let RedisLocation { prefix, database, .. } = self.location;
        let named = words.line.and_then(|line| self.script?.command_of_line(line));
        let command = named.or_else(|| words.command());
        let what = match command {
            Some(command) => format!("does not allow the command {}", command.to_uppercase()),
            None if self.is_write => format!("is read-only for keys that begin with {prefix:?}"),
            None => format!("does not allow keys that begin with {prefix:?}"),
        };
        let select = if *database == 0 { "" } else { " +select" };
        let user = self.location.shown_user().unwrap_or(DEFAULT_USER);
        let keys = format!("~{prefix}*");
        let keys = shlex::try_quote(&keys).unwrap_or("'~gc-token:*'".into());
        let hint = format!("to allow it: redis-cli ACL SETUSER {user} {keys} {RIGHTS}{select}");
        (fault, what, hint)
    }
}

/// The rights that a user needs, besides a password and the keys. `AUTH` needs none, and
/// `SELECT` is sent for a database other than 0. A complete rule:
///
/// ```text
/// ACL SETUSER ci on >PASSWORD resetkeys ~gc-token:* resetchannels -@all +eval +get +set +time
/// ```
///
/// A user who may only read needs all but `+set`.
const RIGHTS: &str = "+eval +get +set +time";

fn is_about_database(text: &str) -> bool {
    ["DB index is out of range", "invalid DB index", "SELECT is not allowed"]
        .iter()
        .any(|known| text.starts_with(known))
}

/// Returns whether the user lacks a right to a key, and not to a command.
pub(super) fn is_about_keys(words: &str) -> bool {
    let error = ServerError::of(words);
    error.code == "NOPERM" && error.line.is_none() && error.command().is_none()
}

/// Characters of an error.
const MAX_WORDS: usize = 400;

/// Sentences that repeat nothing of a command. A word of them that is redacted would tell that it
/// is the password.
const FIXED: [&str; 5] = [
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOAUTH Authentication required.",
    "ERR invalid password",
    "ERR AUTH <password> called without any password configured for the default user. Are you \
     sure your configuration is correct?",
    "NOPERM No permissions to access a key",
];

const CODES: [&str; 18] = [
    "ASK",
    "BUSY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "DENIED",
    "ERR",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOPERM",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "WRONGPASS",
    "WRONGTYPE",
];

/// Redacts what an error may repeat of a command. The server's own code and sentences stay whole.
pub(super) fn without_secrets(words: &str, secrets: &Secrets) -> String {
    if FIXED.contains(&words) {
        return words.to_owned();
    }
    match words.split_once(' ') {
        Some((code, text)) if CODES.contains(&code) => {
            format!("{code} {}", secrets.redacted_line(text, MAX_WORDS))
        }
        _ => secrets.redacted_line(words, MAX_WORDS),
    }
}

/// The words of an error, without what they tell of the script.
struct ServerError {
    whole: String,
    code: String,
    text: String,
    /// The line of the script, counted from 1.
    line: Option<usize>,
}

impl ServerError {
    fn of(words: &str) -> ServerError {
        let line = line_of(words);
        // Redis 7: `CODE text script: SHA1, on @user_script:LINE.`
        let whole = match words.rsplit_once(" script: ") {
            Some((whole, place)) if place.contains("@user_script:") => whole,
            _ => words,
        };
        // Redis 6: `ERR Error running script (call to f_SHA1): @user_script:1:
        // @user_script: 1: -CODE text`
        let whole = match whole.rsplit_once("@user_script:") {
            Some((_, rest)) => rest.split_once(": ").map_or(rest, |(_, whole)| whole),
            None => whole,
        };
        // An unknown command is quoted with its arguments.
        let whole = whole.split_once(", with args").map_or(whole, |(whole, _)| whole);
        let whole = whole.trim().trim_start_matches('-');
        let first = whole.split(' ').next().unwrap_or_default();
        let is_code = !first.is_empty() && first.chars().all(|char| char.is_ascii_uppercase());
        let (code, text) = match whole.split_once(' ') {
            Some((code, text)) if is_code => (code, text),
            _ if is_code => (first, ""),
            _ => ("ERR", whole),
        };
        ServerError { whole: whole.to_owned(), code: code.to_owned(), text: text.to_owned(), line }
    }

    /// Returns the name of a command, as in `to run the 'get' command`.
    fn command(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("run the '")?;
        Some(rest.split_once('\'')?.0)
    }
}

fn line_of(words: &str) -> Option<usize> {
    let (_, rest) = words.rsplit_once("@user_script:")?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
