//! The names under which remote people are known here. Source: wire 7.3, ruling 54, SC-098, SC-099.

/// Bytes of a whole username.
const MAX: usize = 64;
/// What the connection's name and its colon may always take.
const HALF: usize = 32;
const CUT: &str = "...";

/// The username a remote person gets here: `name:handle`.
///
/// `received` is the name on the wire, `handle` that of the connection it came over. Somebody relayed arrives as
/// `name:suffix` and keeps the suffix, unless that is the handle of another connection of ours: then it would look
/// like one of *their* people, and becomes `name:suffix-via-handle`. `attempt` 1 is the plain name; on a collision
/// try 2, 3 and so on, which give `name-2:handle`, never `name-2-3`.
pub fn stand_in(received: &str, handle: &str, attempt: u32, is_other_handle: impl Fn(&str) -> bool) -> String {
    let (name, suffix) = match received.split_once(':') {
        None => (received, handle.to_owned()),
        Some((name, rest)) => {
            let suffix = rest.replace(':', "");
            let is_taken = suffix != handle && is_other_handle(&suffix);
            (name, if is_taken { format!("{suffix}-via-{handle}") } else { suffix })
        }
    };
    let number = if attempt > 1 { format!("-{attempt}") } else { String::new() };
    fit(name, &number, &suffix)
}

/// Joins the parts within 64 bytes. The name is cut first, down to what a suffix of half the room leaves; a part that
/// is cut ends in dots.
fn fit(name: &str, number: &str, suffix: &str) -> String {
    if name.len() + number.len() + 1 + suffix.len() <= MAX {
        return format!("{name}{number}:{suffix}");
    }
    let room = MAX - HALF.min(suffix.len() + 1);
    let name = if name.len() + number.len() > room {
        format!("{}{number}{CUT}", cut(name, room.saturating_sub(number.len() + CUT.len())))
    } else {
        format!("{name}{number}")
    };
    let room = MAX.saturating_sub(name.len() + 1);
    if suffix.len() > room {
        format!("{name}:{}{CUT}", cut(suffix, room.saturating_sub(CUT.len())))
    } else {
        format!("{name}:{suffix}")
    }
}

/// At most `max` bytes, whole characters.
fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Splits a username into the person's name and the part after the first colon, if any.
pub fn split(username: &str) -> (&str, Option<&str>) {
    username.split_once(':').map_or((username, None), |(name, suffix)| (name, Some(suffix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(received: &str, handle: &str, attempt: u32, expected: &str) {
        let name = stand_in(received, handle, attempt, |suffix| suffix == "globex");
        assert_eq!(name, expected);
        assert!(name.len() <= MAX);
    }

    #[test]
    fn names_carry_the_handle() {
        check("alice", "acme", 1, "alice:acme");
        check("alice", "acme", 2, "alice-2:acme");
        check("alice", "acme", 3, "alice-3:acme");
    }

    /// SC-099.
    #[test]
    fn relayed_names_keep_their_suffix_unless_it_is_another_connections() {
        check("alice:b", "c", 1, "alice:b");
        check("x:y:z", "c", 1, "x:yz");
        check("alice:globex", "acme", 1, "alice:globex-via-acme");
        check("alice:globex", "acme", 2, "alice-2:globex-via-acme");
        check("alice:globex", "globex", 1, "alice:globex");
        check("alice:b", "c", 2, "alice-2:b");
    }

    /// AT-18, E-025.
    #[test]
    fn long_names_are_cut_as_in_wire_7_3() {
        let (a, r) = ("a".repeat(64), "r".repeat(64));
        check(&a, "acme", 1, &format!("{}...:acme", "a".repeat(56)));
        check("bob", &r, 1, &format!("bob:{}...", "r".repeat(57)));
        check(&a, &r, 1, &format!("{}...:{}...", "a".repeat(29), "r".repeat(28)));
        check(&a, &r, 2, &format!("{}-2...:{}...", "a".repeat(27), "r".repeat(28)));
        check(&"a".repeat(60), "acme", 1, &format!("{}...:acme", "a".repeat(56)));
        check(&"a".repeat(59), "acme", 1, &format!("{}:acme", "a".repeat(59)));
    }

    /// AT-18.
    #[test]
    fn any_text_fits() {
        for received in ["é".repeat(40), format!("{}:{}", "é".repeat(40), "ü".repeat(60)), ":".into(), String::new()]
        {
            for attempt in [1, 2, u32::MAX] {
                assert!(stand_in(&received, &"ß".repeat(40), attempt, |_| true).len() <= MAX);
            }
        }
    }

    #[test]
    fn splits_at_the_first_colon() {
        assert_eq!(split("alice"), ("alice", None));
        assert_eq!(split("alice:acme"), ("alice", Some("acme")));
    }
}
