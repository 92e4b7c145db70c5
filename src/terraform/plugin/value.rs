//! Terraform's values.

use std::collections::BTreeMap;
use std::fmt;

/// The attributes of one block. An attribute that is not set is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(pub(super) BTreeMap<String, Value>);

/// The value of an attribute. `Debug` does not show it: it may be a secret.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Not set.
    Null,
    /// Known only after apply.
    Unknown,
    /// Text.
    String(String),
    /// True or false.
    Bool(bool),
    /// A number; whole numbers are exact up to 2^53.
    Number(f64),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(BTreeMap<String, Value>),
}

impl Object {
    /// Sets an attribute.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Object {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The attribute's value.
    pub fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// The attribute's text; `None` when it is null, unknown or no text.
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The attribute's truth; `None` when it is null, unknown or no bool.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether the attribute is not set.
    pub fn is_null(&self, name: &str) -> bool {
        *self.get(name) == Value::Null
    }

    /// The names of attributes that are unknown, or hold something unknown.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let unknown = self.0.iter().filter(|(_, value)| value.holds_unknown());
        unknown.map(|(name, _)| name.as_str())
    }

    /// This object with the attributes of `other` set, too.
    pub fn and(mut self, other: Object) -> Object {
        self.0.extend(other.0);
        self
    }
}

impl Value {
    /// Whether any part of the value is known only after apply.
    fn holds_unknown(&self) -> bool {
        match self {
            Value::Unknown => true,
            Value::List(values) => values.iter().any(Value::holds_unknown),
            Value::Map(values) => values.values().any(Value::holds_unknown),
            Value::Null | Value::String(_) | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Null => "Null",
            Value::Unknown => "Unknown",
            Value::String(_) => "String(..)",
            Value::Bool(_) => "Bool(..)",
            Value::Number(_) => "Number(..)",
            Value::List(_) => "List(..)",
            Value::Map(_) => "Map(..)",
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    /// A list.
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Value {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> FromIterator<(String, T)> for Value {
    /// A map.
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Value {
        let pairs = pairs.into_iter().map(|(key, value)| (key, value.into()));
        Value::Map(pairs.collect())
    }
}
