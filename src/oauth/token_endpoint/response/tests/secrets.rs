//! A secret that a reply repeats is shown in no part.

use super::*;

/// Wherever it stands, it is looked for in the whole and not in a part that was cut off.
#[test]
fn no_part_of_a_secret_is_shown_from_anywhere() {
    let secret = "the-cl1ent/s3cret of:the<b>test</b>+end";
    let mut secrets = Secrets::default();
    secrets.add(secret);
    let reader = ResponseReader { host: "login.example", secrets: &secrets };
    let json = |value: serde_json::Value| value.to_string();
    for filler in (0..60).step_by(3) {
        let text = "x".repeat(filler) + secret;
        for (headers, body) in [
            (vec![], json(serde_json::json!({ "access_token": "t", "expires_in": text }))),
            (vec![], json(serde_json::json!({ "access_token": "t", "expires_in": [text] }))),
            (vec![], json(serde_json::json!({ "access_token": "t", "token_type": text }))),
            (vec![], json(serde_json::json!({ text.as_str(): 1 }))),
            (vec![], json(serde_json::json!({ "error": text, "message": text, "errorId": text }))),
            (vec![], format!("<title>a {text}</title>")),
            (vec![], format!("<p>a {text}</p>")),
            (vec![], format!("it is {text}")),
            (vec![("x-request-id", text.as_str())], String::new()),
            (vec![("www-authenticate", text.as_str())], String::new()),
        ] {
            for status in [200, 400, 401, 503] {
                let reply = reply(status, &headers, body.as_bytes());
                let failure = reader.read(&reply, Timestamp::UNIX_EPOCH).unwrap_err();
                let shown = failure.error.to_string();
                for part in ["cl1ent", "s3cret", "of:the", "test", "end"] {
                    assert!(!shown.replace("endpoint", "").contains(part), "{body}: {shown}");
                }
            }
        }
    }
    let mut secrets = Secrets::default();
    secrets.add("a-s3cret-of-the-test");
    let reader = ResponseReader { host: "login.example", secrets: &secrets };
    for (name, value) in [
        ("content-type", "text/a-s3cret-of-the-test"),
        ("content-encoding", "a-s3cret-of-the-test"),
        ("location", "https://a-s3cret-of-the-test.example/"),
    ] {
        for status in [200, 302, 401] {
            let failure =
                reader.read(&reply(status, &[(name, value)], b"x"), Timestamp::UNIX_EPOCH);
            let shown = failure.unwrap_err().error.to_string();
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}

#[test]
fn a_secret_in_the_media_type_is_not_shown() {
    let said = error(&reply(200, &[("content-type", "text/s3cret")], b"<html>")).to_string();
    assert!(said.contains("bytes of text/") && !said.contains("s3cret"), "{said}");
}
