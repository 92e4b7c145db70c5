//! Sealing: authenticated encryption under a key derived from the client
//! secret, so that a leaked cache is worth nothing without that secret.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// Seals and opens what is kept.
pub struct Seal {
    secret: Zeroizing<Vec<u8>>,
}

/// What is sealed was changed, cut, or sealed under another secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CannotOpen;

const SALT_LEN: usize = 32;

impl Seal {
    /// A seal under this secret, which should have the entropy of a key: an
    /// issuer's client secrets do.
    pub fn under(secret: &[u8]) -> Seal {
        Seal { secret: Zeroizing::new(secret.to_vec()) }
    }

    /// Seals `text`; `context` is authenticated along with it, not hidden.
    /// Returns salt, ciphertext and tag.
    pub fn close(&self, context: &[u8], text: &[u8]) -> Vec<u8> {
        let mut salt = [0; SALT_LEN];
        SystemRandom::new().fill(&mut salt).expect("the system has random numbers");
        let mut sealed = text.to_vec();
        self.key(&salt)
            .seal_in_place_append_tag(nonce(), Aad::from(context), &mut sealed)
            .expect("far below the length limit");
        [salt.as_slice(), &sealed].concat()
    }

    /// Opens what [`Seal::close`] made for the same context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (salt, sealed) = sealed.split_first_chunk::<SALT_LEN>().ok_or(CannotOpen)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let length = self
            .key(salt)
            .open_in_place(nonce(), Aad::from(context), &mut text)
            .map_err(|_| CannotOpen)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// A key for this salt alone (HKDF, RFC 5869).
    fn key(&self, salt: &[u8; SALT_LEN]) -> LessSafeKey {
        let okm = Salt::new(HKDF_SHA256, salt).extract(&self.secret);
        let okm = okm.expand(&[b"gc-token cache 1"], &AES_256_GCM).expect("one block");
        LessSafeKey::new(UnboundKey::from(okm))
    }
}

/// Every message has a key of its own, by its random salt: so one nonce will
/// do, and none can be used twice.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_context_open_it() {
        let sealed = Seal::under(b"secret").close(b"context", b"token");
        let open = |secret: &[u8], context: &[u8]| Seal::under(secret).open(context, &sealed);
        assert_eq!(open(b"secret", b"context").unwrap().as_slice(), b"token");
        assert_eq!(open(b"Secret", b"context"), Err(CannotOpen));
        assert_eq!(open(b"secret", b"Context"), Err(CannotOpen));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let seal = Seal::under(b"secret");
        let sealed = seal.close(b"", b"token");
        for length in 0..sealed.len() {
            assert_eq!(seal.open(b"", &sealed[..length]), Err(CannotOpen));
        }
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(b"", &changed), Err(CannotOpen));
        }
    }

    #[test]
    fn no_two_sealings_are_alike() {
        let seal = Seal::under(b"secret");
        assert_ne!(seal.close(b"", b"token"), seal.close(b"", b"token"));
    }
}
