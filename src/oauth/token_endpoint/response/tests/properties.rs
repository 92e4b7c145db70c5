use hyper::header::HeaderValue;
use proptest::prelude::*;

use super::{read, reply};
use crate::net::date_header;

/// Bytes of all kinds, and JSON that is nearly right.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r###""##vso[x]s3 cret\n::x""###.to_owned()),
        Just(r###"{"error":"##[x]","message":"s\u0033cret"}"###.to_owned()),
        Just("[]".to_owned()),
    ];
    let names = prop_oneof![
        Just("access_token"),
        Just("token_type"),
        Just("expires_in"),
        Just("error"),
        Just("fault"),
        Just("token_type"),
        Just("error_description"),
    ];
    let members = prop::collection::vec((names, value), 0..6);
    let object = members.prop_map(|members| {
        let members: Vec<_> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), object]
}

proptest! {
    #[test]
    fn no_reply_makes_the_reader_panic_or_speak_out_of_line(
        status in any::<u16>(),
        body in bodies(),
        names in prop::collection::vec(0usize..7, 0..6),
        value in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut reply = reply(status, &[], &body);
        for name in names {
            let name = ["location", "content-type", "retry-after", "date", "age", "inin-correlation-id", "content-encoding"][name];
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                reply.headers.append(name, value);
            }
        }
        date_header(&reply.headers);
        match read(&reply) {
            Ok(grant) => {
                prop_assert!((200..300).contains(&status));
                prop_assert!(!grant.access_token.expose().is_empty());
            }
            Err(failure) => {
                let shown = failure.error.to_string();
                prop_assert_eq!(shown.lines().count(), 3, "{}", shown);
                prop_assert!(!shown.replace('\n', "").chars().any(char::is_control), "{}", shown);
                prop_assert!(!shown.contains("##") && !shown.contains("s3cret"), "{}", shown);
                prop_assert!(shown.chars().count() < 1_000, "{}", shown);
            }
        }
    }
}
