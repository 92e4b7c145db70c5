//! Renders the settings as a table and as JSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::config::{InspectedSetting, InspectedValue, Origin};
use crate::error::Error;
use crate::sanitize;
use crate::text::shown;

pub(super) struct ShownSettings<'a> {
    /// Name and file.
    pub(super) profile: Option<(String, &'a Path)>,
    pub(super) settings: Vec<InspectedSetting>,
    /// The reason why no profile could be read.
    pub(super) unreadable: Option<Error>,
    /// Keys of the profile that are not settings.
    pub(super) key_faults: Vec<Error>,
}

const NAME_WIDTH: usize = 15;
/// A UUID fits.
const VALUE_WIDTH: usize = 36;

impl ShownSettings<'_> {
    /// Overridden values are for the verbose table.
    pub(super) fn to_text(&self, is_verbose: bool) -> String {
        let mut text = match &self.profile {
            Some((name, file)) => {
                sanitize::lines(&format!("profile {name:?} in {}\n\n", file.display())).into_owned()
            }
            None => "no profile\n\n".to_owned(),
        };
        let faults = self.unreadable.iter().chain(&self.key_faults);
        let faults: String = faults.map(|fault| self.fault_line("", fault)).collect();
        for setting in &self.settings {
            text += &self.rows(setting, is_verbose);
        }
        if !faults.is_empty() {
            text += &format!("\n{faults}");
        }
        text
    }

    fn rows(&self, setting: &InspectedSetting, is_verbose: bool) -> String {
        let mut rows = match setting.values.split_first() {
            None => {
                let default = setting.default.as_deref();
                let origin = if default.is_some() { "default" } else { "not set" };
                row(setting.name, default.unwrap_or("-"), origin)
            }
            Some((value, overridden)) => {
                let mut rows = row(setting.name, &value.shown, &self.origin(value));
                for value in overridden.iter().filter(|_| is_verbose) {
                    rows += &row("", &value.shown, &format!("{}, overridden", self.origin(value)));
                }
                rows
            }
        };
        rows.extend(setting.fault.iter().map(|fault| self.fault_line(INDENT, fault)));
        rows
    }

    fn origin(&self, value: &InspectedValue) -> String {
        match (&value.origin, value.line) {
            (Origin::Profile { .. }, Some(line)) => format!("line {line}"),
            (Origin::Profile { key, .. }, None) => format!("{key} of the profile"),
            (origin, _) => origin.to_string(),
        }
    }

    fn fault_line(&self, indent: &str, fault: &Error) -> String {
        let message = fault.one_line();
        let message = match &self.profile {
            Some((name, file)) => {
                message.replacen(&format!(" of profile {name:?} in {}", file.display()), "", 1)
            }
            None => message,
        };
        wrapped(&format!("! {}", sanitize::line(&message)), indent)
    }

    pub(super) fn to_json(&self) -> Value {
        let profile = self
            .profile
            .as_ref()
            .map(|(name, file)| json!({ "name": name, "file": file.display().to_string() }));
        let settings: Vec<_> = self.settings.iter().map(setting_json).collect();
        let faults = self.unreadable.iter().chain(&self.key_faults).map(Error::one_line);
        json!({ "profile": profile, "settings": settings, "faults": faults.collect::<Vec<_>>() })
    }
}

const INDENT: &str = "               ";

fn row(name: &str, value: &str, origin: &str) -> String {
    let value = sanitize::line(value);
    let origin = sanitize::line(origin);
    let free = SCREEN_WIDTH.saturating_sub(NAME_WIDTH + 2 + origin.chars().count());
    let width = VALUE_WIDTH.min(free);
    if value.chars().count() > width {
        return format!("{name:<NAME_WIDTH$}{value}\n{INDENT}  from {origin}\n");
    }
    format!("{name:<NAME_WIDTH$}{value:<width$}  {origin}\n")
}

fn setting_json(setting: &InspectedSetting) -> Value {
    let (value, overridden) = match setting.values.split_first() {
        Some((value, overridden)) => (Some(value), overridden),
        None => (None, &[][..]),
    };
    let default = setting.default.as_ref();
    let origin = match value {
        Some(value) => origin_json(value),
        None if default.is_some() => json!({ "kind": "default" }),
        None => Value::Null,
    };
    let overridden: Vec<_> = overridden
        .iter()
        .map(|value| json!({ "value": value.shown, "origin": origin_json(value) }))
        .collect();
    json!({
        "name": setting.name,
        "value": value.map(|value| &value.shown).or(default),
        "origin": origin,
        "overridden": overridden,
        "fault": setting.fault.as_ref().map(Error::one_line),
    })
}

fn origin_json(value: &InspectedValue) -> Value {
    match &value.origin {
        Origin::Flag(name) => json!({ "kind": "flag", "name": format!("--{name}") }),
        Origin::Variable(name) => json!({ "kind": "variable", "name": name }),
        Origin::Profile { profile, key, file } => json!({
            "kind": "profile",
            "profile": shown::plain(profile),
            "key": key,
            "file": file.display().to_string(),
            "line": value.line,
        }),
        Origin::Query(name) | Origin::Attribute(name) => {
            json!({ "kind": "argument", "name": name })
        }
    }
}

const SCREEN_WIDTH: usize = 80;

/// Breaks a text between words, so that each line fits the screen.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("the first line is there");
        if line.len() > indent.len() + 2
            && line.chars().count() + word.chars().count() > SCREEN_WIDTH
        {
            lines.push(format!("{indent}  {word} "));
        } else {
            line.push_str(word);
            line.push(' ');
        }
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_mistake_is_broken_between_words() {
        let text = format!("! {}", "seven77 ".repeat(20));
        let lines = wrapped(text.trim(), INDENT);
        assert!(lines.lines().count() > 2, "{lines}");
        assert!(lines.lines().all(|line| line.len() <= SCREEN_WIDTH), "{lines}");
        assert_eq!(wrapped("! short", ""), "! short\n");
    }
}
