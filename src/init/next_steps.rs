//! What `init` prints at its end.

use crate::config::table;

/// Returns the commands to go on with, and the configuration for Terraform.
pub(crate) fn next_steps(profile: &str, required_providers: &str) -> String {
    let is_default = profile == "default";
    let flag = if is_default { String::new() } else { format!(" --profile {profile}") };
    let commands = [
        (format!("gc-token get{flag}"), "print a token"),
        (format!("gc-token exec{flag} -- COMMAND"), "run a command that gets a token"),
        (format!("gc-token doctor{flag}"), "check everything again"),
        ("gc-token terraform install".to_owned(), "install the Terraform provider"),
        (format!("gc-token ci{flag}"), "print a recipe for a CI system"),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines = commands.iter().map(|(command, does)| format!("  {command:<width$}  # {does}\n"));
    let provider = if is_default {
        String::new()
    } else {
        format!("\nprovider \"gctoken\" {{\n  profile = \"{profile}\"\n}}\n")
    };
    format!("\nNext:\n{}\n{required_providers}{provider}", lines.collect::<String>())
}

/// Returns statements for a POSIX shell, in place of a profile. The secret's value is not
/// among them.
pub(crate) fn exports(settings: &[(&str, &str)], secret_command: Option<&[String]>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let line = |(name, value): &(&str, &str)| format!("export {name}={}\n", quoted(value));
    let variable = table::SECRET_VARIABLES[1];
    let secret = match secret_command {
        Some(argv) => {
            let words: Vec<_> = argv.iter().map(|word| quoted(word)).collect();
            format!("export {variable}=\"$({})\"\n", words.join(" "))
        }
        None => format!("# {variable} is set where you keep the secret.\n"),
    };
    settings.iter().map(line).chain([secret]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_steps_name_a_profile_that_is_not_the_default_and_fit_80_columns() {
        let text = next_steps("default", "terraform {}\n");
        assert!(!text.contains("profile") && text.ends_with("terraform {}\n"), "{text}");
        let text = next_steps("prod", "terraform {}\n");
        assert!(text.contains("gc-token get --profile prod "), "{text}");
        assert!(text.ends_with("provider \"gctoken\" {\n  profile = \"prod\"\n}\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn exports_hold_a_command_and_no_secret() {
        let argv = ["pass".to_owned(), "it's".to_owned()];
        assert_eq!(
            exports(&[("A", "b c")], Some(&argv)),
            "export A='b c'\nexport GENESYSCLOUD_OAUTHCLIENT_SECRET=\"$('pass' 'it'\\''s')\"\n"
        );
        let text = exports(&[], None);
        assert!(text.starts_with("# GENESYSCLOUD_OAUTHCLIENT_SECRET is set"), "{text}");
    }
}
