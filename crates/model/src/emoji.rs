//! Pictures that people have given a name, here and at peers; and the names every client knows by itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::names::{InvalidName, check_emoji_name};
use crate::{ItemId, Millis, RemoteId, UserId};

/// Bytes of the picture one may send (client-api 10, ruling 8.8).
pub const MAX_BYTES: i64 = 512 << 10;
/// Pixels to a side it may have when it comes (client-api 10).
pub const MAX_SIDE: u32 = 1_028;
/// Pixels to a side it is kept in at most (client-api 10).
pub const KEPT_SIDE: u32 = 128;

/// A picture with a name, made here. It never changes: another picture under the same name is another emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomEmoji {
    /// Names its picture too.
    pub id: ItemId,
    /// Who made it.
    pub creator_id: UserId,
    /// What people write between colons; one living emoji a name.
    pub name: String,
    /// `image/png` or `image/gif`: what we made of what was sent.
    pub mime_type: String,
    /// When it was made.
    pub create_at: Millis,
    /// Last change of the row.
    pub update_at: Millis,
    /// Taken away.
    pub delete_at: Option<Millis>,
}

/// A picture with a name of a peer's. It stands beside ours, never in their place (behaviour 8.2, E-149).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerEmoji {
    /// Whose: one emoji a connection and name, the latest (ruling 8.8).
    pub remote_id: RemoteId,
    /// What people write between colons.
    pub name: String,
    /// Names the picture; drawn here, another one for every version.
    pub id: ItemId,
    /// Who made it there, by the id of that person here.
    pub creator_id: UserId,
    /// As in [`CustomEmoji`].
    pub mime_type: String,
    /// When it came.
    pub update_at: Millis,
}

/// A peer's emoji that is arriving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmojiUpload {
    /// Names the upload.
    pub id: ItemId,
    /// What the sender calls the picture.
    pub file_id: crate::FileId,
    /// The connection it arrives over.
    pub remote_id: RemoteId,
    /// What it will be called.
    pub name: String,
    /// Who made it there, by the id of that person here.
    pub creator_id: UserId,
    /// Bytes it will have.
    pub size: i64,
    /// SHA-256 it must have, lower-case hex.
    pub sha256: String,
    /// When it was announced.
    pub create_at: Millis,
    /// All of it has arrived.
    pub is_done: bool,
}

/// The names clients have signs for, one a line. Data of the web client's emoji list (emojibase, MIT).
const SYSTEM_NAMES: &str = include_str!("emoji_names.txt");

/// Whether clients have a sign of their own for a name, in any case and skin tone.
pub fn is_system_emoji(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = ["_medium_light", "_medium_dark", "_medium", "_light", "_dark"]
        .iter()
        .find_map(|tone| lower.strip_suffix("_skin_tone")?.strip_suffix(tone))
        .unwrap_or(&lower);
    SYSTEM_NAMES.lines().any(|known| known == lower || known == plain)
}

/// Checks the name of a picture of one's own: none that has a sign already.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_custom_name(name: &str) -> Result<(), InvalidName> {
    check_emoji_name(name)?;
    if is_system_emoji(name) { Err(InvalidName::Reserved) } else { Ok(()) }
}

/// What in a text may be names of emoji: everything between two colons that has their form.
pub fn names_in(text: &str) -> BTreeSet<&str> {
    text.split(':').filter(|part| check_emoji_name(part).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-150: names of built-in emoji cannot be taken, whatever their case and skin tone.
    #[test]
    fn built_in_names_are_taken() {
        for name in ["rocket", "+1", "thumbsup", "Rocket", "wave_medium_dark_skin_tone", "white_check_mark"] {
            assert_eq!(check_custom_name(name), Err(InvalidName::Reserved), "{name}");
        }
        for name in ["party_parrot", "rocket2", "q", "A-b_c+9", "puffin_dark_skin_tone"] {
            assert_eq!(check_custom_name(name), Ok(()), "{name}");
        }
        for name in ["", "a b", "ü", "a:b", "../x", "a\0", &"x".repeat(65)] {
            assert!(matches!(check_custom_name(name), Err(InvalidName::Length { .. } | InvalidName::Character(_))));
        }
    }

    #[test]
    fn names_stand_between_colons() {
        let found: Vec<&str> = names_in("look :party_parrot:, :b::c: not :a b: nor d").into_iter().collect();
        assert_eq!(found, ["b", "c", "party_parrot"]);
        assert!(names_in("no_colons").contains("no_colons"), "who asks looks whether there is such an emoji");
    }
}
