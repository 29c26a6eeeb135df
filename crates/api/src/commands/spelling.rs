//! Which word was probably meant, for refusals that suggest one (behaviour 2.2.14, 2.6).

/// The entry nearest to `word`, counting insertions, deletions, replacements and swapped neighbours as one slip each.
/// One slip is allowed in short words, one more for every further four letters. The earlier of two equals wins.
pub fn nearest<T>(word: &str, among: impl Iterator<Item = (&'static str, T)>) -> Option<T> {
    let length = word.chars().count();
    // Nothing that long is a slip of a word of ours; this also bounds the work for hostile input.
    if length > 32 {
        return None;
    }
    among
        .map(|(candidate, item)| (slips(word, candidate), item))
        .filter(|(slips, _)| *slips <= 1 + length / 4 && *slips < length)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, item)| item)
}

fn slips(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = at(&above, j) + usize::from(x != y);
            let mut least = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    at(&above, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, found: Option<&str>) {
        let among = ["create", "accept", "remove", "status"];
        assert_eq!(nearest(word, among.iter().map(|entry| (*entry, *entry))), found, "{word}");
    }

    #[test]
    fn slips_of_the_keyboard_are_forgiven_and_guesses_are_not() {
        check("create", Some("create"));
        check("craete", Some("create"));
        check("creat", Some("create"));
        check("ceate", Some("create"));
        check("stats", Some("status"));
        check("removee", Some("remove"));
        check("delete", None);
        check("x", None);
        check("", None);
        check(&"create".repeat(1000), None);
    }
}
