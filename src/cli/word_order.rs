//! The order of words on a command line: flags may stand before the command's name, and
//! `exec` and `sandbox` end with a command of somebody else.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use clap::{Arg, Command, CommandFactory};

use super::Cli;
use crate::config::table;

/// The commands that end with a command to run, and their aliases.
const WITH_COMMAND: [&str; 3] = ["exec", "run", "sandbox"];

/// Puts the name of the command first, where the parser expects it: `--region x get` becomes
/// `get --region x`. A command line that cannot be understood stays as it is.
pub(crate) fn command_first(args: &[OsString]) -> Cow<'_, [OsString]> {
    match args.get(1) {
        Some(word) if is_flag(word) => reordered(args).map_or(Cow::Borrowed(args), Cow::Owned),
        _ => Cow::Borrowed(args),
    }
}

fn reordered(args: &[OsString]) -> Option<Vec<OsString>> {
    let known = KnownFlags::default();
    let mut at = 1;
    while is_flag(args.get(at)?) {
        if let Some("--" | "-V" | "--version") = args[at].to_str() {
            return None;
        }
        at = match known.width(&args[at]) {
            Some(width) => at + width,
            // Nobody knows whether a value follows. The message about the flag is better where
            // it is looked for among those of its command.
            None => at + 1 + args[at + 1..].iter().position(|word| known.is_command(word))?,
        };
    }
    let end = at + known.name_width(&args[at..]);
    let (flags, name) = (&args[1..at], &args[at..end]);
    Some([&args[..1], name, flags, &args[end..]].concat())
}

/// Returns the position of the command that `exec` or `sandbox` runs, if it has begun.
pub(crate) fn start_of_command(args: &[OsString]) -> Option<usize> {
    let name = args.get(1)?.to_str()?;
    if !WITH_COMMAND.contains(&name) {
        return None;
    }
    let known = KnownFlags::default();
    let mut at = 2;
    while is_flag(args.get(at)?) {
        if args[at] == "--" {
            return (at + 1 < args.len()).then_some(at + 1);
        }
        at += known.width(&args[at]).unwrap_or(1);
    }
    Some(at)
}

pub(crate) fn is_flag(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    bytes.len() > 1 && bytes.starts_with(b"-")
}

/// The flags of all commands. The settings are known without building clap's commands, which
/// takes longer than a cached token does.
#[derive(Default)]
struct KnownFlags {
    commands: std::cell::OnceCell<Command>,
}

impl KnownFlags {
    /// Returns how many words a flag takes; `None` for one that no command has.
    fn width(&self, word: &OsStr) -> Option<usize> {
        let bytes = word.as_encoded_bytes();
        let name = bytes.split(|byte| *byte == b'=').next().unwrap_or_default();
        let has_value = name.len() < bytes.len();
        let name = std::str::from_utf8(name).ok()?;
        if let Some(long) = name.strip_prefix("--") {
            let takes_value = self
                .takes_value(|arg| arg.get_long() == Some(long), |setting| setting.flag == long)?;
            return Some(if takes_value && !has_value { 2 } else { 1 });
        }
        let mut rest = name.strip_prefix('-')?.chars();
        while let Some(short) = rest.next() {
            let takes_value = self.takes_value(
                |arg| arg.get_short() == Some(short),
                |setting| setting.short_flag == Some(short),
            )?;
            if takes_value {
                return Some(if rest.as_str().is_empty() && !has_value { 2 } else { 1 });
            }
        }
        Some(1)
    }

    fn takes_value(
        &self,
        is_arg: impl Fn(&Arg) -> bool,
        is_setting: impl Fn(&crate::config::Setting) -> bool,
    ) -> Option<bool> {
        if let Some(setting) = table::ALL.iter().find(|setting| is_setting(setting)) {
            return Some(setting.is_followed_by_value());
        }
        let commands = self.commands();
        find_arg(commands, &is_arg)
            .map(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
    }

    fn is_command(&self, word: &OsStr) -> bool {
        self.commands().find_subcommand(word).is_some()
    }

    /// Returns how many words are the name of the command: `cache list` are two.
    fn name_width(&self, words: &[OsString]) -> usize {
        let is_about_token =
            |name: &OsString| name.to_str().is_some_and(|name| table::CLIENT_ID.is_flag_of(name));
        match words {
            [name, second, ..] if !is_about_token(name) => {
                let command = self.commands().find_subcommand(name);
                let below = command.and_then(|command| command.find_subcommand(second));
                if below.is_some() { 2 } else { 1 }
            }
            _ => 1,
        }
    }

    fn commands(&self) -> &Command {
        self.commands.get_or_init(|| {
            let mut commands = Cli::command();
            commands.build();
            commands
        })
    }
}

fn find_arg<'a>(command: &'a Command, is_arg: &impl Fn(&Arg) -> bool) -> Option<&'a Arg> {
    let own = command.get_arguments().find(|arg| is_arg(arg));
    own.or_else(|| command.get_subcommands().find_map(|below| find_arg(below, is_arg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_name_of_the_command_comes_first() {
        for (given, wanted) in [
            ("gc-token get -v", "gc-token get -v"),
            ("gc-token --region x get", "gc-token get --region x"),
            ("gc-token --region=x get --json", "gc-token get --region=x --json"),
            ("gc-token -v -q get", "gc-token get -v -q"),
            ("gc-token -vv --skew -5s get", "gc-token get -vv --skew -5s"),
            ("gc-token -vf json get", "gc-token get -vf json"),
            ("gc-token -vfjson get", "gc-token get -vfjson"),
            ("gc-token -f=json get", "gc-token get -f=json"),
            ("gc-token --stand-in-token exec -- x", "gc-token exec --stand-in-token -- x"),
            ("gc-token --profile p exec -- get -v", "gc-token exec --profile p -- get -v"),
            ("gc-token --set A=b exec get", "gc-token exec --set A=b get"),
            ("gc-token --lifetime 5m sandbox", "gc-token sandbox --lifetime 5m"),
            ("gc-token --json cache list", "gc-token cache list --json"),
            ("gc-token --mirror m terraform install", "gc-token terraform install --mirror m"),
            ("gc-token --help get", "gc-token get --help"),
            ("gc-token --region get status", "gc-token status --region get"),
            // Flags that are unknown, with and without a value.
            ("gc-token --regoin x get", "gc-token get --regoin x"),
            ("gc-token --versoin get", "gc-token get --versoin"),
            ("gc-token -x get", "gc-token get -x"),
            ("gc-token --region x gte", "gc-token gte --region x"),
            // These are left to the parser.
            ("gc-token", "gc-token"),
            ("gc-token --help", "gc-token --help"),
            ("gc-token --region", "gc-token --region"),
            ("gc-token --region x", "gc-token --region x"),
            ("gc-token --regoin x", "gc-token --regoin x"),
            ("gc-token --version get", "gc-token --version get"),
            ("gc-token -v -- get", "gc-token -v -- get"),
            ("gc-token - get", "gc-token - get"),
        ] {
            assert_eq!(*command_first(&words(given)), words(wanted), "{given}");
        }
    }

    #[test]
    fn the_command_to_run_begins_at_the_first_word_that_is_no_flag() {
        for (line, start) in [
            ("gc-token exec terraform apply", Some(2)),
            ("gc-token exec -- terraform apply", Some(3)),
            ("gc-token exec --min-ttl 3m -v terraform", Some(5)),
            ("gc-token exec --set=A=b --gateway terraform -- x", Some(4)),
            ("gc-token exec -- -x", Some(3)),
            ("gc-token sandbox --lifetime 3m sh", Some(4)),
            ("gc-token run x", Some(2)),
            ("gc-token exec", None),
            ("gc-token exec --", None),
            ("gc-token exec --min-ttl", None),
            ("gc-token get x", None),
        ] {
            assert_eq!(start_of_command(&words(line)), start, "{line}");
        }
    }
}
