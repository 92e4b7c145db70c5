//! A standard stream as people see it: colour and width.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use terminal_size::{Height, Width, terminal_size_of};

use super::Environment;

/// A stream that is no terminal has no width: its lines are not wrapped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    pub is_terminal: bool,
    pub is_colored: bool,
    pub columns: Option<usize>,
}

/// The meaning of a colour. Only the 16 colours of ANSI are used, and never a background:
/// the terminal's theme gives them their shades, so that they fit light and dark ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    Failure,
    Warning,
    Good,
    Hint,
    Muted,
    Strong,
}

/// Narrower terminals get lines of this width, which they wrap themselves.
const MIN_COLUMNS: usize = 40;

const MAX_COLUMNS: usize = 100;

impl Screen {
    pub fn stdout(env: &Environment) -> Screen {
        let stream = std::io::stdout();
        Screen::new(env, stream.is_terminal(), terminal_size_of(&stream))
    }

    pub fn stderr(env: &Environment) -> Screen {
        let stream = std::io::stderr();
        Screen::new(env, stream.is_terminal(), terminal_size_of(&stream))
    }

    fn new(env: &Environment, is_terminal: bool, size: Option<(Width, Height)>) -> Screen {
        let columns = size.map(|(Width(columns), _)| usize::from(columns));
        Screen {
            is_terminal,
            is_colored: wants_color(env, is_terminal),
            columns: columns.map(|columns| columns.clamp(MIN_COLUMNS, MAX_COLUMNS)),
        }
    }

    pub fn paint<T: Display>(self, emphasis: Emphasis, text: T) -> Painted<T> {
        Painted { style: if self.is_colored { emphasis.style() } else { Style::new() }, text }
    }

    /// Emphasizes the labels of a message, each at the beginning of a line. Whatever the
    /// message quotes was sanitized before, so that all escape sequences are from here.
    pub(crate) fn paint_message(self, message: &str) -> String {
        if !self.is_colored {
            return message.to_owned();
        }
        let lines: Vec<_> = message.split('\n').map(|line| self.paint_label(line)).collect();
        lines.join("\n")
    }

    fn paint_label(self, line: &str) -> String {
        let text = line.trim_start_matches(' ');
        let indent = &line[..line.len() - text.len()];
        for (label, emphasis) in LABELS {
            if let Some(rest) = text.strip_prefix(label) {
                return format!("{indent}{}{rest}", self.paint(*emphasis, label));
            }
        }
        line.to_owned()
    }

    /// Fits the lines of a table of labels and values, whose values begin behind `indent`
    /// columns.
    pub(crate) fn wrap_values(self, table: &str, indent: usize) -> String {
        let fits = |line: &str| self.columns.is_none_or(|width| line.chars().count() <= width);
        let lines = table.lines().map(|line| match split_label(line, indent) {
            (label, value) if !fits(line) => format!("{label}{}\n", self.wrap(value, indent)),
            _ => format!("{line}\n"),
        });
        lines.collect()
    }

    /// Fits a paragraph into the width, with `indent` before all lines but the first, which
    /// begins behind as many columns. A long word, such as a path, stays whole.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> String {
        let Some(width) = self.columns else {
            return text.to_owned();
        };
        let options = textwrap::Options::new(width.saturating_sub(indent).max(20))
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::wrap(text, options).join(&format!("\n{:indent$}", ""))
    }
}

fn split_label(line: &str, indent: usize) -> (&str, &str) {
    line.split_at_checked(indent).unwrap_or(("", line))
}

const LABELS: &[(&str, Emphasis)] = &[
    ("error:", Emphasis::Failure),
    ("warning:", Emphasis::Warning),
    ("cause:", Emphasis::Muted),
    ("settings:", Emphasis::Muted),
    ("hint:", Emphasis::Hint),
    ("tip:", Emphasis::Hint),
    ("Usage:", Emphasis::Strong),
];

/// Decides as <https://no-color.org> and <https://bixense.com/clicolors> describe it.
/// `FORCE_COLOR` is what Node's tools call `CLICOLOR_FORCE`.
pub(crate) fn wants_color(env: &Environment, is_terminal: bool) -> bool {
    let is_on = |name| env.text(name).is_some_and(|value| value != "0" && value != "false");
    if env.text("NO_COLOR").is_some() {
        return false;
    }
    if is_on("CLICOLOR_FORCE") || is_on("FORCE_COLOR") {
        return true;
    }
    is_terminal && env.text("CLICOLOR").is_none_or(|value| value != "0") && !is_dumb(env)
}

/// Returns whether a terminal cannot move its cursor or show colours.
pub(crate) fn is_dumb(env: &Environment) -> bool {
    env.text("TERM").is_none_or(|term| term == "dumb")
}

impl Emphasis {
    fn style(self) -> Style {
        let color = |color: AnsiColor| color.on_default();
        match self {
            Emphasis::Failure => color(AnsiColor::Red).bold(),
            Emphasis::Warning => color(AnsiColor::Yellow).bold(),
            Emphasis::Good => color(AnsiColor::Green),
            Emphasis::Hint => color(AnsiColor::Cyan),
            Emphasis::Muted => Style::new().dimmed(),
            Emphasis::Strong => Style::new().bold(),
        }
    }
}

pub struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_on_colour_before_the_terminal() {
        let on = |pairs: &[(&str, &str)], is_terminal| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.into());
            wants_color(&Environment::fixed(pairs.iter().map(own)), is_terminal)
        };
        let xterm = ("TERM", "xterm-256color");
        for (variables, terminal, other) in [
            (&[xterm][..], true, false),
            (&[], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[xterm, ("NO_COLOR", "1")], false, false),
            (&[xterm, ("NO_COLOR", "")], true, false),
            (&[xterm, ("CLICOLOR", "0")], false, false),
            (&[xterm, ("CLICOLOR", "1")], true, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[xterm, ("CLICOLOR_FORCE", "0")], true, false),
            (&[("FORCE_COLOR", "1"), ("TERM", "dumb")], true, true),
            (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false, false),
            (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true, true),
        ] {
            assert_eq!(
                (on(variables, true), on(variables, false)),
                (terminal, other),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn only_labels_at_the_beginning_of_a_line_are_emphasized() {
        let screen = Screen { is_colored: true, ..Screen::default() };
        let message = "error: x: error: y\n  hint: do it";
        assert_eq!(
            screen.paint_message(message),
            "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m x: error: y\n  \u{1b}[36mhint:\u{1b}[0m do it"
        );
        assert_eq!(Screen::default().paint_message(message), message);
    }

    #[test]
    fn only_a_terminal_wraps_lines() {
        let text = "one two three /a/path/that/is/longer/than/all/of/that four";
        assert_eq!(Screen::default().wrap(text, 4), text);
        let narrow = Screen { columns: Some(24), ..Screen::default() };
        let wrapped = "one two three\n    /a/path/that/is/longer/than/all/of/that\n    four";
        assert_eq!(narrow.wrap(text, 4), wrapped);
    }
}
