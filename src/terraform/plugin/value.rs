//! Terraform's values.

use std::collections::BTreeMap;
use std::fmt;

/// The attributes of one block. Attributes that are not set are null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TerraformObject(pub(super) BTreeMap<String, TerraformValue>);

/// The value of an attribute. `Debug` hides it, because it may be a secret.
#[derive(Clone, PartialEq)]
pub enum TerraformValue {
    Null,
    /// Known only after apply.
    Unknown,
    String(String),
    Bool(bool),
    /// Whole numbers are exact up to 2^53.
    Number(f64),
    List(Vec<TerraformValue>),
    Map(BTreeMap<String, TerraformValue>),
}

impl TerraformObject {
    pub fn with(mut self, name: &str, value: impl Into<TerraformValue>) -> TerraformObject {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub fn get(&self, name: &str) -> &TerraformValue {
        self.0.get(name).unwrap_or(&TerraformValue::Null)
    }

    pub fn as_str(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            TerraformValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            TerraformValue::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn is_null(&self, name: &str) -> bool {
        *self.get(name) == TerraformValue::Null
    }

    /// Returns the names of attributes that are unknown in whole or in part.
    pub fn unknown_attributes(&self) -> impl Iterator<Item = &str> {
        let unknown = self.0.iter().filter(|(_, value)| value.holds_unknown());
        unknown.map(|(name, _)| name.as_str())
    }

    pub(super) fn merged_with(mut self, other: TerraformObject) -> TerraformObject {
        self.0.extend(other.0);
        self
    }
}

impl TerraformValue {
    fn holds_unknown(&self) -> bool {
        match self {
            TerraformValue::Unknown => true,
            TerraformValue::List(values) => values.iter().any(TerraformValue::holds_unknown),
            TerraformValue::Map(values) => values.values().any(TerraformValue::holds_unknown),
            TerraformValue::Null
            | TerraformValue::String(_)
            | TerraformValue::Bool(_)
            | TerraformValue::Number(_) => false,
        }
    }
}

impl fmt::Debug for TerraformValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TerraformValue::Null => "Null",
            TerraformValue::Unknown => "Unknown",
            TerraformValue::String(_) => "String(..)",
            TerraformValue::Bool(_) => "Bool(..)",
            TerraformValue::Number(_) => "Number(..)",
            TerraformValue::List(_) => "List(..)",
            TerraformValue::Map(_) => "Map(..)",
        })
    }
}

impl From<&str> for TerraformValue {
    fn from(text: &str) -> TerraformValue {
        TerraformValue::String(text.to_owned())
    }
}

impl From<String> for TerraformValue {
    fn from(text: String) -> TerraformValue {
        TerraformValue::String(text)
    }
}

impl From<bool> for TerraformValue {
    fn from(flag: bool) -> TerraformValue {
        TerraformValue::Bool(flag)
    }
}

impl From<f64> for TerraformValue {
    fn from(number: f64) -> TerraformValue {
        TerraformValue::Number(number)
    }
}

impl<T: Into<TerraformValue>> From<Option<T>> for TerraformValue {
    fn from(value: Option<T>) -> TerraformValue {
        value.map_or(TerraformValue::Null, Into::into)
    }
}

impl<T: Into<TerraformValue>> FromIterator<T> for TerraformValue {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> TerraformValue {
        TerraformValue::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<TerraformValue>> FromIterator<(String, T)> for TerraformValue {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> TerraformValue {
        let pairs = pairs.into_iter().map(|(key, value)| (key, value.into()));
        TerraformValue::Map(pairs.collect())
    }
}
