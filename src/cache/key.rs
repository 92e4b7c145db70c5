//! The name of an entry: a hash of everything that makes tokens differ.

use std::fmt;

use ring::digest;

use crate::config::Settings;

/// Equal if and only if a token minted for one request is as good for the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A known secret is not part of the key, since the encryption depends on it. If the
    /// secret comes from a command, that command is.
    pub fn of(settings: &Settings) -> Key {
        Key::of_slot(settings, settings.cache.slot)
    }

    pub(super) fn of_slot(settings: &Settings, slot: u32) -> Key {
        let mut hash = Key::shared_fields(settings, slot);
        let command = settings.client.secret.command().unwrap_or_default();
        command.iter().for_each(|word| hash.field(word));
        Key(hash.finish())
    }

    /// Does not depend on the way in which this machine gets the secret, but on the API: what one
    /// API says of a token counts for no other.
    pub fn shared(settings: &Settings, slot: u32) -> Key {
        let mut hash = Key::shared_fields(settings, slot);
        hash.field(settings.issuer.api_url.as_deref().unwrap_or_default());
        Key(hash.finish())
    }

    fn shared_fields(settings: &Settings, slot: u32) -> Hasher {
        let issuer = &settings.issuer;
        let mut hash = Hasher::new();
        // Slot 0 has the key of versions without slots. No token URL looks like a slot.
        if slot > 0 {
            hash.field(&format!("slot {slot}"));
        }
        hash.field(&issuer.token_url);
        hash.field("client_credentials");
        hash.field(&settings.client.id);
        hash.field(issuer.scope.as_deref().unwrap_or_default());
        hash.field(issuer.audience.as_deref().unwrap_or_default());
        hash
    }

    pub fn parse(stem: &str) -> Option<Key> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (stem.len() == 2 * KEY_BYTES && stem.bytes().all(hex)).then(|| Key(stem.to_owned()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const KEY_BYTES: usize = 16;

/// Prefixes each field by its length, so that different lists of fields differ.
struct Hasher(digest::Context);

impl Hasher {
    fn new() -> Self {
        Hasher(digest::Context::new(&digest::SHA256))
    }

    fn field(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> String {
        let hash = self.0.finish();
        hash.as_ref()[..KEY_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecretSource;
    use crate::config::tests::settings;

    #[test]
    fn settings_that_change_the_token_change_the_key() {
        let base = || settings("http://127.0.0.1:1");
        let mut others = [base(), base(), base(), base(), base(), base(), base()];
        others[0].client.id.push('x');
        others[1].issuer.scope = Some("a".into());
        others[2].issuer.audience = Some("a".into());
        others[3].issuer.token_url.push('x');
        others[4].client.secret = SecretSource::Command(["pass"].as_slice().into());
        others[5].cache.slot = 1;
        others[6].cache.slot = 2;
        let mut keys: Vec<_> = others.iter().map(|other| Key::of(other).to_string()).collect();
        keys.push(Key::of(&base()).to_string());
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 8);
        assert_eq!(Key::of(&base()), Key::of(&base()));
        assert_eq!(Key::parse(&keys[0]).unwrap().to_string(), keys[0]);
        assert_eq!(Key::parse("../../etc/passwd"), None);
        others[0] = base();
        others[0].issuer.api_url = Some("http://api".into());
        assert_eq!(Key::of(&others[0]), Key::of(&base()));
        assert_ne!(Key::shared(&others[0], 0), Key::shared(&base(), 0));
    }
}
