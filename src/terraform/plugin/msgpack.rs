//! Encoding of values: msgpack in a `DynamicValue`, by cty's conventions.

use super::diagnostic::Diagnostic;
use super::proto::DynamicValue;
use super::schema::{BlockSchema, Type};
use super::value::{TerraformObject, TerraformValue};

impl TerraformObject {
    /// Checks the types, so that a provider can rely on its schema.
    pub(super) fn decode(
        block: &BlockSchema,
        encoded: Option<&DynamicValue>,
    ) -> Result<TerraformObject, Diagnostic> {
        let Some(encoded) = encoded else {
            return Ok(TerraformObject::default());
        };
        let mut bytes = encoded.msgpack.as_slice();
        let value = rmpv::decode::read_value_with_max_depth(&mut bytes, MAX_DEPTH)
            .map_err(|error| unreadable(&format!("it is not msgpack: {error}")))?;
        if !bytes.is_empty() {
            return Err(unreadable("bytes follow after its end"));
        }
        match value {
            rmpv::Value::Nil => Ok(TerraformObject::default()),
            rmpv::Value::Ext(..) => {
                let unknown = |name: &'static str| (name.to_owned(), TerraformValue::Unknown);
                let names = block.attributes.iter().map(|attribute| attribute.name);
                Ok(TerraformObject(names.map(unknown).collect()))
            }
            rmpv::Value::Map(pairs) => {
                let pairs = pairs.into_iter().map(|pair| decode_attribute(block, pair));
                pairs.collect::<Result<_, _>>().map(TerraformObject)
            }
            _ => Err(unreadable("it is not an object")),
        }
    }

    /// Writes every attribute of the schema, nulls included, as Terraform requires.
    pub(super) fn encode(&self, block: &BlockSchema) -> Result<DynamicValue, Diagnostic> {
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

impl TerraformValue {
    /// Returns `None` if the value is not of type `kind`.
    fn from_msgpack(kind: &Type, value: rmpv::Value) -> Option<TerraformValue> {
        Some(match (kind, value) {
            (_, rmpv::Value::Nil) => TerraformValue::Null,
            // Terraform uses several codes, with and without a payload that
            // narrows down what the value may become.
            (_, rmpv::Value::Ext(..)) => TerraformValue::Unknown,
            (Type::String, rmpv::Value::String(text)) => TerraformValue::String(text.into_str()?),
            (Type::Bool, rmpv::Value::Boolean(flag)) => TerraformValue::Bool(flag),
            // A number that fits neither 64-bit format travels as text.
            (Type::Number, rmpv::Value::String(text)) => {
                TerraformValue::Number(text.as_str()?.parse().ok()?)
            }
            (Type::Number, number) => TerraformValue::Number(number.as_f64()?),
            (Type::List(element), rmpv::Value::Array(values)) => {
                let values = values.into_iter();
                let values = values.map(|value| TerraformValue::from_msgpack(element, value));
                TerraformValue::List(values.collect::<Option<_>>()?)
            }
            (Type::Map(element), rmpv::Value::Map(pairs)) => {
                let pair = |(key, value)| {
                    let rmpv::Value::String(key) = key else {
                        return None;
                    };
                    Some((key.into_str()?, TerraformValue::from_msgpack(element, value)?))
                };
                TerraformValue::Map(pairs.into_iter().map(pair).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn to_msgpack(&self) -> rmpv::Value {
        match self {
            TerraformValue::Null => rmpv::Value::Nil,
            TerraformValue::Unknown => rmpv::Value::Ext(0, vec![0]),
            TerraformValue::String(text) => text.as_str().into(),
            TerraformValue::Bool(flag) => (*flag).into(),
            TerraformValue::Number(number)
                if number.fract() == 0.0 && number.abs() < EXACT_BELOW =>
            {
                (*number as i64).into()
            }
            TerraformValue::Number(number) => (*number).into(),
            TerraformValue::List(values) => values.iter().map(TerraformValue::to_msgpack).collect(),
            TerraformValue::Map(values) => {
                let pair = |(key, value): (&String, &TerraformValue)| {
                    (key.as_str().into(), value.to_msgpack())
                };
                rmpv::Value::Map(values.iter().map(pair).collect())
            }
        }
    }
}

/// Maximum nesting depth as rmpv counts it: a few steps for each level. rmpv's default,
/// 1024, overflows a thread's stack.
const MAX_DEPTH: usize = 64;

/// 2^53: every whole number below it is a double.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

fn decode_attribute(
    block: &BlockSchema,
    (name, value): (rmpv::Value, rmpv::Value),
) -> Result<(String, TerraformValue), Diagnostic> {
    let name = name.as_str().ok_or_else(|| unreadable("an attribute's name is not text"))?;
    let known = block.attributes.iter().find(|attribute| attribute.name == name);
    let attribute = known.ok_or_else(|| unreadable(&format!("it has no attribute {name:?}")))?;
    let value = TerraformValue::from_msgpack(&attribute.kind, value).ok_or_else(|| {
        unreadable(&format!("{name:?} is not of type {:?}", attribute.kind)).with_attribute(name)
    })?;
    Ok((name.to_owned(), value))
}

fn unreadable(why: &str) -> Diagnostic {
    let detail = format!("The value does not fit the provider's schema: {why}.");
    Diagnostic::error("Terraform sent an unreadable configuration", detail)
}

/// Asserts that an object that can be decoded can be encoded and decoded again.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use super::schema::AttributeSchema;

    let block = BlockSchema::new("")
        .with(AttributeSchema::required("text", Type::String, ""))
        .with(AttributeSchema::optional("flag", Type::Bool, ""))
        .with(AttributeSchema::optional("number", Type::Number, ""))
        .with(AttributeSchema::optional("list", Type::list(Type::String), ""))
        .with(AttributeSchema::computed("map", Type::map(Type::Number), ""));
    if let Ok(object) =
        TerraformObject::decode(&block, Some(&DynamicValue { msgpack: bytes.to_vec() }))
    {
        let sent = object.encode(&block);
        let sent = sent.unwrap_or_else(|_| panic!("{object:?} cannot be sent"));
        assert!(TerraformObject::decode(&block, Some(&sent)).is_ok(), "{object:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::plugin::schema::AttributeSchema;
    use proptest::prelude::*;

    fn block() -> BlockSchema {
        BlockSchema::new("")
            .with(AttributeSchema::required("text", Type::String, ""))
            .with(AttributeSchema::optional("flag", Type::Bool, ""))
            .with(AttributeSchema::optional("number", Type::Number, ""))
            .with(AttributeSchema::optional("list", Type::list(Type::String), ""))
            .with(AttributeSchema::computed("map", Type::map(Type::Number), ""))
    }

    fn wire(value: rmpv::Value) -> DynamicValue {
        let mut msgpack = Vec::new();
        rmpv::encode::write_value(&mut msgpack, &value).unwrap();
        DynamicValue { msgpack }
    }

    #[test]
    fn every_attribute_is_sent_and_those_not_set_are_null() {
        let sent = TerraformObject::default().with("text", "x").encode(&block()).unwrap();
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
        let ten = TerraformObject::default().with("number", 10.0).encode(&block()).unwrap();
        assert!(
            ten.msgpack
                .ends_with(&[10, 0xa4, b'l', b'i', b's', b't', 0xc0, 0xa3, b'm', b'a', b'p', 0xc0])
        );
        let large = TerraformObject::decode(&block(), Some(&number("1e30".into()))).unwrap();
        assert_eq!(*large.get("number"), TerraformValue::Number(1e30));
        TerraformObject::decode(&block(), Some(&number("many".into()))).unwrap_err();
    }

    #[test]
    fn a_part_that_is_unknown_is_found() {
        let list =
            TerraformValue::List(vec![TerraformValue::from("known"), TerraformValue::Unknown]);
        let object = TerraformObject::default().with("list", list).with("text", "x");
        assert_eq!(object.unknown_attributes().collect::<Vec<_>>(), ["list"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let object = TerraformObject::default().with("text", "hush");
        assert_eq!(format!("{object:?}"), r#"TerraformObject({"text": String(..)})"#);
        let wire = object.encode(&block()).unwrap();
        assert_eq!(format!("{wire:?}"), "DynamicValue { .. }");
    }

    fn values() -> impl Strategy<Value = TerraformObject> {
        let pair = (any::<Option<String>>(), any::<Option<bool>>(), any::<Option<i32>>());
        let more = (proptest::collection::vec(any::<String>(), 0..4), any::<f64>());
        (pair, more).prop_map(|((text, flag, number), (list, fraction))| {
            TerraformObject::default()
                .with("text", text)
                .with("flag", flag)
                .with("number", number.map(f64::from))
                .with("list", list.into_iter().collect::<TerraformValue>())
                .with("map", [("a".to_owned(), fraction)].into_iter().collect::<TerraformValue>())
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(object in values()) {
            let wire = object.encode(&block()).unwrap();
            prop_assert_eq!(TerraformObject::decode(&block(), Some(&wire)).unwrap(), object);
        }

        #[test]
        fn no_bytes_are_too_odd_to_be_refused(msgpack: Vec<u8>) {
            let _ = TerraformObject::decode(&block(), Some(&DynamicValue { msgpack }));
        }

        #[test]
        fn a_broken_value_is_refused_or_read(object in values(), at: usize, byte: u8, cut: bool) {
            let mut wire = object.encode(&block()).unwrap();
            let at = at % wire.msgpack.len();
            wire.msgpack[at] = byte;
            if cut {
                wire.msgpack.truncate(at);
                TerraformObject::decode(&block(), Some(&wire)).unwrap_err();
            } else {
                let _ = TerraformObject::decode(&block(), Some(&wire));
            }
        }
    }
}
