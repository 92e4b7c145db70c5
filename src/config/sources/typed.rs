//! Values of settings, as types.

use jiff::SignedDuration;

use super::{Layers, Sourced};
use crate::config::setting::{Setting, ValueType};
use crate::config::table;
use crate::duration;
use crate::error::Result;

impl Layers {
    pub fn duration(&self, setting: &'static Setting) -> Result<Option<SignedDuration>> {
        let Some(given) = self.find(setting) else {
            return Ok(None);
        };
        let parsed = duration::parse(&given.value);
        parsed.map(Some).map_err(|why| given.refused(&why.to_string()))
    }

    /// # Panics
    /// For a setting whose default is not a duration.
    pub fn duration_or_default(&self, setting: &'static Setting) -> Result<SignedDuration> {
        Ok(self.duration(setting)?.unwrap_or_else(|| setting.default_duration()))
    }

    /// Returns the value of a setting that is one of a list: `values` are those of the
    /// setting's row, in its order.
    pub fn choice<T: Copy>(
        &self,
        setting: &'static Setting,
        values: &[(&str, T)],
    ) -> Result<Option<T>> {
        debug_assert!(
            matches!(setting.value, ValueType::Choice(names)
                if names.iter().eq(values.iter().map(|(name, _)| name))),
            "the row of --{} has other values",
            setting.flag
        );
        let find = |name: &str| values.iter().find(|(known, _)| *known == name);
        match self.find(setting) {
            Some(given) => match find(&given.value) {
                Some((_, value)) => Ok(Some(*value)),
                None => {
                    let known: Vec<_> = values.iter().map(|(name, _)| *name).collect();
                    let hint = format!("one of {}", known.join(", "));
                    Err(given.refused("is unknown").with_hint(hint))
                }
            },
            None => Ok(setting.default_text().and_then(find).map(|(_, value)| *value)),
        }
    }

    /// # Panics
    /// For a setting without a default.
    pub fn choice_or_default<T: Copy>(
        &self,
        setting: &'static Setting,
        values: &[(&str, T)],
    ) -> Result<T> {
        Ok(self.choice(setting, values)?.expect("the default is one of the values"))
    }

    /// Returns false if the setting is not given.
    pub fn bool(&self, setting: &'static Setting) -> Result<bool> {
        self.bool_or(setting, false)
    }

    pub fn bool_or(&self, setting: &'static Setting, default: bool) -> Result<bool> {
        let Some(given) = self.find(setting) else {
            return Ok(default);
        };
        parse_bool(&given)
    }

    /// Returns the level of messages: 0 warnings, 1 decisions, 2 each step.
    pub fn verbosity(&self) -> Result<u8> {
        let Some(given) = self.find(&table::VERBOSE) else {
            return Ok(0);
        };
        given.value.parse().map_err(|_| given.refused("is not a number from 0 to 2"))
    }
}

pub(super) fn parse_bool(given: &Sourced) -> Result<bool> {
    match given.value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(given.refused("is neither true nor false").with_hint("write true or false")),
    }
}
