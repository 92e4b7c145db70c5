use super::*;
use proptest::prelude::*;

fn hiding(secret: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(secret);
    secrets
}

#[test]
fn long_text_is_cut_between_characters() {
    let fit = |text: &str| Secrets::default().redacted_line(text, 40);
    assert_eq!(fit(&"\u{e9}".repeat(40)), "\u{e9}".repeat(40));
    assert_eq!(fit(&"\u{e9}".repeat(41)), format!("{}...", "\u{e9}".repeat(40)));
    assert_eq!(fit("two\r\n\tlines  "), "two lines");
}

#[test]
fn a_secret_is_hidden_before_the_text_is_cut() {
    let mut secrets = hiding("s3cret");
    secrets.add("");
    assert_eq!(secrets.redacted_line("no s3cret here", 40), "no [redacted] here");
    assert_eq!(secrets.redacted_line("no s3cret", 6), "no [re...");
    assert_eq!(secrets.redacted_line("s3cre", 40), "s3cre");
}

/// Blanks, a plus sign, characters that encodings change, and one of two bytes.
const SECRET: &str = "the-cl1ent/s3cret of:the+t\u{e9}st&\"<%41\\";

fn percent(text: &str, lower: bool) -> String {
    let hex = |byte| if lower { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
    text.bytes().map(hex).collect()
}

/// Every way in which an issuer, or something before it, may repeat a secret.
fn spellings(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::to_string(secret).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let unicode: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let html = secret.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let decimal: String = secret.chars().map(|char| format!("&#{};", char as u32)).collect();
    let hexadecimal: String =
        secret.chars().map(|char| format!("&#x{:X}", char as u32) + ";").collect();
    let named = secret.replace('/', "&sol;").replace(':', "&colon;").replace('+', "&plus;");
    let named = named.replace(' ', "&nbsp;");
    let mut spellings = vec![
        secret.to_owned(),
        secret.to_uppercase().replace('\u{c9}', "\u{e9}"),
        form.to_lowercase(),
        form.clone(),
        percent(secret, false),
        percent(secret, true),
        percent(&percent(secret, true), false),
        html.clone(),
        html.replace('&', "&amp;"),
        decimal,
        hexadecimal,
        named,
        json.clone(),
        json.replace('/', "\\/"),
        unicode.clone(),
        unicode.to_uppercase().replace("\\U", "\\u"),
        serde_json::to_string(&html).unwrap().trim_matches('"').to_owned(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        secret.bytes().map(|byte| format!("\\{byte:03o}")).collect(),
        secret.chars().map(|char| format!("\\U{:08x}", char as u32)).collect(),
        secret.encode_utf16().map(|unit| format!("%u{unit:04X}")).collect(),
        BASE64_STANDARD.encode(BASE64_STANDARD.encode(secret)),
        BASE64_STANDARD
            .encode(secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned(),
    ];
    for by in [":", "-", " "] {
        spellings.push(secret.bytes().map(|byte| format!("{by}{byte:02x}")).collect());
    }
    for by in [", ", ",", " "] {
        spellings.push(secret.bytes().map(|byte| format!("{by}0x{byte:02X}")).collect());
    }
    for before in ["", "x", "xy", "the-client:", "Basic \u{e9}"] {
        for after in ["", "z", "zz"] {
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                spellings.push(engine.encode(format!("{before}{secret}{after}")));
                spellings.push(engine.encode(format!("{before}{form}{after}")));
            }
        }
    }
    spellings
}

#[test]
fn no_spelling_of_a_secret_is_shown() {
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let mut secrets = hiding(SECRET);
    secrets.add(&form);
    for spelling in spellings(SECRET) {
        let shown = secrets.redacted_line(&format!("it was {spelling}, I think"), 1_000);
        assert!(shown.contains(REDACTED), "{spelling}: {shown}");
        // Of base64 that holds more than the secret, the neighbours stay.
        let left = shown.replace(REDACTED, "").len();
        assert!(left < "it was , I think".len() + 30, "{spelling}: {shown}");
    }
}

/// Secrets of three lengths end in three ways: `==`, `=` and neither.
#[test]
fn nothing_is_left_of_base64_that_ends_with_a_secret() {
    for secret in ["s3cret-of-it", "s3cret-of-it1", "s3cret-of-it12"] {
        for before in ["", "x", "xy", "the-client:"] {
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                let encoded = engine.encode(format!("{before}{secret}"));
                for encoded in [&*encoded, encoded.trim_end_matches('=')] {
                    let shown = hiding(secret).redacted_line(encoded, 100);
                    assert!(shown.ends_with(REDACTED), "{encoded}: {shown}");
                }
            }
        }
    }
}

#[test]
fn white_space_and_what_is_not_shown_make_no_difference() {
    let secrets = hiding("s3cret of the test");
    for text in [
        "s3cret  of the\ttest",
        "s3cret\u{a0}of\u{3000}the test",
        "s3cretofthetest",
        "s3\u{200b}cret of\u{ad} the test",
        "s3\u{1b}[0mcret of the test",
        "s3\u{1b}cret of the test",
        "\u{1b}[s3cret of the test",
        "\u{1b}]s3cret of the test\u{7}",
        "s3cret of\r\n the test",
        "s3\u{e0041}cret of the\u{202e} test",
        "s3cret+of%20the%2btest",
        "s3cret&nbsp;of\\u00a0the\\ntest",
    ] {
        let shown = secrets.redacted_line(text, 100);
        assert!(!shown.contains("3cret") && !shown.contains("test"), "{text:?}: {shown}");
    }
}

/// Whatever stands before it, and wherever the text is cut.
#[test]
fn no_part_of_a_secret_is_left_where_a_long_text_is_cut() {
    let secrets = hiding(SECRET);
    let hidden = |at: usize, spelling: &str| {
        let filler = "\u{200b}\u{1b}[0m \n".repeat(at / 9 + 1);
        secrets.redacted_line(&format!("it was {}{spelling} x", &filler[..at]), 200)
    };
    let percent = percent(SECRET, true);
    let twice = percent.replace('%', "&#x0025;");
    for spelling in [SECRET, &percent, &twice] {
        for at in (0..MAX_SEARCHED_LEN + 1_000).step_by(9 * 37) {
            let shown = hidden(at, spelling);
            assert!(shown.starts_with("it was") && shown.len() < 30, "{at}: {shown}");
        }
    }
    // A page of visible text before it.
    for spelling in [SECRET, &percent] {
        let shown = secrets
            .redacted_line(&("x".repeat(MAX_SEARCHED_LEN - 20) + spelling), 2 * MAX_SEARCHED_LEN);
        assert!(!shown.contains("th") && !shown.contains('%'), "{shown}");
    }
}

/// Encodings within encodings, as large as a reply may be.
#[test]
fn a_large_text_is_looked_through_in_no_time() {
    let text = "%25&amp;\\u0025".repeat(1 << 16);
    assert_eq!(hiding(SECRET).redacted_line(&text, 10).len(), 13);
}

#[test]
fn a_short_secret_is_hidden_in_its_own_form_only() {
    assert_eq!(hiding("x").redacted_line("an X, x and eA==", 40), "an X, [redacted] and eA==");
}

proptest! {
    #[test]
    fn no_text_makes_redaction_panic(text in ".{0,60}", secret in ".{0,12}") {
        let shown = hiding(&secret).redact(&text, MAX_DECODINGS);
        prop_assert!(!hiding(&secret).redact(&shown, MAX_DECODINGS).is_empty() || text.is_empty());
    }

    #[test]
    fn a_secret_between_any_texts_is_found(
        before in ".{0,20}",
        after in ".{0,20}",
        secret in "[!-~]{10,40}",
    ) {
        prop_assume!(secret.chars().filter(|char| *char != '+').count() >= MIN_SECRET_LEN);
        let shown = hiding(&secret).redacted_line(&format!("{before} {secret} {after}"), 1_000);
        prop_assert!(!shown.contains(&secret), "{shown:?}");
    }
}
