//! Terraform's values, and how they travel: as msgpack in a `DynamicValue`.

use std::collections::BTreeMap;
use std::fmt;

use super::diagnostic::Diagnostic;
use super::proto::DynamicValue;
use super::schema::{Block, Type};

/// The attributes of one block. An attribute that is not set is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(BTreeMap<String, Value>);

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

    /// Reads what Terraform sent for `block`. A type that is not the schema's
    /// is an error, so that a provider can rely on its own schema.
    pub(super) fn decode(block: &Block, wire: Option<&DynamicValue>) -> Result<Object, Diagnostic> {
        let Some(wire) = wire else {
            return Ok(Object::default());
        };
        let mut bytes = wire.msgpack.as_slice();
        let value = rmpv::decode::read_value(&mut bytes)
            .map_err(|error| unreadable(&format!("it is not msgpack: {error}")))?;
        if !bytes.is_empty() {
            return Err(unreadable("something follows its end"));
        }
        match value {
            rmpv::Value::Nil => Ok(Object::default()),
            rmpv::Value::Ext(..) => {
                let unknown = |name: &'static str| (name.to_owned(), Value::Unknown);
                let names = block.attributes.iter().map(|attribute| attribute.name);
                Ok(Object(names.map(unknown).collect()))
            }
            rmpv::Value::Map(pairs) => {
                let pairs = pairs.into_iter().map(|pair| attribute(block, pair));
                pairs.collect::<Result<_, _>>().map(Object)
            }
            _ => Err(unreadable("it is not an object")),
        }
    }

    /// Writes the object for Terraform, which wants *every* attribute of the
    /// schema, nulls included.
    pub(super) fn encode(&self, block: &Block) -> Result<DynamicValue, Diagnostic> {
        let pair = |name| (rmpv::Value::from(name), self.get(name).to_msgpack());
        let names = block.attributes.iter().map(|attribute| attribute.name);
        let mut msgpack = Vec::new();
        rmpv::encode::write_value(&mut msgpack, &rmpv::Value::Map(names.map(pair).collect()))
            .map_err(|error| {
                Diagnostic::error("The result cannot be encoded", error.to_string())
            })?;
        Ok(DynamicValue { msgpack })
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

    /// `None` when the value is not of type `kind`.
    fn from_msgpack(kind: &Type, value: rmpv::Value) -> Option<Value> {
        Some(match (kind, value) {
            (_, rmpv::Value::Nil) => Value::Null,
            // Terraform uses several codes, with and without a payload that
            // narrows down what the value may become.
            (_, rmpv::Value::Ext(..)) => Value::Unknown,
            (Type::String, rmpv::Value::String(text)) => Value::String(text.into_str()?),
            (Type::Bool, rmpv::Value::Boolean(truth)) => Value::Bool(truth),
            // A number that fits neither 64-bit format travels as text.
            (Type::Number, rmpv::Value::String(text)) => {
                Value::Number(text.as_str()?.parse().ok()?)
            }
            (Type::Number, number) => Value::Number(number.as_f64()?),
            (Type::List(element), rmpv::Value::Array(values)) => {
                let values = values.into_iter();
                let values = values.map(|value| Value::from_msgpack(element, value));
                Value::List(values.collect::<Option<_>>()?)
            }
            (Type::Map(element), rmpv::Value::Map(pairs)) => {
                let pair = |(key, value)| {
                    let rmpv::Value::String(key) = key else {
                        return None;
                    };
                    Some((key.into_str()?, Value::from_msgpack(element, value)?))
                };
                Value::Map(pairs.into_iter().map(pair).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn to_msgpack(&self) -> rmpv::Value {
        match self {
            Value::Null => rmpv::Value::Nil,
            Value::Unknown => rmpv::Value::Ext(0, vec![0]),
            Value::String(text) => text.as_str().into(),
            Value::Bool(truth) => (*truth).into(),
            Value::Number(number) if number.fract() == 0.0 && number.abs() < EXACT_BELOW => {
                (*number as i64).into()
            }
            Value::Number(number) => (*number).into(),
            Value::List(values) => values.iter().map(Value::to_msgpack).collect(),
            Value::Map(values) => {
                let pair =
                    |(key, value): (&String, &Value)| (key.as_str().into(), value.to_msgpack());
                rmpv::Value::Map(values.iter().map(pair).collect())
            }
        }
    }
}

/// Every whole number below 2^53 has a double of its own.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// One attribute of `block` from the wire.
fn attribute(
    block: &Block,
    (name, value): (rmpv::Value, rmpv::Value),
) -> Result<(String, Value), Diagnostic> {
    let name = name
        .as_str()
        .ok_or_else(|| unreadable("an attribute's name is not text"))?;
    let known = block
        .attributes
        .iter()
        .find(|attribute| attribute.name == name);
    let attribute = known.ok_or_else(|| unreadable(&format!("it has no attribute {name:?}")))?;
    let value = Value::from_msgpack(&attribute.kind, value).ok_or_else(|| {
        unreadable(&format!("{name:?} is not of type {:?}", attribute.kind)).at(name)
    })?;
    Ok((name.to_owned(), value))
}

fn unreadable(why: &str) -> Diagnostic {
    let detail = format!("The value does not fit the provider's schema: {why}.");
    Diagnostic::error("Terraform sent an unreadable configuration", detail)
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
