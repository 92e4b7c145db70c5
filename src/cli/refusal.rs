//! Messages about a command line that clap refuses. Its words may be secrets.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::word_order::start_of_command;
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
    if refusal.kind() == ErrorKind::InvalidSubcommand
        && let Some(tip) = tip_for_foreign_name(args)
    {
        refusal.remove(ContextKind::SuggestedSubcommand);
        refusal.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
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

/// Words that name a command in other programs, and what to use here.
const FOREIGN_NAMES: &[(&[&str], &str)] = &[
    (
        &["login", "logon", "signin", "auth", "authenticate"],
        "there is no session to open: 'gc-token init' stores the credentials, 'gc-token get' \
         prints a token",
    ),
    (
        &["configure", "setup", "profile"],
        "'gc-token init' sets a profile up, 'gc-token config show' shows the settings",
    ),
    (&["logout", "signout"], "'gc-token revoke' revokes the cached tokens"),
    (&["print", "show", "fetch", "mint", "access-token"], "'gc-token get' prints a token"),
    (&["refresh", "renew"], "'gc-token get --force-refresh' mints a new token"),
    (&["proxy"], "'gc-token gateway' and 'gc-token exec --gateway' serve one"),
    (&["start"], "'gc-token gateway' and 'gc-token sandbox' serve"),
    (
        &["check", "validate", "lint"],
        "'gc-token doctor' checks everything, 'gc-token config check' the settings alone",
    ),
    (&["test", "verify", "diagnose", "health"], "'gc-token doctor' checks everything"),
    (&["export", "shell", "set"], "'gc-token env' prints statements for a shell"),
    (&["unset"], "'gc-token env --unset' prints statements for a shell"),
    (&["list", "ls"], "'gc-token cache list' and 'gc-token regions' list"),
    (&["clear", "clean", "purge", "prune"], "'gc-token cache clear' removes cached tokens"),
    (&["install", "provider"], "'gc-token terraform install' installs the Terraform provider"),
    (&["whoami", "info"], "'gc-token status' shows what is cached"),
    (&["mock", "server"], "'gc-token sandbox' is a stand-in for Genesys Cloud"),
];

fn tip_for_foreign_name(args: &[OsString]) -> Option<&'static str> {
    let word = args.get(1)?.to_str()?;
    let (_, tip) = FOREIGN_NAMES.iter().find(|(names, _)| names.contains(&word))?;
    Some(tip)
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

const CLIENT_SECRET_HINT: &str =
    "set GENESYSCLOUD_OAUTHCLIENT_SECRET, or client_secret_command in a profile";

const STORE_PASSWORD_HINT: &str =
    "set GC_TOKEN_STORE_PASSWORD, or name a file with --store-password-file";

/// Without a hint at `--client-secret-file`: the user would give it the secret itself.
fn refuse_secret(flag: &str) -> Error {
    let message = format!("{}: secrets are not accepted on the command line", shown::word(flag));
    Error::new(Kind::Usage, message)
        .with_cause("other users can see it there, and shells and CI systems keep it")
        .with_hint(if flag.contains("store") { STORE_PASSWORD_HINT } else { CLIENT_SECRET_HINT })
}

/// Names a flag whose value is not UTF-8. The command of `exec` need not be UTF-8.
fn not_utf8(args: &[OsString]) -> Option<Error> {
    let end = start_of_command(args).unwrap_or(args.len());
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
        let said = refused(&["get", "--store-password", "hunter2"]);
        assert!(
            said.contains("GC_TOKEN_STORE_PASSWORD") && !said.contains("OAUTHCLIENT"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
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
            &["ci", SECRET],
            &["sandbox", "--lifetime", SECRET],
            &["terraform", SECRET],
        ] {
            let said = refused(words);
            assert!(!said.contains(SECRET) && !said.contains("hunter2"), "{said}");
        }
        assert!(refused(&["gte"]).contains("'gte'"));
        assert!(refused(&["get", "--nonsense"]).contains("'--nonsense'"));
    }

    #[test]
    fn a_name_from_another_program_gets_a_tip_that_works() {
        for (names, tip) in FOREIGN_NAMES {
            for name in *names {
                let said = refused(&[name, "x"]);
                assert!(said.contains(&format!("'{name}'")), "{said}");
                assert!(said.contains(&format!("tip: {tip}")), "{said}");
                assert_eq!(said.matches("tip:").count(), 1, "{said}");
            }
            for command in tip.split("'gc-token ").skip(1) {
                let words =
                    ["gc-token"].into_iter().chain(command.split('\'').next().unwrap().split(' '));
                let error = Cli::try_parse_from(words).err().map(|refusal| refusal.kind());
                // That 'exec' lacks its command is all right.
                assert!(matches!(error, None | Some(ErrorKind::MissingRequiredArgument)), "{tip}");
            }
        }
        assert!(!refused(&["get", "login"]).contains("tip:"));
    }

    #[test]
    fn a_mistake_before_the_command_of_exec_is_no_command() {
        for flag in ["--min-tll", "-x", "--min-tll=3"] {
            let said = refused(&["exec", flag, "terraform", "apply"]);
            assert!(said.contains("unexpected argument"), "{said}");
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
        // The command of `exec` need not be UTF-8: another word is at fault.
        let args = ["gc-token", "exec", "--min-tll", "--", "cat"].map(OsString::from);
        let args = [&args[..], &[odd(b"\xff")]].concat();
        let said = message(Cli::try_parse_from(&args).unwrap_err(), &args);
        assert!(said.contains("'--min-tll'") && !said.contains("UTF-8"), "{said}");
    }
}
