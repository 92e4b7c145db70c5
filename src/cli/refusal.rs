//! Messages about a command line that clap refuses. Its words may be secrets.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Kind};
use crate::text::shown;

/// Returns the message, without a line end.
pub(crate) fn message(mut refusal: clap::Error, args: &[OsString]) -> String {
    if let Some(error) = not_utf8(args) {
        return error.to_string();
    }
    if refusal.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(flag)) = refusal.get(ContextKind::InvalidArg)
        && takes_a_secret(flag)
    {
        return refuse_secret(flag).to_string();
    }
    let hidden = hide_secrets(&mut refusal);
    if is_command_without_dashes(&refusal, args) {
        let tip = "put '--' before the command of 'exec'".to_owned().into();
        refusal.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    let text = refusal.render().to_string();
    // The cause may repeat the value.
    let text = hidden.iter().fold(text, |text, value| text.replace(value, shown::HIDDEN));
    text.trim_end().to_owned()
}

/// Hides what may be a secret: a word in place of a flag or a command, and a value that
/// looks like a secret, which is returned.
fn hide_secrets(refusal: &mut clap::Error) -> Option<String> {
    let words: &[ContextKind] = match refusal.kind() {
        ErrorKind::UnknownArgument => &[ContextKind::InvalidArg],
        ErrorKind::InvalidSubcommand => &[ContextKind::InvalidSubcommand],
        _ => &[],
    };
    for kind in words {
        if let Some(ContextValue::String(word)) = refusal.get(*kind) {
            let word = word.clone();
            let shown = shown::word(&word).to_owned();
            if shown != word {
                // A tip would repeat it.
                refusal.insert(ContextKind::Suggested, ContextValue::None);
                refusal.insert(*kind, ContextValue::String(shown));
            }
        }
    }
    let Some(ContextValue::String(value)) = refusal.get(ContextKind::InvalidValue) else {
        return None;
    };
    let value = value.clone();
    let shown = shown::plain(&value);
    let is_hidden = shown != value;
    refusal.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    is_hidden.then_some(value)
}

fn is_command_without_dashes(refusal: &clap::Error, args: &[OsString]) -> bool {
    let is_exec = args.get(1).is_some_and(|command| command == "exec");
    let unknown = match refusal.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => word.as_str(),
        _ => "-",
    };
    is_exec && refusal.kind() == ErrorKind::UnknownArgument && !unknown.starts_with('-')
}

fn takes_a_secret(flag: &str) -> bool {
    let Some(name) = flag.strip_prefix("--") else {
        return false;
    };
    let name = name.split('=').next().unwrap_or(name).to_ascii_lowercase().replace('_', "-");
    let holds = ["secret", "password", "passwd"].iter().any(|word| name.contains(word));
    let is = ["token", "access-token", "pass", "pwd", "key", "api-key", "credentials"];
    (holds && !name.contains("-fil")) || is.contains(&name.as_str())
}

/// Without a hint at `--client-secret-file`: the user would give it the secret itself.
fn refuse_secret(flag: &str) -> Error {
    let message = format!("{}: secrets are not accepted on the command line", shown::word(flag));
    Error::new(Kind::Usage, message)
        .with_cause("other users can see it there, and shells and CI systems keep it")
        .with_hint("set GENESYSCLOUD_OAUTHCLIENT_SECRET, or client_secret_command in a profile")
}

/// Names a flag whose value is not UTF-8. The command of `exec`, after `--`, need not be
/// UTF-8.
fn not_utf8(args: &[OsString]) -> Option<Error> {
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let args = &args[..end];
    let at = args.iter().position(|arg| arg.to_str().is_none())?;
    let name = |word: &OsString| {
        let name = word.as_encoded_bytes().split(|byte| *byte == b'=').next()?;
        let name = std::str::from_utf8(name).ok()?;
        name.starts_with('-').then(|| shown::word(name).to_owned())
    };
    let before = at.checked_sub(1).and_then(|before| args.get(before));
    let message = match name(&args[at]).or_else(|| name(before?)) {
        Some(flag) => format!("{flag}: the value is not UTF-8"),
        None => format!("argument {at} is not UTF-8"),
    };
    Some(Error::new(Kind::Usage, message))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    const SECRET: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

    fn refused(words: &[&str]) -> String {
        let args: Vec<OsString> = ["gc-token"].iter().chain(words).map(OsString::from).collect();
        message(Cli::try_parse_from(&args).unwrap_err(), &args)
    }

    #[test]
    fn a_flag_for_a_secret_gets_the_reason_and_no_tip_at_a_file() {
        for words in [
            &["get", "--client-secret", "hunter2"][..],
            &["get", "--client-secret=hunter2"],
            &["get", "--secret", "hunter2"],
            &["external", "--password=hunter2"],
            &["exec", "--client_secret", "hunter2", "--", "true"],
            &["doctor", "--token", "hunter2"],
        ] {
            let said = refused(words);
            assert!(said.contains("secrets are not accepted on the command line"), "{said}");
            assert!(!said.contains("hunter2") && !said.contains("-file"), "{said}");
        }
        assert!(refused(&["get", "--client-secret-fil", "x"]).contains("'--client-secret-file'"));
    }

    #[test]
    fn a_word_that_may_be_a_secret_is_not_repeated() {
        for words in [
            &["get", SECRET][..],
            &["get", "hunter2"],
            &["hunter2"],
            &[SECRET],
            &["get", &format!("--{SECRET}")],
            &["get", &format!("--no-cache={SECRET}")],
            &["get", "--no-cache=https://id:hunter2@host"],
            &["completions", SECRET],
            &["sandbox", "--lifetime", SECRET],
            &["terraform", SECRET],
            &["exec", "--set", "A=b", SECRET],
        ] {
            let said = refused(words);
            assert!(!said.contains(SECRET) && !said.contains("hunter2"), "{said}");
        }
        assert!(refused(&["gte"]).contains("'gte'"));
        assert!(refused(&["get", "--nonsense"]).contains("'--nonsense'"));
    }

    #[test]
    fn a_command_of_exec_without_dashes_gets_a_tip() {
        let tip = "tip: put '--' before the command of 'exec'";
        for words in [
            &["exec", "terraform", "apply", "-auto-approve"][..],
            &["exec", "--gateway", "terraform", "plan"],
        ] {
            let said = refused(words);
            assert!(said.contains(tip) && said.contains("'terraform'"), "{said}");
        }
        for words in [&["exec", "--gatway", "--", "true"][..], &["get", "terraform"]] {
            let said = refused(words);
            assert!(!said.contains(tip), "{said}");
        }
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_named_by_its_flag() {
        let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        for (args, said) in [
            (vec![odd(b"--scope=\xff")], "--scope: the value is not UTF-8"),
            (vec!["--scope".into(), odd(b"\xff")], "--scope: the value is not UTF-8"),
            (vec![odd(b"\xff")], "argument 2 is not UTF-8"),
        ] {
            let args: Vec<OsString> =
                [OsString::from("gc-token"), "get".into()].into_iter().chain(args).collect();
            let said_now = message(Cli::try_parse_from(&args).unwrap_err(), &args);
            assert_eq!(said_now, format!("error: {said}"));
        }
    }
}
