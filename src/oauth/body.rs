//! The body of a reply: decoded, read as JSON, and described where it is none.
//!
//! A body that was not understood may hold a token. So no more of it is shown than its
//! beginning, and only where that is a sentence or a page: words as long as a token can
//! be are left out.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::net::{HttpResponse, MAX_RESPONSE_BYTES};
use crate::sanitize::{Secrets, shorten};
use crate::text::without_bom;

/// A JSON object, and which of its members came more than once.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// The members. Of one that came more than once, the last.
    pub(super) members: Map<String, Value>,
    /// The names of those that came more than once.
    pub(super) repeated: Vec<String>,
    /// Whether the object is the first element of an array.
    in_array: bool,
}

/// Reads the body as a JSON object, or says what it is instead, to follow a status:
/// `with 20 bytes of text/html that are not a JSON object`.
pub(super) fn object(reply: &HttpResponse, secrets: &Secrets) -> Result<Object, String> {
    let object = read(reply, secrets)?;
    match object.in_array {
        true => {
            let size = reply.body.len();
            Err(what_is_no_object(reply, size, secrets) + " but a JSON array")
        }
        false => Ok(object),
    }
}

/// Reads the body as [`object`] does, or as an array whose first object counts: some
/// issuers put their errors into one.
pub(super) fn error_object(reply: &HttpResponse, secrets: &Secrets) -> Result<Object, String> {
    read(reply, secrets)
}

fn read(reply: &HttpResponse, secrets: &Secrets) -> Result<Object, String> {
    let body = decoded(reply)?;
    let body = utf8(&body);
    match serde_json::from_slice(&body) {
        Ok(object) => Ok(object),
        Err(_) if body.trim_ascii().is_empty() => Err("with an empty body".to_owned()),
        Err(error) => {
            let seen = seen(&body, &error, secrets);
            Err(what_is_no_object(reply, body.len(), secrets) + &seen)
        }
    }
}

fn what_is_no_object(reply: &HttpResponse, size: usize, secrets: &Secrets) -> String {
    let of = media_type(&reply.headers).map(|name| format!(" of {}", secrets.fit(name, 60)));
    format!("with {size} bytes{} that are not a JSON object", of.unwrap_or_default())
}

/// The registered ones that a message may name (RFC 9110 section 8.4.1 and after it).
const CODINGS: [&str; 7] = ["br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"];

/// The body without the compression that nobody had asked for.
fn decoded(reply: &HttpResponse) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut body = reply.body.clone();
    let codings = reply.headers.get_all(CONTENT_ENCODING);
    let codings: Vec<_> =
        codings.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let codings = codings.join(",").to_ascii_lowercase();
    // The last one was put on last (RFC 9110 section 8.4).
    for coding in codings.split(',').map(str::trim).rev() {
        let unpacked = match coding {
            "" | "identity" => continue,
            _ if body.is_empty() => continue,
            "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(&body[..])),
            // Some servers send it without the wrapper that the RFC asks for.
            "deflate" => unpack(ZlibDecoder::new(&body[..]))
                .or_else(|| unpack(DeflateDecoder::new(&body[..]))),
            _ => None,
        };
        // Something on the way may have unpacked it and left the header.
        if unpacked.is_none() && body.trim_ascii_start().starts_with(b"{") {
            continue;
        }
        body = unpacked.ok_or_else(|| {
            let name = if CODINGS.contains(&coding) { coding } else { "an unknown coding" };
            format!(
                "with {} bytes compressed as {name}, which was not asked for and cannot be read",
                reply.body.len()
            )
        })?;
    }
    // One that is not announced.
    if body.starts_with(&[0x1f, 0x8b])
        && let Some(unpacked) = unpack(MultiGzDecoder::new(&body[..]))
    {
        body = unpacked;
    }
    Ok(body)
}

/// `None` for what cannot be unpacked, or is too large for a token reply.
fn unpack(decoder: impl Read) -> Option<Zeroizing<Vec<u8>>> {
    let mut unpacked = Zeroizing::new(Vec::new());
    decoder.take(MAX_RESPONSE_BYTES as u64 + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() <= MAX_RESPONSE_BYTES).then_some(unpacked)
}

/// Without a byte order mark, which some servers send (RFC 8259 section 8.1 lets a
/// parser pass over it), and from UTF-16 where that is what the mark says.
fn utf8(body: &[u8]) -> Cow<'_, [u8]> {
    let unit: fn([u8; 2]) -> u16 = match body {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Cow::Borrowed(without_bom(body)),
    };
    let units: Vec<u16> = body[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

/// The media type, where it looks like one.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let name = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let name = name.split(';').next().unwrap_or(name).trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    let is_one = name.len() <= 60 && name.contains('/') && name.bytes().all(allowed);
    is_one.then_some(name)
}

/// The number of characters of a page or a sentence that are shown.
const EXCERPT: usize = 60;

/// Describes the body as far as it is safe to tell.
fn seen(body: &[u8], error: &serde_json::Error, secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(body);
    let start = text.trim_start();
    if start.starts_with(['{', '[', '"']) {
        return match serde_json::from_str::<Value>(start) {
            Ok(Value::Array(_)) => " but a JSON array".to_owned(),
            Ok(Value::String(_)) => " but a JSON string".to_owned(),
            _ => format!(": not JSON at line {}, column {}", error.line(), error.column()),
        };
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("access_token=") {
        return " but a form".to_owned();
    }
    if lower.contains("_token") || text.contains('\0') {
        return String::new();
    }
    // Secrets first: they may hold what reads as markup.
    let text = secrets.fit(&text, usize::MAX);
    let (how, words) = match title(&text) {
        Some(title) => ("titled", title.to_owned()),
        None if text.starts_with('<') => ("which say", without_tags(&text)),
        None => ("which say", text),
    };
    // A single word may be a token.
    let shown: Vec<_> = words.split_whitespace().map(without_long_runs).collect();
    match shown.len() {
        0 => String::new(),
        1 if how != "titled" => String::new(),
        _ => format!(", {how} {:?}", shorten(shown.join(" "), EXCERPT)),
    }
}

fn title(text: &str) -> Option<&str> {
    // In lower case, ASCII letters take the same places.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(text[start..end].trim()).filter(|title| !title.is_empty())
}

/// The text of a page. What is in `<...>` is markup, or a style or script after one.
fn without_tags(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<').skip(1) {
        let Some((tag, after)) = part.split_once('>') else {
            continue;
        };
        let name = tag.trim_start().to_ascii_lowercase();
        if !(name.starts_with("style") || name.starts_with("script")) {
            text.push(' ');
            text.push_str(after);
        }
    }
    text
}

/// A word that is longer may be a token.
const LONGEST_WORD: usize = 16;

/// Leaves out each run of characters that may be a token.
pub(super) fn without_long_runs(word: &str) -> String {
    let of_token = |char: char| char.is_ascii_alphanumeric() || "-._~+/=%".contains(char);
    let mut shown = String::new();
    for part in word.split_inclusive(|char| !of_token(char)) {
        let run = part.trim_end_matches(|char| !of_token(char));
        match run.len() > LONGEST_WORD {
            true => shown.push_str("[...]"),
            false => shown.push_str(run),
        }
        shown.push_str(&part[run.len()..]);
    }
    shown
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.members.insert(name.clone(), value).is_some() {
                        object.repeated.push(name);
                    }
                }
                Ok(object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Object, A::Error> {
                let first: Object = seq.next_element()?.ok_or_else(|| A::Error::custom("empty"))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Object { in_array: true, ..first })
            }
        }

        deserializer.deserialize_any(Members)
    }
}
