//! The names of records, which tell nothing to those who do not know the client secret.

use std::fmt;

use ring::hmac;

use crate::cache::Key;

/// Lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordName(String);

const NAME_BYTES: usize = 16;

impl RecordName {
    /// Derives a name from the key of a slot by HMAC under the client secret: a new secret has
    /// new names.
    pub fn of(key: &Key, client_secret: &[u8]) -> RecordName {
        RecordName::derive("gc-token store 1", key, client_secret)
    }

    /// Derives the name of the record by which a store is probed. No slot has this name.
    pub fn of_probe(key: &Key, client_secret: &[u8]) -> RecordName {
        RecordName::derive("gc-token store probe 1", key, client_secret)
    }

    fn derive(purpose: &str, key: &Key, client_secret: &[u8]) -> RecordName {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, client_secret);
        let tag = hmac::sign(&secret, format!("{purpose}\n{key}").as_bytes());
        let hex = tag.as_ref()[..NAME_BYTES].iter().map(|byte| format!("{byte:02x}"));
        RecordName(hex.collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
