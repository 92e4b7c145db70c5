//! Questions to the person who sets a profile up.

use std::io;

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::platform::TerminalPrompt;
use crate::sanitize;
use crate::text::{self, flaws};

pub(crate) struct Dialogue(TerminalPrompt);

impl Dialogue {
    /// # Errors
    /// If there is no terminal.
    pub(crate) fn open() -> Result<Dialogue> {
        TerminalPrompt::open().map(Dialogue).map_err(|error| no_answer().with_source(error))
    }

    pub(crate) fn say(&mut self, message: &str) -> Result<()> {
        let lines = sanitize::lines(message).into_owned();
        self.0.show(&format!("{lines}\n")).map_err(|error| no_answer().with_source(error))
    }

    /// Asks until there is an answer without a visible mistake; an empty one is the default.
    pub(crate) fn ask(&mut self, question: &str, default: Option<&str>) -> Result<String> {
        let default = default.unwrap_or_default();
        let hint = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        loop {
            self.show(&format!("{question}{hint}: "))?;
            let line = self.0.read_line();
            let line = answer(line)?;
            match text::clean(&line).map(pasted) {
                Ok("") if default.is_empty() => {}
                Ok("") => return Ok(default.to_owned()),
                Ok(answer) => match flaws::of(answer) {
                    None => return Ok(answer.to_owned()),
                    Some(flaw) => self.say(&format!("  It {flaw}."))?,
                },
                Err(bad) => self.say(&format!("  It {bad}."))?,
            }
        }
    }

    /// Asks for a command, whose quotation marks have a meaning.
    pub(crate) fn ask_command(&mut self, question: &str) -> Result<String> {
        loop {
            self.show(&format!("{question}: "))?;
            let line = self.0.read_line();
            let line = answer(line)?;
            match text::clean(&line) {
                Ok(command) => return Ok(command.trim().to_owned()),
                Err(bad) => self.say(&format!("  It {bad}."))?,
            }
        }
    }

    /// Asks without echo; `None` is an empty answer. A visible mistake is named, and the
    /// question repeated.
    pub(crate) fn ask_secret(&mut self, question: &str) -> Result<Option<SecretString>> {
        loop {
            let line = self.0.read_hidden_line(&format!("{question}: "));
            let line = answer(line)?;
            match text::clean(&line).map(pasted) {
                Ok("") => return Ok(None),
                Ok(secret) => match flaws::of(secret) {
                    None => return Ok(Some(secret.into())),
                    Some(flaw) => self.say(&format!("  It {flaw}."))?,
                },
                Err(bad) => self.say(&format!("  It {bad}."))?,
            }
        }
    }

    /// An empty answer means yes.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<bool> {
        self.ask_yes_or_no(question, true)
    }

    /// An empty answer means no.
    pub(crate) fn confirm_loss(&mut self, question: &str) -> Result<bool> {
        self.ask_yes_or_no(question, false)
    }

    fn ask_yes_or_no(&mut self, question: &str, default: bool) -> Result<bool> {
        let choices = if default { "Y/n" } else { "y/N" };
        loop {
            self.show(&format!("{question} [{choices}]: "))?;
            let line = self.0.read_line();
            let line = answer(line)?;
            match line.trim_ascii().to_ascii_lowercase().as_slice() {
                b"" => return Ok(default),
                b"y" | b"yes" => return Ok(true),
                b"n" | b"no" => return Ok(false),
                _ => self.say("  Answer y or n.")?,
            }
        }
    }

    fn show(&mut self, question: &str) -> Result<()> {
        self.0.show(question).map_err(|error| no_answer().with_source(error))
    }
}

fn answer(line: io::Result<Option<Zeroizing<Vec<u8>>>>) -> Result<Zeroizing<Vec<u8>>> {
    let line = line.map_err(|error| no_answer().with_source(error))?;
    line.ok_or_else(|| no_answer().with_cause("the input has ended"))
}

fn no_answer() -> Error {
    Error::new(Kind::Configuration, "a question was not answered, and nothing was written")
        .with_hint("'gc-token init --help' names the flags that take the place of questions")
}

/// Strips blanks, and the quotation marks of a value that was copied out of a file or a form.
fn pasted(text: &str) -> &str {
    let text = text.trim();
    let unquoted = ['"', '\''].iter().find_map(|quote| {
        let inside = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inside.contains(*quote)).then_some(inside.trim())
    });
    unquoted.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_one_pair_of_quotes_are_taken_off() {
        for (text, is) in [
            (" a b ", "a b"),
            ("\"a\"", "a"),
            ("' a '", "a"),
            ("\"a", "\"a"),
            ("'a\"", "'a\""),
            ("'a' 'b'", "'a' 'b'"),
            ("\"", "\""),
            ("''", ""),
        ] {
            assert_eq!(pasted(text), is, "{text}");
        }
    }
}
