//! How values travel: as msgpack in a `DynamicValue`, with cty's conventions.

use super::diagnostic::Diagnostic;
use super::proto::DynamicValue;
use super::schema::{Block, Type};
use super::value::{Object, Value};

impl Object {
    /// Reads what Terraform sent for `block`. A type that is not the schema's
    /// is an error, so that a provider can rely on its own schema.
    pub(super) fn decode(block: &Block, wire: Option<&DynamicValue>) -> Result<Object, Diagnostic> {
        let Some(wire) = wire else {
            return Ok(Object::default());
        };
        let mut bytes = wire.msgpack.as_slice();
        let value = rmpv::decode::read_value_with_max_depth(&mut bytes, DEPTH)
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

/// How deep a value may be nested, in rmpv's steps, of which it takes a few for
/// each level. Its own limit, 1024, is too much for a thread's stack.
const DEPTH: usize = 64;

/// Every whole number below 2^53 has a double of its own.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// One attribute of `block` from the wire.
fn attribute(
    block: &Block,
    (name, value): (rmpv::Value, rmpv::Value),
) -> Result<(String, Value), Diagnostic> {
    let name = name.as_str().ok_or_else(|| unreadable("an attribute's name is not text"))?;
    let known = block.attributes.iter().find(|attribute| attribute.name == name);
    let attribute = known.ok_or_else(|| unreadable(&format!("it has no attribute {name:?}")))?;
    let value = Value::from_msgpack(&attribute.kind, value).ok_or_else(|| {
        unreadable(&format!("{name:?} is not of type {:?}", attribute.kind)).with_attribute(name)
    })?;
    Ok((name.to_owned(), value))
}

fn unreadable(why: &str) -> Diagnostic {
    let detail = format!("The value does not fit the provider's schema: {why}.");
    Diagnostic::error("Terraform sent an unreadable configuration", detail)
}

/// Reads `bytes` as what Terraform sends; what can be read can be written and read again.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use super::schema::Attribute;

    let block = Block::new("")
        .with(Attribute::required("text", Type::String, ""))
        .with(Attribute::optional("flag", Type::Bool, ""))
        .with(Attribute::optional("number", Type::Number, ""))
        .with(Attribute::optional("list", Type::list(Type::String), ""))
        .with(Attribute::computed("map", Type::map(Type::Number), ""));
    if let Ok(object) = Object::decode(&block, Some(&DynamicValue { msgpack: bytes.to_vec() })) {
        let sent = object.encode(&block);
        let sent = sent.unwrap_or_else(|_| panic!("{object:?} cannot be sent"));
        assert!(Object::decode(&block, Some(&sent)).is_ok(), "{object:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::plugin::schema::Attribute;
    use proptest::prelude::*;

    fn block() -> Block {
        Block::new("")
            .with(Attribute::required("text", Type::String, ""))
            .with(Attribute::optional("flag", Type::Bool, ""))
            .with(Attribute::optional("number", Type::Number, ""))
            .with(Attribute::optional("list", Type::list(Type::String), ""))
            .with(Attribute::computed("map", Type::map(Type::Number), ""))
    }

    fn wire(value: rmpv::Value) -> DynamicValue {
        let mut msgpack = Vec::new();
        rmpv::encode::write_value(&mut msgpack, &value).unwrap();
        DynamicValue { msgpack }
    }

    #[test]
    fn every_attribute_is_sent_and_those_not_set_are_null() {
        let sent = Object::default().with("text", "x").encode(&block()).unwrap();
        let null = rmpv::Value::Nil;
        let pairs = [
            ("text", "x".into()),
            ("flag", null.clone()),
            ("number", null.clone()),
            ("list", null.clone()),
            ("map", null),
        ];
        let pairs = pairs.map(|(name, value): (&str, rmpv::Value)| (name.into(), value));
        assert_eq!(sent, wire(rmpv::Value::Map(pairs.to_vec())));
    }

    #[test]
    fn a_whole_number_travels_as_one_and_a_large_one_as_text() {
        let number = |value| wire(rmpv::Value::Map(vec![("number".into(), value)]));
        let ten = Object::default().with("number", 10.0).encode(&block()).unwrap();
        assert!(
            ten.msgpack
                .ends_with(&[10, 0xa4, b'l', b'i', b's', b't', 0xc0, 0xa3, b'm', b'a', b'p', 0xc0])
        );
        let large = Object::decode(&block(), Some(&number("1e30".into()))).unwrap();
        assert_eq!(*large.get("number"), Value::Number(1e30));
        Object::decode(&block(), Some(&number("many".into()))).unwrap_err();
    }

    #[test]
    fn a_part_that_is_unknown_is_found() {
        let list = Value::List(vec![Value::from("known"), Value::Unknown]);
        let object = Object::default().with("list", list).with("text", "x");
        assert_eq!(object.unknown().collect::<Vec<_>>(), ["list"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let object = Object::default().with("text", "hush");
        assert_eq!(format!("{object:?}"), r#"Object({"text": String(..)})"#);
        let wire = object.encode(&block()).unwrap();
        assert_eq!(format!("{wire:?}"), "DynamicValue { .. }");
    }

    fn values() -> impl Strategy<Value = Object> {
        let pair = (any::<Option<String>>(), any::<Option<bool>>(), any::<Option<i32>>());
        let more = (proptest::collection::vec(any::<String>(), 0..4), any::<f64>());
        (pair, more).prop_map(|((text, flag, number), (list, fraction))| {
            Object::default()
                .with("text", text)
                .with("flag", flag)
                .with("number", number.map(f64::from))
                .with("list", list.into_iter().collect::<Value>())
                .with("map", [("a".to_owned(), fraction)].into_iter().collect::<Value>())
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(object in values()) {
            let wire = object.encode(&block()).unwrap();
            prop_assert_eq!(Object::decode(&block(), Some(&wire)).unwrap(), object);
        }

        #[test]
        fn no_bytes_are_too_odd_to_be_refused(msgpack: Vec<u8>) {
            let _ = Object::decode(&block(), Some(&DynamicValue { msgpack }));
        }

        #[test]
        fn a_broken_value_is_refused_or_read(object in values(), at: usize, byte: u8, cut: bool) {
            let mut wire = object.encode(&block()).unwrap();
            let at = at % wire.msgpack.len();
            wire.msgpack[at] = byte;
            if cut {
                wire.msgpack.truncate(at);
                Object::decode(&block(), Some(&wire)).unwrap_err();
            } else {
                let _ = Object::decode(&block(), Some(&wire));
            }
        }
    }
}
