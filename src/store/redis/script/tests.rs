use super::*;
use crate::clock::tests::reading;

const VERSION: &[u8] = b"0123456789abcdef";

fn reply(seconds: &str, micros: &str, value: Option<&[u8]>) -> Value {
    let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let value = value.map_or(Value::Nil, |value| Value::BulkString(value.to_vec()));
    Value::Array(vec![text(seconds), text(micros), value])
}

fn observe(reply: Value) -> Option<Observation> {
    observation(reply, &reading(10, 1_000), &reading(11, 1_001))
}

fn generation(observation: &Observation) -> Option<Vec<u8>> {
    match &observation.version {
        Version::Absent => None,
        Version::Present { generation, .. } => {
            Some(URL_SAFE_NO_PAD.decode(generation.as_ref().unwrap()).unwrap())
        }
    }
}

#[test]
fn a_reply_tells_record_version_age_and_clock() {
    let value = [VERSION, b"1795764056000001", b"the record"].concat();
    let found = observe(reply("1795764057", "5", Some(&value))).unwrap();
    assert_eq!(found.record.as_deref(), Some(&b"the record"[..]));
    assert_eq!(generation(&found).as_deref(), Some(VERSION));
    assert_eq!(found.age, Some(SignedDuration::from_micros(1_000_004)));
    // The reply was written within a second, during which the request was on its way.
    let offset = found.clock.unwrap().offset;
    assert_eq!(offset.min, SignedDuration::new(1_795_763_056, 5_000));
    assert_eq!(offset.max - offset.min, SignedDuration::new(1, 1_000));

    let early = observe(reply("1795764055", "0", Some(&value))).unwrap();
    assert_eq!(early.age, Some(SignedDuration::from_micros(-1_000_001)));
}

#[test]
fn no_value_is_no_record() {
    for value in [None, Some(&b""[..])] {
        let found = observe(reply("1795764057", "5", value)).unwrap();
        assert_eq!((found.record, found.version, found.age), (None, Version::Absent, None));
        assert!(found.clock.is_some());
    }
}

#[test]
fn a_value_that_others_wrote_has_a_version_and_no_age() {
    for value in
        [&b"x"[..], VERSION, b"0123456789abcdef0123", b"\xff\xfe0123456789abcdefghijklmnop"]
    {
        let found = observe(reply("1795764057", "5", Some(value))).unwrap();
        let version = &value[..value.len().min(16)];
        assert_eq!(generation(&found).as_deref(), Some(version));
        assert_eq!(found.age.is_some(), value.len() == 20);
        assert_eq!(version_bytes(&found.version).as_deref(), Some(version));
    }
}

#[test]
fn another_reply_is_refused() {
    for other in [
        Value::Okay,
        Value::Nil,
        Value::Int(1),
        Value::Array(Vec::new()),
        reply("x", "5", None),
        reply("9223372036854775807", "5", None),
        reply("300000000000", "0", None),
    ] {
        assert!(observe(other.clone()).is_none(), "{other:?}");
    }
    assert_eq!(has_won(Value::Int(1)), Some(true));
    assert_eq!(has_won(Value::Int(0)), Some(false));
    for other in [Value::Int(2), Value::Nil, Value::Okay, Value::Array(Vec::new())] {
        assert_eq!(has_won(other), None);
    }
}

#[test]
fn versions_of_other_engines_match_no_record() {
    for version in [
        Version::Present { e_tag: Some("\"x\"".to_owned()), generation: None },
        Version::Present { e_tag: None, generation: Some(String::new()) },
        Version::Present { e_tag: None, generation: Some("not base64!".to_owned()) },
    ] {
        assert!(swap_command("key", &version, b"x", Duration::ZERO).unwrap().is_none());
    }
}

#[test]
fn each_command_of_a_script_has_a_line_of_its_own() {
    let commands = |script: &LuaScript| {
        let lines = 1..=script.source.lines().count();
        lines.filter_map(|line| script.command_of_line(line)).collect::<Vec<_>>()
    };
    assert_eq!(commands(&READ), ["TIME", "GET"]);
    assert_eq!(commands(&SWAP), ["GET", "TIME", "SET"]);
    for script in [READ, SWAP] {
        let calls = script.source.matches("redis.call").count();
        assert_eq!(calls, commands(&script).len());
    }
    assert_eq!(READ.command_of_line(0), None);
    assert_eq!(READ.command_of_line(9), None);
}
