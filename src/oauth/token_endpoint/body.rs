//! The body of a response: decompressed, and parsed as a JSON object.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::excerpt;
use crate::net::{HttpResponse, MAX_RESPONSE_BYTES};
use crate::sanitize::Secrets;
use crate::text::without_bom;

#[derive(Debug, Default)]
pub(super) struct JsonObject {
    /// The last value of each name.
    pub(super) members: Map<String, Value>,
    repeated: Vec<String>,
    /// The object is the first element of an array.
    in_array: bool,
}

impl JsonObject {
    pub(super) fn is_repeated(&self, name: &str) -> bool {
        self.repeated.iter().any(|repeated| repeated == name)
    }
}

/// The error describes the body and follows a status, for example `with 20 bytes of text/html
/// that are not a JSON object`.
pub(super) fn read_object(
    response: &HttpResponse,
    secrets: &Secrets,
) -> Result<JsonObject, String> {
    let object = read_error_object(response, secrets)?;
    if object.in_array {
        let size = response.body.len();
        return Err(describe_size(response, size, secrets) + " but a JSON array");
    }
    Ok(object)
}

/// Accepts an array with an object as its first element, too: some issuers send errors so.
pub(super) fn read_error_object(
    response: &HttpResponse,
    secrets: &Secrets,
) -> Result<JsonObject, String> {
    let body = decompress(response)?;
    let body = to_utf8(&body);
    match serde_json::from_slice(&body) {
        Ok(object) => Ok(object),
        Err(_) if body.trim_ascii().is_empty() => Err("with an empty body".to_owned()),
        Err(error) => {
            let description = excerpt::describe(&body, &error, secrets);
            Err(describe_size(response, body.len(), secrets) + &description)
        }
    }
}

fn describe_size(response: &HttpResponse, size: usize, secrets: &Secrets) -> String {
    let of = media_type(&response.headers)
        .map(|name| format!(" of {}", secrets.redacted_line(name, 60)));
    format!("with {size} bytes{} that are not a JSON object", of.unwrap_or_default())
}

/// The registered content codings (RFC 9110 section 8.4.1 and after it), which a message may
/// name.
const CODINGS: [&str; 7] = ["br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"];

/// Undoes a compression, although none was requested.
fn decompress(response: &HttpResponse) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut body = response.body.clone();
    let codings = response.headers.get_all(CONTENT_ENCODING);
    let codings: Vec<_> =
        codings.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let codings = codings.join(",").to_ascii_lowercase();
    // Listed in the order in which they were applied (RFC 9110 section 8.4).
    for coding in codings.split(',').map(str::trim).rev() {
        let unpacked = match coding {
            "" | "identity" => continue,
            _ if body.is_empty() => continue,
            "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(&body[..])),
            // Some servers omit the wrapper that the RFC demands.
            "deflate" => unpack(ZlibDecoder::new(&body[..]))
                .or_else(|| unpack(DeflateDecoder::new(&body[..]))),
            _ => None,
        };
        // An intermediary may have decompressed it and kept the header.
        if unpacked.is_none() && body.trim_ascii_start().starts_with(b"{") {
            continue;
        }
        body = unpacked.ok_or_else(|| {
            let name = if CODINGS.contains(&coding) { coding } else { "an unknown coding" };
            format!(
                "with {} bytes compressed as {name}, which was not requested and cannot be read",
                response.body.len()
            )
        })?;
    }
    // Compressed without a header.
    if body.starts_with(&[0x1f, 0x8b])
        && let Some(unpacked) = unpack(MultiGzDecoder::new(&body[..]))
    {
        body = unpacked;
    }
    Ok(body)
}

/// Returns `None` if the data is corrupt, or too large for a token response.
fn unpack(decoder: impl Read) -> Option<Zeroizing<Vec<u8>>> {
    let mut unpacked = Zeroizing::new(Vec::new());
    decoder.take(MAX_RESPONSE_BYTES as u64 + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() <= MAX_RESPONSE_BYTES).then_some(unpacked)
}

/// Removes a byte order mark, which RFC 8259 section 8.1 allows to ignore, and converts from
/// UTF-16 if the mark says so.
fn to_utf8(body: &[u8]) -> Cow<'_, [u8]> {
    let unit: fn([u8; 2]) -> u16 = match body {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Cow::Borrowed(without_bom(body)),
    };
    let units: Vec<u16> = body[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

/// Returns `None` if it does not look like a media type.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let name = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let name = name.split(';').next().unwrap_or(name).trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    let is_plausible = name.len() <= 60 && name.contains('/') && name.bytes().all(allowed);
    is_plausible.then_some(name)
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonObject, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = JsonObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
                let mut object = JsonObject::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.members.insert(name.clone(), value).is_some() {
                        object.repeated.push(name);
                    }
                }
                Ok(object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<JsonObject, A::Error> {
                let first: JsonObject =
                    seq.next_element()?.ok_or_else(|| A::Error::custom("empty"))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(JsonObject { in_array: true, ..first })
            }
        }

        deserializer.deserialize_any(Members)
    }
}
