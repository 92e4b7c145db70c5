//! The file format of an entry: a line that names the format, a line of JSON that is not
//! secret, and the encrypted token.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Key;
use super::seal::Seal;
use crate::config::Settings;
use crate::token::{AccessToken, BEARER, Token, TokenValidity, is_bearer};

const FORMAT: &[u8] = b"gc-token cache entry 1\n";

/// The readable part of an entry, for `cache list`. Authenticated together with the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub token_url: String,
    pub client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Position in a pool of tokens of one client.
    #[serde(default, skip_serializing_if = "is_first_slot")]
    pub slot: u32,
    /// Whether there was a store, by which other machines may use the same token.
    #[serde(default, rename = "shared", skip_serializing_if = "std::ops::Not::not")]
    pub is_shared: bool,
    /// [`BEARER`], or an issuer's spelling of it.
    pub token_type: String,
    #[serde(rename = "stamp")]
    pub validity: TokenValidity,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Corrupt {
    Format,
    /// Malformed at this column of the second line.
    Header(usize),
    TokenType(String),
    /// Altered, or encrypted with another client secret.
    Seal,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corrupt::Format => f.write_str("it is not an entry of this format"),
            Corrupt::Header(column) => {
                write!(f, "its header cannot be read: line 2, column {column}")
            }
            Corrupt::TokenType(name) => {
                write!(f, "its token is of type {name:?}, and only Bearer tokens can be presented")
            }
            Corrupt::Seal => f.write_str(
                "it cannot be decrypted: the client secret has changed, or the file was altered",
            ),
        }
    }
}

fn is_first_slot(slot: &u32) -> bool {
    *slot == 0
}

pub(super) fn encode(key: &Key, settings: &Settings, token: &Token, seal: &Seal) -> Vec<u8> {
    let header = Header {
        token_url: settings.issuer.token_url.clone(),
        client_id: settings.client.id.clone(),
        scope: settings.issuer.scope.clone(),
        audience: settings.issuer.audience.clone(),
        slot: settings.cache.slot,
        is_shared: settings.store.is_some(),
        token_type: BEARER.to_owned(),
        validity: token.validity.clone(),
    };
    let mut bytes = FORMAT.to_vec();
    serde_json::to_writer(&mut bytes, &header).expect("a header is plain data");
    bytes.push(b'\n');
    let secret = Zeroizing::new(token.access_token.expose().as_bytes().to_vec());
    let encrypted = seal.encrypt(&associated_data(key, &bytes), &secret);
    bytes.extend(encrypted);
    bytes
}

pub(super) fn decode(key: &Key, bytes: &[u8], seal: &Seal) -> Result<Token, Corrupt> {
    let (header, header_len) = read_header(bytes)?;
    let (readable, encrypted) = bytes.split_at(header_len);
    let secret =
        seal.decrypt(&associated_data(key, readable), encrypted).map_err(|_| Corrupt::Seal)?;
    let secret = std::str::from_utf8(&secret).map_err(|_| Corrupt::Seal)?;
    // Earlier versions cached tokens of any type.
    if !is_bearer(&header.token_type) {
        return Err(Corrupt::TokenType(header.token_type));
    }
    Ok(Token { access_token: AccessToken::new(secret.to_owned()), validity: header.validity })
}

/// Reads the header without authenticating it: fit only to be shown.
pub(super) fn peek_header(bytes: &[u8]) -> Result<Header, Corrupt> {
    read_header(bytes).map(|(header, _)| header)
}

/// Returns the header, and the offset of the encrypted part.
fn read_header(bytes: &[u8]) -> Result<(Header, usize), Corrupt> {
    let rest = bytes.strip_prefix(FORMAT).ok_or(Corrupt::Format)?;
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or(Corrupt::Format)?;
    // The library's message would quote the header, which anybody may have written.
    let header =
        serde_json::from_slice(&rest[..end]).map_err(|error| Corrupt::Header(error.column()))?;
    Ok((header, FORMAT.len() + end + 1))
}

/// Includes the name of the entry, which so cannot be decrypted under another name.
fn associated_data(key: &Key, readable: &[u8]) -> Vec<u8> {
    [key.to_string().as_bytes(), b"\n", readable].concat()
}

/// Reads `bytes` as an entry, and as a header and a token encrypted with the right secret.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    let key = Key::parse(&"0".repeat(32)).expect("the name of an entry");
    let seal = Seal::from_secret(b"secret");
    let _ = peek_header(bytes);
    assert!(decode(&key, bytes, &seal).is_err(), "an entry was forged");
    let (header, secret) =
        bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let readable = [FORMAT, header, b"\n"].concat();
    let sealed = seal.encrypt(&associated_data(&key, &readable), secret);
    if let Ok(token) = decode(&key, &[readable, sealed].concat(), &seal) {
        assert_eq!(token.access_token.expose().as_bytes(), secret);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OffsetEstimate;
    use crate::clock::tests::reading;
    use crate::config::StoreSettings;
    use crate::config::tests::settings;
    use crate::token::tests::token;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn comes_back_whole_and_holds_no_token_in_the_clear() {
        let (settings, token, seal) = (settings("http://x"), token("s3cret-t0ken", 300), seal());
        let key = Key::of(&settings);
        let bytes = encode(&key, &settings, &token, &seal);
        assert_eq!(decode(&key, &bytes, &seal).unwrap(), token);
        assert_eq!(peek_header(&bytes).unwrap().validity, token.validity);
        assert!(!bytes.windows(6).any(|window| window == b"s3cret"));
    }

    /// Other versions of gc-token read and write the same files.
    #[test]
    fn the_header_keeps_its_json_names() {
        let settings = settings("http://x");
        let key = Key::of(&settings);
        let mut token = token("t", 300);
        let clock = OffsetEstimate::from_date_header(
            &reading(1, 1_000),
            &reading(1, 1_000),
            jiff::Timestamp::from_second(1_002).unwrap(),
        );
        token.validity.issuer_clock = clock.clone();
        token.validity.carried_lead = clock.as_ref().map(|clock| clock.offset);
        token.validity.last_use = Some(reading(2, 1_001));
        token.validity.issuer_expiry = Some(jiff::Timestamp::from_second(1_302).unwrap());
        let bytes = encode(&key, &settings, &token, &seal());
        let header = bytes[FORMAT.len()..].split(|byte| *byte == b'\n').next().unwrap();
        let reading = |boot, wall| json!({"boot": [boot, 0], "boot_id": "a", "wall": [wall, 0]});
        let offset = json!({"min": [2, 0], "max": [3, 0]});
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(header).unwrap(),
            json!({
                "token_url": settings.issuer.token_url,
                "client_id": settings.client.id,
                "token_type": "Bearer",
                "stamp": {
                    "sent": reading(100, 1_000),
                    "lifetime": [300, 0],
                    "whole": [300, 0],
                    "ends": [1_302, 0],
                    "not_before": null,
                    "issuer": {"at": reading(1, 1_000), "offset": offset, "contacts": 1},
                    "api": null,
                    "learned": offset,
                    "used": reading(2, 1_001),
                },
            })
        );
    }

    #[test]
    fn a_token_that_other_machines_may_use_is_marked() {
        let mut settings = settings("http://x");
        let key = Key::of(&settings);
        for store in [None, Some(StoreSettings::test())] {
            settings.store = store;
            let bytes = encode(&key, &settings, &token("t", 300), &seal());
            assert_eq!(peek_header(&bytes).unwrap().is_shared, settings.store.is_some());
        }
    }

    #[test]
    fn truncated_at_every_length_and_flipped_in_every_bit_it_is_corrupt() {
        let (settings, seal) = (settings("http://x"), seal());
        let key = Key::of(&settings);
        let bytes = encode(&key, &settings, &token("t", 300), &seal);
        for length in 0..bytes.len() {
            assert!(decode(&key, &bytes[..length], &seal).is_err(), "cut at {length}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&key, &changed, &seal).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_token_of_another_type_is_no_token() {
        let (settings, seal) = (settings("http://x"), seal());
        let key = Key::of(&settings);
        let entry = |token_type: &str| {
            let header = Header {
                token_url: "http://x".into(),
                client_id: "c".into(),
                scope: None,
                audience: None,
                slot: 0,
                is_shared: false,
                token_type: token_type.into(),
                validity: token("t", 300).validity,
            };
            let mut bytes = FORMAT.to_vec();
            serde_json::to_writer(&mut bytes, &header).unwrap();
            bytes.push(b'\n');
            let sealed = seal.encrypt(&associated_data(&key, &bytes), b"t");
            [bytes, sealed].concat()
        };
        for token_type in ["bearer", "Bearer", "BearerToken"] {
            assert_eq!(decode(&key, &entry(token_type), &seal).unwrap(), token("t", 300));
        }
        let why = decode(&key, &entry("DPoP"), &seal).unwrap_err().to_string();
        assert_eq!(why, "its token is of type \"DPoP\", and only Bearer tokens can be presented");
    }

    #[test]
    fn a_header_that_cannot_be_read_is_not_quoted() {
        let bytes = [FORMAT, b"{\"##vso[task.x]\":1,\"token_url\":[\"s3cret\"]}\nx"].concat();
        let why = peek_header(&bytes).unwrap_err().to_string();
        assert_eq!(why, "its header cannot be read: line 2, column 31");
    }

    #[test]
    fn does_not_open_under_another_name() {
        let (one, mut two, seal) = (settings("http://x"), settings("http://x"), seal());
        two.client.id = "another".into();
        let bytes = encode(&Key::of(&one), &one, &token("t", 300), &seal);
        assert_eq!(decode(&Key::of(&two), &bytes, &seal), Err(Corrupt::Seal));
    }

    proptest! {
        #[test]
        fn no_bytes_are_an_entry_unless_they_were_sealed(
            magic in any::<bool>(),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let settings = settings("http://x");
            let magic = if magic { FORMAT } else { b"" };
            let bytes = [magic, &bytes].concat();
            prop_assert!(decode(&Key::of(&settings), &bytes, &seal()).is_err());
            let _ = peek_header(&bytes);
        }

        /// Anyone who can write to the file can forge a header: it is shown, but the entry cannot
        /// be decrypted.
        #[test]
        fn a_forged_header_is_shown_at_most(
            at in any::<prop::sample::Index>(),
            part in prop_oneof!["[0-9]{1,20}", "-?P[0-9TDHMS.]{0,30}", ".{0,8}"],
        ) {
            let (settings, seal) = (settings("http://x"), seal());
            let key = Key::of(&settings);
            let mut bytes = encode(&key, &settings, &token("t", 300), &seal);
            let end = bytes[FORMAT.len()..].iter().position(|byte| *byte == b'\n').unwrap();
            let at = FORMAT.len() + at.index(end);
            let before = bytes.clone();
            bytes.splice(at..at + 1, part.bytes());
            if bytes != before {
                prop_assert!(decode(&key, &bytes, &seal).is_err());
            }
            if let Ok(header) = peek_header(&bytes) {
                let _ = (header.validity.expires_at(), header.validity.remaining(&header.validity.sent));
            }
        }
    }

    fn seal() -> Seal {
        Seal::from_secret(b"secret")
    }
}
