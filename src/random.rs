//! What nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Kind, Result};

/// 128 bits, in characters that need no encoding in a URL.
///
/// # Errors
/// `Configuration` when the system has no random numbers.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(Kind::Configuration, "the system has no random numbers to give"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
