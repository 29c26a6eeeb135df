//! Sealing and opening invitation codes as other servers do, for peers that invite or accept (wire 2).
//!
//! Written a second time on purpose, from the specification: with the server's own codec on both ends a test would not see
//! a mistake in it, nor which key derivation our codes use.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::Value;

/// How the key is derived from the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// N=32768, r=8, p=1.
    Scrypt,
    /// HMAC-SHA-256, 600000 iterations.
    Pbkdf2,
}

fn key(derivation: Derivation, password: &str, salt: &[u8]) -> Key<Aes256Gcm> {
    let mut key = [0u8; 32];
    match derivation {
        Derivation::Scrypt => {
            let params = scrypt::Params::new(15, 8, 1).unwrap();
            scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).unwrap();
        }
        Derivation::Pbkdf2 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), salt, 600_000, &mut key),
    }
    key.into()
}

/// Seals `content` under `password`.
pub fn seal(content: &Value, password: &str, derivation: Derivation) -> String {
    let salt: [u8; 16] = rand::random();
    let nonce: [u8; 12] = rand::random();
    let cipher = Aes256Gcm::new(&key(derivation, password, &salt));
    let sealed = cipher.encrypt(&Nonce::from(nonce), content.to_string().as_bytes()).unwrap();
    URL_SAFE.encode([&salt[..], &nonce[..], &sealed[..]].concat())
}

/// Opens a code, trying the derivations in the given order.
pub fn open(code: &str, password: &str, derivations: &[Derivation]) -> Option<Value> {
    let blob = URL_SAFE.decode(code.trim()).ok()?;
    let (salt, rest) = blob.split_at_checked(16)?;
    let (nonce, sealed) = rest.split_at_checked(12)?;
    let nonce: [u8; 12] = nonce.try_into().ok()?;
    derivations.iter().find_map(|derivation| {
        let cipher = Aes256Gcm::new(&key(*derivation, password, salt));
        serde_json::from_slice(&cipher.decrypt(&Nonce::from(nonce), sealed).ok()?).ok()
    })
}
