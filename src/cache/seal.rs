//! Authenticated encryption with a key derived from the client secret, so that a leaked cache
//! is worth nothing without that secret.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

pub struct Seal {
    secret: Zeroizing<Vec<u8>>,
}

/// Altered, truncated, or encrypted with another secret or associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecryptionFailed;

const SALT_LEN: usize = 32;

impl Seal {
    /// `secret` must have the entropy of a key, as client secrets do.
    pub fn from_secret(secret: &[u8]) -> Seal {
        Seal { secret: Zeroizing::new(secret.to_vec()) }
    }

    /// Authenticates `associated_data`, too. Returns salt, ciphertext and tag.
    pub fn encrypt(&self, associated_data: &[u8], text: &[u8]) -> Vec<u8> {
        let mut salt = [0; SALT_LEN];
        SystemRandom::new().fill(&mut salt).expect("the system has random numbers");
        let mut encrypted = text.to_vec();
        self.derive_key(&salt)
            .seal_in_place_append_tag(nonce(), Aad::from(associated_data), &mut encrypted)
            .expect("far below the length limit");
        [salt.as_slice(), &encrypted].concat()
    }

    pub fn decrypt(
        &self,
        associated_data: &[u8],
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DecryptionFailed> {
        let (salt, encrypted) =
            encrypted.split_first_chunk::<SALT_LEN>().ok_or(DecryptionFailed)?;
        let mut text = Zeroizing::new(encrypted.to_vec());
        let length = self
            .derive_key(salt)
            .open_in_place(nonce(), Aad::from(associated_data), &mut text)
            .map_err(|_| DecryptionFailed)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    fn derive_key(&self, salt: &[u8; SALT_LEN]) -> LessSafeKey {
        let okm = Salt::new(HKDF_SHA256, salt).extract(&self.secret);
        let okm = okm.expand(&[b"gc-token cache 1"], &AES_256_GCM).expect("one block");
        LessSafeKey::new(UnboundKey::from(okm))
    }
}

/// A constant is safe because the random salt gives each message a key of its own.
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
    fn only_the_same_secret_and_associated_data_decrypt() {
        let sealed = Seal::from_secret(b"secret").encrypt(b"context", b"token");
        let open =
            |secret: &[u8], context: &[u8]| Seal::from_secret(secret).decrypt(context, &sealed);
        assert_eq!(open(b"secret", b"context").unwrap().as_slice(), b"token");
        assert_eq!(open(b"Secret", b"context"), Err(DecryptionFailed));
        assert_eq!(open(b"secret", b"Context"), Err(DecryptionFailed));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let seal = Seal::from_secret(b"secret");
        let sealed = seal.encrypt(b"", b"token");
        for length in 0..sealed.len() {
            assert_eq!(seal.decrypt(b"", &sealed[..length]), Err(DecryptionFailed));
        }
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.decrypt(b"", &changed), Err(DecryptionFailed));
        }
    }

    #[test]
    fn no_two_ciphertexts_are_alike() {
        let seal = Seal::from_secret(b"secret");
        assert_ne!(seal.encrypt(b"", b"token"), seal.encrypt(b"", b"token"));
    }
}
