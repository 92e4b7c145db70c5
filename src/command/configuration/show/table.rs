//! The settings as a table of names, values and origins.

use super::ShownSettings;
use crate::config::{InspectedSetting, InspectedValue, Origin};
use crate::context::Screen;
use crate::error::Error;
use crate::sanitize;

pub(super) struct SettingsTable<'a> {
    pub(super) settings: &'a ShownSettings<'a>,
    pub(super) is_verbose: bool,
    pub(super) screen: Screen,
}

const NAME_WIDTH: usize = 15;
/// A UUID fits.
const VALUE_WIDTH: usize = 36;
/// The width of a table for a file or a pipe.
const DEFAULT_COLUMNS: usize = 80;

impl SettingsTable<'_> {
    pub(super) fn to_text(&self) -> String {
        let mut text = match &self.settings.profile {
            Some((name, file)) => {
                let line = format!("profile {name:?} in {}", file.display());
                format!("{}\n\n", self.screen.wrap(&sanitize::line(&line), 2))
            }
            None => "no profile\n\n".to_owned(),
        };
        for setting in &self.settings.settings {
            text += &self.rows(setting);
        }
        let faults = self.settings.unreadable.iter().chain(&self.settings.key_faults);
        let faults: String = faults.map(|fault| self.fault(0, fault)).collect();
        if !faults.is_empty() {
            text += &format!("\n{faults}");
        }
        text
    }

    fn rows(&self, setting: &InspectedSetting) -> String {
        let mut rows = match setting.values.split_first() {
            None => {
                let default = setting.default.as_deref();
                let origin = if default.is_some() { "default" } else { "not set" };
                self.row(setting.name, default.unwrap_or("-"), origin)
            }
            Some((value, overridden)) => {
                let mut rows = self.row(setting.name, &value.shown, &origin(value));
                for value in overridden.iter().filter(|_| self.is_verbose) {
                    rows += &self.row("", &value.shown, &format!("{}, overridden", origin(value)));
                }
                rows
            }
        };
        rows.extend(setting.fault.iter().map(|fault| self.fault(NAME_WIDTH, fault)));
        rows
    }

    /// Puts the origin into a line of its own if there is no room beside the value.
    fn row(&self, name: &str, value: &str, origin: &str) -> String {
        let value = sanitize::line(value);
        let origin = sanitize::line(origin);
        let columns = self.screen.columns.unwrap_or(DEFAULT_COLUMNS);
        let free = columns.saturating_sub(NAME_WIDTH + 2 + origin.chars().count());
        let width = VALUE_WIDTH.min(free);
        if value.chars().count() <= width {
            return format!("{name:<NAME_WIDTH$}{value:<width$}  {origin}\n");
        }
        let value = self.screen.wrap(&value, NAME_WIDTH);
        let origin = self.screen.wrap(&format!("from {origin}"), NAME_WIDTH + 4);
        format!("{name:<NAME_WIDTH$}{value}\n{:NAME_WIDTH$}  {origin}\n", "")
    }

    fn fault(&self, indent: usize, fault: &Error) -> String {
        let message = fault.one_line();
        let message = match &self.settings.profile {
            Some((name, file)) => {
                message.replacen(&format!(" of profile {name:?} in {}", file.display()), "", 1)
            }
            None => message,
        };
        let columns = self.screen.columns.unwrap_or(DEFAULT_COLUMNS);
        let screen = Screen { columns: Some(columns), ..self.screen };
        let message = screen.wrap(&format!("! {}", sanitize::line(&message)), indent + 2);
        format!("{:indent$}{message}\n", "")
    }
}

fn origin(value: &InspectedValue) -> String {
    match (&value.origin, value.line) {
        (Origin::Profile { .. }, Some(line)) => format!("line {line}"),
        (Origin::Profile { key, .. }, None) => format!("{key} of the profile"),
        (origin, _) => origin.to_string(),
    }
}
