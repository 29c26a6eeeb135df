//! Bodies whose escapes do not all stand for characters. JSON can name half a surrogate pair, which is no character,
//! and NUL, which no database of ours keeps alike. What is no text is replaced where it comes in, once, so that every
//! server then shows the same bytes. Source: E-075, wire 3.13.

use std::borrow::Cow;

/// Six bytes, as long as the escape it replaces: U+FFFD.
const REPLACEMENT: &[u8] = br"\ufffd";

/// JSON in which every half of a surrogate pair is U+FFFD, as the decoder of other servers reads it.
pub fn whole(json: &[u8]) -> Cow<'_, [u8]> {
    mend(json, false)
}

/// The same for what people send us: NUL is U+FFFD as well.
pub fn storable(json: &[u8]) -> Cow<'_, [u8]> {
    mend(json, true)
}

fn mend(json: &[u8], nul: bool) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(step) = json.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += step;
        let Some(unit) = escaped(json, at) else {
            // Another escape, or none: two bytes, so that `\\u` is not taken for one.
            at += 2;
            continue;
        };
        let pair = (0xD800..0xDC00).contains(&unit)
            && escaped(json, at + 6).is_some_and(|low| (0xDC00..0xE000).contains(&low));
        if pair {
            at += 12;
            continue;
        }
        let is_none = (0xD800..0xE000).contains(&unit) || (nul && unit == 0);
        if is_none && let Some(place) = mended.to_mut().get_mut(at..at + 6) {
            place.copy_from_slice(REPLACEMENT);
        }
        at += 6;
    }
    mended
}

/// The number of the `\uXXXX` at `at`.
fn escaped(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(br"\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(json: &str, expected: &str) {
        let mended = storable(json.as_bytes());
        assert_eq!(serde_json::from_slice::<String>(&mended).unwrap(), expected, "{json}");
    }

    /// E-075: what is text stays byte by byte, also unmended; what is none is replaced, half a pair by half a pair.
    #[test]
    fn halves_of_pairs_and_nul_are_replaced_and_nothing_else() {
        for text in ["é e\u{301} שלום 👩‍👩‍👧 𝒳 \u{202e}", "", "\\ud800", "tab\t\"quote\" \\"] {
            let json = serde_json::to_string(text).unwrap();
            assert!(matches!(storable(json.as_bytes()), Cow::Borrowed(_)), "{json}");
            reads(&json, text);
        }
        reads(r#""\ud83d\ude00""#, "😀");
        reads(r#""\uD83D\uDE00 \u00e9""#, "😀 é");
        reads(r#""a\ud83db""#, "a\u{fffd}b");
        reads(r#""a\ude00""#, "a\u{fffd}");
        reads(r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀");
        reads(r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}");
        reads(r#""\\ud800\\\ud800""#, "\\ud800\\\u{fffd}");
        reads(r#""a\u0000b""#, "a\u{fffd}b");
        assert_eq!(*whole(br#""a\u0000\ud800""#), *br#""a\u0000\ufffd""#, "of a peer's NUL its own rules decide");
        for broken in [r#""\u""#, r#""\ud8"#, r#""\ud800\u"#, r"\", r#""\u+123""#] {
            assert!(serde_json::from_slice::<String>(&storable(broken.as_bytes())).is_err(), "{broken}");
        }
    }
}
