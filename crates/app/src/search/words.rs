//! A text as the words it is found by: lower case, compatible spellings made one (NFKC), scripts that put no blanks
//! between words taken sign by sign. A search goes through the same, and asks for signs that stand beside each other.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizer;

/// Signs of a word that count; the rest of a longer one says nothing.
const LONGEST: usize = 64;

/// Whether a script runs its words together, so that each sign is looked for by itself: Thai, Lao, Burmese, Khmer, kana,
/// Chinese characters, Hangul (whose endings would hide the word).
fn stands_alone(sign: char) -> bool {
    matches!(u32::from(sign),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3100..=0x312f | 0x31a0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0x1b000..=0x1b16f | 0x20000..=0x3ffff)
}

/// The words of a text, in order.
pub(super) fn of(text: &str) -> Vec<String> {
    let normal: Cow<'_, str> = ComposingNormalizer::new_nfkc().normalize(text);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    for sign in normal.chars().flat_map(char::to_lowercase) {
        let alone = stands_alone(sign);
        let counts = sign.is_alphanumeric() || sign == '_';
        if (alone || !counts) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
            length = 0;
        }
        if alone && counts {
            words.push(sign.to_string());
        } else if counts && length < LONGEST {
            word.push(sign);
            length += 1;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A hashtag as the one word it is kept under.
pub(super) fn hashtag(tag: &str) -> String {
    let normal = ComposingNormalizer::new_nfkc().normalize(tag);
    normal.chars().flat_map(char::to_lowercase).filter(|sign| !sign.is_whitespace()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_words() {
        for (text, expected) in [
            ("Red, red WINE!", "red red wine"),
            ("", ""),
            ("a_b c-d e.f", "a_b c d e f"),
            ("don't", "don t"),
            ("CAFE\u{301} café", "café café"),
            ("ﬁne ｆｕｌｌ", "fine full"),
            ("東京都に行く", "東 京 都 に 行 く"),
            ("Rust言語2.0", "rust 言 語 2 0"),
            ("학교에서", "학 교 에 서"),
            ("สวัสดี", "ส ว \u{e31} ส ด \u{e35}"),
            ("STRASSE Straße", "strasse straße"),
            ("👍 ok 👍", "ok"),
            ("\"'\\:*", ""),
        ] {
            assert_eq!(of(text).join(" "), expected, "{text}");
        }
        assert_eq!(of(&"x".repeat(5000)), ["x".repeat(LONGEST)]);
        assert_eq!(hashtag("#Fire-Drill"), "#fire-drill");
    }
}
