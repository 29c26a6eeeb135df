//! The server's key: hashes inbound tokens, seals outbound ones, derives what must come out the same twice.
//!
//! The key lives in a file beside the data, never in the database, so that a stolen database opens nothing.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::ids::IdSource;

/// Something that was not sealed with this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed with another key")]
pub struct WrongKey;

/// The key and what is done with it.
pub struct Keys {
    key: [u8; 32],
}

impl Keys {
    /// Uses `key`, 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn mac(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        // HMAC takes a key of any length.
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.key) else { return [0; 32] };
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// The form in which a token that others present to us is stored and looked up.
    pub fn hash_token(&self, token: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("token", &[token]))
    }

    /// Tells whether a database belongs to this key.
    pub fn check(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("key check", &[]))
    }

    /// A secret of 26 characters that is the same whenever it is derived from the same parts (ruling 14).
    pub fn derive_token(&self, purpose: &str, parts: &[&str]) -> String {
        let mut random = [0; 16];
        random.iter_mut().zip(self.mac(purpose, parts)).for_each(|(slot, byte)| *slot = byte);
        String::from_utf8_lossy(&rialto_model::id::encode(random)).into_owned()
    }

    /// Encrypts a secret for the database.
    pub fn seal(&self, ids: &IdSource, secret: &str) -> String {
        let nonce: [u8; 12] = ids.bytes();
        let cipher = Aes256Gcm::new(&self.mac("seal", &[]).into());
        // Encryption fails only beyond 64 GiB.
        let sealed = cipher.encrypt(&Nonce::from(nonce), secret.as_bytes()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Decrypts what [`Keys::seal`] made.
    ///
    /// # Errors
    /// [`WrongKey`] if it was not.
    pub fn unseal(&self, sealed: &str) -> Result<String, WrongKey> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| WrongKey)?;
        let (nonce, text) = bytes.split_at_checked(12).ok_or(WrongKey)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| WrongKey)?;
        let cipher = Aes256Gcm::new(&self.mac("seal", &[]).into());
        let secret = cipher.decrypt(&Nonce::from(nonce), text).map_err(|_| WrongKey)?;
        String::from_utf8(secret).map_err(|_| WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_open_with_their_key_only() {
        let (ids, keys, other) = (IdSource::seeded(1), Keys::new([1; 32]), Keys::new([2; 32]));
        let sealed = keys.seal(&ids, "secret");
        assert!(!sealed.contains("secret"));
        assert_eq!(keys.unseal(&sealed).as_deref(), Ok("secret"));
        assert_eq!(other.unseal(&sealed), Err(WrongKey));
        assert_eq!(keys.unseal("x"), Err(WrongKey));
    }

    #[test]
    fn derived_tokens_repeat_and_differ_by_purpose_and_parts() {
        let keys = Keys::new([1; 32]);
        let token = keys.derive_token("a", &["b", "c"]);
        assert_eq!(token, keys.derive_token("a", &["b", "c"]));
        assert_eq!(token.len(), 26);
        for other in [keys.derive_token("x", &["b", "c"]), keys.derive_token("a", &["bc", ""])] {
            assert_ne!(token, other);
        }
    }
}
