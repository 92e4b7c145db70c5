//! The content of a record: a line that names the format, and the rest encrypted.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{RecordName, SharedToken};
use crate::cache::Seal;
use crate::error::{Error, Kind};

/// The state of one slot, as all machines see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The random number of the machine whose turn it is to mint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<String>,
    /// The last token, perhaps expired; kept during a turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SharedToken>,
    /// The number of slots that have a token, as far as slot 0 knows; 0 is as good as 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slots: u32,
    /// The failure of the last mint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SharedFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFailure {
    pub error: Error,
    /// The time for which nobody is to mint, in seconds from when the record was written.
    #[serde(default)]
    pub closed_for: u32,
    /// Met by one machine alone, whose own fault it may be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_unconfirmed: bool,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// An issuer may ask for a day by mistake.
const MAX_CLOSED_FOR: u32 = 3_600;

impl SharedFailure {
    /// Returns `None` for a failure that other machines may not have, such as one of the network,
    /// of the trusted certificates or of a time limit: they try themselves. A new token that is of
    /// no use is one machine's failure until a second one has met it after `earlier`.
    pub fn of(error: &Error, earlier: Option<&SharedFailure>) -> Option<SharedFailure> {
        let (closed_for, is_unconfirmed) = match error.kind {
            Kind::RateLimited => (error.retry_after.map_or(0, NonZeroU32::get), false),
            Kind::CredentialsRefused => (0, false),
            Kind::Lifetime | Kind::ApiRefused => {
                (0, earlier.is_none_or(|earlier| earlier.error.kind != error.kind))
            }
            _ => return None,
        };
        let closed_for = closed_for.min(MAX_CLOSED_FOR);
        Some(SharedFailure { error: error.clone(), closed_for, is_unconfirmed })
    }

    /// Returns the error for a machine that has not met it itself.
    pub fn for_others(&self) -> Error {
        const HINT: &str = "another machine has met this; 'gc-token cache clear --store' lets the \
            next one try";
        let error = self.error.clone();
        let hint = error.hint.as_ref().map_or(HINT.to_owned(), |hint| format!("{hint}; {HINT}"));
        error.with_hint(hint)
    }
}

/// Altered, truncated, of another format, or encrypted with another secret or for another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusableRecord;

const FORMAT: &[u8] = b"gc-token store record 1\n";

impl Record {
    /// The salt of the encryption makes the bytes of each call different.
    pub fn encode(&self, name: &RecordName, seal: &Seal) -> Vec<u8> {
        let text = Zeroizing::new(serde_json::to_vec(self).expect("a record is plain data"));
        [FORMAT, &seal.encrypt(&associated_data(name), &text)].concat()
    }

    /// # Errors
    /// If the bytes are not a record of this name.
    pub fn decode(bytes: &[u8], name: &RecordName, seal: &Seal) -> Result<Record, UnusableRecord> {
        let sealed = bytes.strip_prefix(FORMAT).ok_or(UnusableRecord)?;
        let text = seal.decrypt(&associated_data(name), sealed).map_err(|_| UnusableRecord)?;
        serde_json::from_slice(&text).map_err(|_| UnusableRecord)
    }
}

fn associated_data(name: &RecordName) -> Vec<u8> {
    format!("gc-token store\n{name}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Key;
    use crate::config::tests::settings;
    use crate::token::tests::token;

    fn name(secret: &str) -> RecordName {
        RecordName::of(&Key::shared(&settings("http://x"), 0), secret.as_bytes())
    }

    fn record() -> Record {
        let token = SharedToken::new(token("s3cret-t0ken", 300), None);
        Record { turn: Some("n".into()), token: Some(token), ..Record::default() }
    }

    #[test]
    fn comes_back_whole_and_shows_neither_token_nor_client() {
        let (name, seal) = (name("s"), Seal::from_secret(b"s"));
        let bytes = record().encode(&name, &seal);
        assert_eq!(Record::decode(&bytes, &name, &seal).unwrap(), record());
        for hidden in [&b"s3cret-t0ken"[..], b"client", b"lifetime", b"http"] {
            assert!(!bytes.windows(hidden.len()).any(|window| window == hidden));
        }
        assert_ne!(bytes, record().encode(&name, &seal), "the same bytes have one version");
    }

    #[test]
    fn altered_bytes_and_other_names_are_unusable() {
        let (name, seal) = (name("s"), Seal::from_secret(b"s"));
        let bytes = record().encode(&name, &seal);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(&changed, &name, &seal).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(Record::decode(&bytes[..length], &name, &seal).is_err());
        }
        let other = RecordName::of(&Key::shared(&settings("http://x"), 1), b"s");
        assert!(Record::decode(&bytes, &other, &seal).is_err());
        assert!(Record::decode(&bytes, &name, &Seal::from_secret(b"t")).is_err());
    }

    #[test]
    fn a_failure_is_shared_if_all_machines_would_have_it() {
        let shared = |kind, retry_after: u32| {
            let mut error = Error::new(kind, "no").with_hint("try later");
            error.retry_after = NonZeroU32::new(retry_after);
            SharedFailure::of(&error, None).map(|failure| failure.closed_for)
        };
        assert_eq!(shared(Kind::CredentialsRefused, 0), Some(0));
        assert_eq!(shared(Kind::RateLimited, 60), Some(60));
        assert_eq!(shared(Kind::RateLimited, 864_000), Some(3_600), "ten days are a mistake");
        for kind in [Kind::Unavailable, Kind::Configuration] {
            assert_eq!(shared(kind, 60), None, "{kind:?}");
        }
        let error = Error::new(Kind::RateLimited, "no");
        let met = SharedFailure::of(&error, None).unwrap();
        assert!(met.for_others().hint.unwrap().starts_with("another machine has met this"));
    }

    #[test]
    fn a_useless_token_is_everybodys_failure_once_two_machines_have_met_it() {
        let met = |kind, earlier| SharedFailure::of(&Error::new(kind, "no"), earlier).unwrap();
        let first = met(Kind::ApiRefused, None);
        assert!(first.is_unconfirmed);
        assert!(!met(Kind::ApiRefused, Some(&first)).is_unconfirmed);
        assert!(met(Kind::Lifetime, Some(&first)).is_unconfirmed, "another failure");
        assert!(!met(Kind::CredentialsRefused, None).is_unconfirmed);
    }

    #[test]
    fn names_depend_on_the_secret_and_the_slot() {
        let other = RecordName::of(&Key::shared(&settings("http://x"), 1), b"s");
        assert!(name("s") != name("t") && name("s") != other);
        assert_eq!(name("s").as_str().len(), 32);
    }
}
