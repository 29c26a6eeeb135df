//! Identifiers: 26 characters that are the same on every server holding the thing they name.
//!
//! Made from 128 random bits, written in a base-32 alphabet of its own, most significant bit first. Source: wire 1.2.

use std::fmt;

const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// A text that is not an id: not 26 characters, or one that is neither a letter nor a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

/// Writes 16 random bytes as an id, after setting the version and variant bits of a random UUID.
pub fn encode(mut random: [u8; 16]) -> [u8; 26] {
    if let Some(byte) = random.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    if let Some(byte) = random.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let bits = u128::from_be_bytes(random);
    let mut out = [0u8; 26];
    for (place, slot) in out.iter_mut().enumerate() {
        // 26 characters hold 130 bits: the last one carries the lowest three bits, shifted up by two.
        let group = if place == 25 { (bits << 2) & 31 } else { (bits >> (123 - 5 * place)) & 31 };
        *slot = ALPHABET.get(group as usize).copied().unwrap_or(b'y');
    }
    out
}

/// True if `text` has the form of an id; looser than generation, as peers are (wire 1.2).
pub fn is_valid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 26]);

        impl $name {
            /// Reads an id.
            ///
            /// # Errors
            /// [`InvalidId`] unless `text` is 26 letters or digits.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if !is_valid(text) {
                    return Err(InvalidId);
                }
                text.as_bytes().try_into().map(Self).map_err(|_| InvalidId)
            }

            /// Makes an id from 16 random bytes.
            pub fn from_random(random: [u8; 16]) -> Self {
                Self(encode(random))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                // Only ASCII is ever stored, so the fallback is out of reach.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id_type! {
    /// A person, local or remote, or the system account.
    UserId;
    /// A sign-in.
    SessionId;
    /// A team.
    TeamId;
    /// A channel; the same on home and copies.
    ChannelId;
    /// A post.
    PostId;
    /// A secure connection; the same on both of its servers (wire 1.3).
    RemoteId;
    /// A share: one shared channel with one remote cluster, from one invitation to its end.
    ShareId;
    /// An invitation code that was given out.
    InviteId;
    /// A file.
    FileId;
    /// A message of one server to another.
    MessageId;
    /// This installation, made once.
    ServerId;
    /// A request, for error objects and logs.
    RequestId;
    /// A websocket connection.
    ConnectionId;
    /// A sidebar category, emoji, role or other small thing that clients name by id.
    ItemId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uuid: &str, text: &str) {
        let digits: String = uuid.chars().filter(|c| *c != '-').collect();
        let bytes = u128::from_str_radix(&digits, 16).unwrap().to_be_bytes();
        assert_eq!(std::str::from_utf8(&encode(bytes)).unwrap(), text);
    }

    #[test]
    fn encodes_the_check_values_of_wire_1_2() {
        check("00000000-0000-4000-8000-000000000000", "yyyyyyyyybyybyyyyyyyyyyyyy");
        check("ffffffff-ffff-4fff-bfff-ffffffffffff", "9999999997899x99999999999h");
        check("123e4567-e89b-42d3-a456-426614174000", "ne9rk39eupbp8jnsejubef4yyy");
    }

    #[test]
    fn refuses_what_is_not_26_letters_or_digits() {
        assert!(UserId::parse("NE9RK39eupbp8jnsejubef4yyy").is_ok());
        for text in
            ["", "short", "ne9rk39eupbp8jnsejubef4yy", "ne9rk39eupbp8jnsejubef4yyyy", "ne9rk39eupbp8jnsejubef4yy-"]
        {
            assert_eq!(UserId::parse(text), Err(InvalidId), "{text}");
        }
    }
}
