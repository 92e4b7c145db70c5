//! Random secrets, and the hashes by which they are recognized: how far two hashes agree
//! tells nothing about the secrets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Kind, Result};

/// 128 bits, in characters that need no encoding in a URL.
///
/// # Errors
/// `System` when the system has no random numbers.
pub(crate) fn random_id() -> Result<String> {
    random_bytes::<16>()
}

/// Returns `N` random bytes, in base64url (RFC 4648 section 5) without padding.
///
/// # Errors
/// [`Kind::System`] when the system has no random numbers.
pub(crate) fn random_bytes<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(Kind::System, "the system provides no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Stands for a secret where the secret itself need not be kept.
pub(crate) type Sha256 = [u8; 32];

pub(crate) fn sha256(secret: &[u8]) -> Sha256 {
    let hash = digest(&SHA256, secret);
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
