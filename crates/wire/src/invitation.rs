//! Invitation codes: what an administrator hands over so that another server can connect. Source: wire 2.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rialto_model::{RemoteId, TeamId, id};
use serde::{Deserialize, Serialize};

use crate::federation::extension::Advert;
use crate::lenient::{is_zero, or_absent, or_default};
use crate::site_url::{InvalidSiteUrl, SiteUrl};

/// The `version` we write: opened by every known server, and asks the acceptor for a fresh token (wire 2.6, ruling 7).
pub const VERSION: i64 = 2;
/// The lowest `version` whose writer can rotate tokens (wire 1.4).
pub const ROTATING_VERSION: i64 = 2;
/// Longest code that is looked at, in characters after cleaning (behaviour 5.1).
pub const MAX_CODE: usize = 8192;
/// Shortest blob that can hold anything: salt, nonce, tag and `{}` (wire 2.4), in bytes.
pub const MIN_BLOB: usize = SALT + NONCE + TAG + 2;
/// How long a code may be used, in milliseconds (E-008).
pub const VALID_FOR: i64 = 48 * 60 * 60 * 1000;

const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
const PBKDF2: pbkdf2::Params = pbkdf2::Params::RECOMMENDED;
// A later version of the library may recommend more; the codes would not.
const _: () = assert!(PBKDF2.rounds() == 600_000);
const SCRYPT_LOG_N: u8 = 15;

/// Real decoders demand padding, so it is written; pasted codes may have lost it, so it is not demanded.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The plain text of a code, and the payload of a confirmation (wire 2.1 and 3.6). Its fields are claims of whoever
/// wrote it: call [`Invitation::check`] before believing any of them.
#[derive(Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Invitation {
    /// The connection's id, the same on both sides.
    #[serde(deserialize_with = "or_default")]
    pub remote_id: String,
    /// The writer's team in which channels offered by the reader should appear; only 5.37 cares. May be empty.
    #[serde(deserialize_with = "or_default")]
    pub remote_team_id: String,
    /// Where the writer is reached.
    #[serde(deserialize_with = "or_default")]
    pub site_url: String,
    /// What the reader presents when calling the writer.
    #[serde(deserialize_with = "or_default")]
    pub token: String,
    /// Confirmation only: what the writer will present from now on instead of the code's token.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub refreshed_token: String,
    /// 2 and more: the writer can rotate tokens. 0 is left out.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_zero")]
    pub version: i64,
    /// When the code ends, ms; for messages only, the inviter's clock decides (ruling 12).
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// What the writer can do beyond Mattermost's protocol (ruling 8.1).
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub rialto: Option<Advert>,
}

impl fmt::Debug for Invitation {
    /// Without tokens, so that none reaches a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("remote_id", &self.remote_id)
            .field("site_url", &self.site_url)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// An invitation whose fields have their form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedInvitation {
    /// The connection.
    pub remote_id: RemoteId,
    /// The writer's team, if it named one.
    pub remote_team_id: Option<TeamId>,
    /// Where the writer is reached.
    pub site_url: SiteUrl,
}

/// Why the fields of an opened invitation or a confirmation were refused (wire 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInvitation {
    /// `remote_id` is no id.
    #[error("the invitation names no connection")]
    RemoteId,
    /// `token` is empty, too long for a header, or has characters a header cannot carry.
    #[error("the invitation holds no usable token")]
    Token,
    /// `refreshed_token` is given but is no id (ruling 9).
    #[error("the refreshed token has no valid form")]
    RefreshedToken,
    /// `site_url` is no address a server can be reached at.
    #[error("the site URL in the invitation {0}")]
    SiteUrl(InvalidSiteUrl),
}

impl Invitation {
    /// Checks the form of every field. That the site is not our own, the connection not known and the token not
    /// spent is for the caller to see.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn check(&self) -> Result<CheckedInvitation, InvalidInvitation> {
        let remote_id = RemoteId::parse(&self.remote_id).map_err(|_| InvalidInvitation::RemoteId)?;
        // Real tokens are ids; one peer looks at 50 bytes of the header at most (wire 1.4).
        if self.token.is_empty() || self.token.len() > 50 || !self.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidInvitation::Token);
        }
        if !self.refreshed_token.is_empty() && !id::is_valid(&self.refreshed_token) {
            return Err(InvalidInvitation::RefreshedToken);
        }
        let site_url = SiteUrl::parse(&self.site_url).map_err(InvalidInvitation::SiteUrl)?;
        Ok(CheckedInvitation { remote_id, remote_team_id: TeamId::parse(&self.remote_team_id).ok(), site_url })
    }

    /// Whether its writer can rotate tokens (ruling 8).
    pub fn rotates(&self) -> bool {
        self.version >= ROTATING_VERSION
    }

    /// The JSON as Mattermost writes it: compact, with `&`, `<` and `>` escaped.
    pub fn to_json(&self) -> String {
        // These three occur in JSON only inside strings, where an escape means the same.
        crate::lenient::to_text(self).replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
    }
}

/// How a key is made from a password. The blob does not say which (wire 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kdf {
    /// N = 32768, r = 8, p = 1: what every known server opens, and what we write.
    Scrypt,
    /// HMAC-SHA-256, 600,000 rounds: what 10.x and 11.x write.
    Pbkdf2,
}

impl Kdf {
    fn key(self, password: &str, salt: &[u8]) -> Option<[u8; 32]> {
        let mut key = [0u8; 32];
        match self {
            Kdf::Scrypt => {
                let params = scrypt::Params::new(SCRYPT_LOG_N, 8, 1).ok()?;
                scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).ok()?;
            }
            Kdf::Pbkdf2 => {
                let algorithm = pbkdf2::Algorithm::Pbkdf2Sha256;
                pbkdf2::pbkdf2_hmac_with_params(password.as_bytes(), salt, algorithm, PBKDF2, &mut key);
            }
        }
        Some(key)
    }
}

/// Sealing failed. Out of reach for any invitation that fits in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invitation could not be encrypted")]
pub struct SealError;

/// Encrypts an invitation under a password. `salt` and `nonce` must be fresh random bytes. Takes about 0.1 s of CPU
/// and, with scrypt, 32 MiB.
///
/// # Errors
/// [`SealError`] only if the cipher refuses.
pub fn seal(
    invitation: &Invitation,
    password: &str,
    kdf: Kdf,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
) -> Result<String, SealError> {
    let key = kdf.key(password, &salt).ok_or(SealError)?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    let sealed = cipher.encrypt(&Nonce::from(nonce), invitation.to_json().as_bytes()).map_err(|_| SealError)?;
    Ok(BASE64.encode([salt.as_slice(), nonce.as_slice(), sealed.as_slice()].concat()))
}

/// Why a code did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Characters that are no base64, or a number of them that cannot be.
    #[error("the code contains characters that do not belong to it")]
    NotBase64,
    /// Cannot hold an invitation; probably cut off when copied.
    #[error("the code is too short ({len} bytes)")]
    TooShort {
        /// Bytes after decoding.
        len: usize,
    },
    /// More than [`MAX_CODE`] characters.
    #[error("the code is too long")]
    TooLong,
    /// Wrong password, or a damaged code: the cipher cannot tell which.
    #[error("the password is wrong or the code is damaged")]
    CannotDecrypt,
    /// It opened, but what was inside is no invitation.
    #[error("the code holds no invitation")]
    BadJson,
}

/// Opens a code as pasted (see [`clean_code`]). Takes up to 0.25 s of CPU and 32 MiB: keep it off the event loop and
/// one at a time per administrator (ruling 21).
///
/// # Errors
/// Says why it did not open.
pub fn open(code: &str, password: &str) -> Result<Invitation, OpenError> {
    let code = clean_code(code);
    if code.len() > MAX_CODE {
        return Err(OpenError::TooLong);
    }
    let blob = BASE64.decode(&code).map_err(|_| OpenError::NotBase64)?;
    if blob.len() < MIN_BLOB {
        return Err(OpenError::TooShort { len: blob.len() });
    }
    let plain = open_blob(&blob, password).ok_or(OpenError::CannotDecrypt)?;
    crate::lenient::object(&crate::lenient::text(&plain)).map_err(|_| OpenError::BadJson)
}

fn open_blob(blob: &[u8], password: &str) -> Option<Vec<u8>> {
    let (salt, rest) = blob.split_at_checked(SALT)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    [Kdf::Pbkdf2, Kdf::Scrypt].into_iter().find_map(|kdf| {
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(kdf.key(password, salt)?));
        cipher.decrypt(&Nonce::from(nonce), sealed).ok()
    })
}

/// Undoes what mail, chat and shells do to a code: removes white space and invisible characters anywhere, brackets,
/// quotes and back-ticks around it, and padding; turns the ordinary base64 alphabet into the URL-safe one.
/// Source: behaviour 2.2 rule 11, SC-036.
pub fn clean_code(code: &str) -> String {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
    // Padding may stand inside or outside of what is wrapped around.
    code.trim_start_matches(is_wrapping)
        .trim_end_matches(|c| c == '=' || is_wrapping(c))
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_wrapping(c: char) -> bool {
    "[](){}<>\"'`´“”„‟«»‹›‘’‚‛＂＇".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SC-036.
    #[test]
    fn codes_survive_mail() {
        for pasted in [
            "ab-_cd",
            "[ab-_cd]",
            "\"ab-_cd\"==",
            "(ab-_cd=)",
            "<ab-_cd>",
            "```\nab-_cd\n```",
            "“ab-_cd”",
            "'ab+/cd=='",
            "a b\u{a0}-\r\n\t_c\u{200b}d=",
            "\u{feff}(ab-_cd)",
        ] {
            assert_eq!(clean_code(pasted), "ab-_cd", "{pasted}");
        }
        // A hyphen or underscore at an end belongs to the code.
        assert_eq!(clean_code("[-ab_]"), "-ab_");
    }

    #[test]
    fn says_why_a_code_does_not_open() {
        assert_eq!(open("äöü", "p"), Err(OpenError::NotBase64));
        assert_eq!(open("ab=cd", "p"), Err(OpenError::NotBase64));
        assert_eq!(open("", "p"), Err(OpenError::TooShort { len: 0 }));
        assert_eq!(open(&"A".repeat(60), "p"), Err(OpenError::TooShort { len: 45 }));
        assert_eq!(open(&"A".repeat(MAX_CODE + 1), "p"), Err(OpenError::TooLong));
        assert_eq!(open(&"A".repeat(64), "p"), Err(OpenError::CannotDecrypt));
    }

    #[test]
    fn what_is_inside_must_be_an_invitation() {
        let key = Kdf::Pbkdf2.key("p", &[1; SALT]).unwrap();
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
        let sealed = cipher.encrypt(&Nonce::from([2; NONCE]), b"[1]".as_slice()).unwrap();
        let code = BASE64.encode([[1; SALT].as_slice(), [2; NONCE].as_slice(), &sealed].concat());
        assert_eq!(open(&code, "p"), Err(OpenError::BadJson));
    }

    fn sample() -> Invitation {
        Invitation {
            remote_id: "jqzbb6r8mtbwxcgffuwscgcdbh".into(),
            site_url: "https://two.example.org/".into(),
            token: "x6f3kdhm5bnzmcb6w6oaat4rqe".into(),
            version: VERSION,
            ..Invitation::default()
        }
    }

    #[test]
    fn fields_are_checked_one_by_one() {
        let good = sample();
        assert_eq!(good.check().unwrap().site_url.as_str(), "https://two.example.org");
        assert!(good.rotates());
        for (bad, why) in [
            (Invitation { remote_id: "short".into(), ..good.clone() }, InvalidInvitation::RemoteId),
            (Invitation { token: String::new(), ..good.clone() }, InvalidInvitation::Token),
            (Invitation { token: "a b".into(), ..good.clone() }, InvalidInvitation::Token),
            (Invitation { token: "a".repeat(51), ..good.clone() }, InvalidInvitation::Token),
            (Invitation { refreshed_token: "a".into(), ..good.clone() }, InvalidInvitation::RefreshedToken),
            (
                Invitation { site_url: "https://u@h.example".into(), ..good.clone() },
                InvalidInvitation::SiteUrl(InvalidSiteUrl::UserInfo),
            ),
        ] {
            assert_eq!(bad.check(), Err(why));
        }
    }

    #[test]
    fn extensions_are_left_out_unless_given_and_ignored_unless_well_formed() {
        let json = sample().to_json();
        assert!(
            !json.contains("rialto") && !json.contains("expires_at") && !json.contains("refreshed_token"),
            "{json}"
        );
        let read: Invitation =
            serde_json::from_str(r#"{"remote_id":null,"rialto":5,"expires_at":"soon","later":[1]}"#).unwrap();
        assert_eq!(read, Invitation::default());
    }

    #[test]
    fn tokens_are_not_printed() {
        let text = format!("{:?}", Invitation { refreshed_token: "r".repeat(26), ..sample() });
        assert!(!text.contains("x6f3kdhm5") && !text.contains("rrrr"), "{text}");
    }
}
