//! Where in a message text is code or an address, so that nothing there is taken for a mention or rewritten.

use std::ops::Range;

/// The byte ranges of code: fenced blocks, indented blocks and inline code. In order, not overlapping.
pub(super) fn code(text: &str) -> Vec<Range<usize>> {
    let mut code = Vec::new();
    let mut fence: Option<(usize, char, usize)> = None;
    let mut prose_from: Option<usize> = None;
    let mut after_blank = true;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let mark = fence_mark(line);
        if let Some((start, kind, count)) = fence {
            if mark.is_some_and(|(k, c, alone)| k == kind && c >= count && alone) {
                code.push(start..end);
                fence = None;
                after_blank = true;
            }
        } else if let Some((kind, count, _)) = mark {
            inline(text, prose_from.take().unwrap_or(at)..at, &mut code);
            fence = Some((at, kind, count));
        } else if line.trim().is_empty() {
            inline(text, prose_from.take().unwrap_or(at)..at, &mut code);
            after_blank = true;
        } else if after_blank && prose_from.is_none() && (line.starts_with("    ") || line.starts_with('\t')) {
            code.push(at..end);
        } else {
            prose_from.get_or_insert(at);
            after_blank = false;
        }
        at = end;
    }
    match fence {
        // An unclosed fence runs to the end.
        Some((start, ..)) => code.push(start..text.len()),
        None => inline(text, prose_from.unwrap_or(at)..text.len(), &mut code),
    }
    code
}

/// The character and number of a fence line, and whether nothing else is on it (only such a line closes a block).
fn fence_mark(line: &str) -> Option<(char, usize, bool)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let rest = line.trim_start_matches(' ').trim_end();
    let kind = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(kind);
    let count = rest.len() - info.len();
    // A back-tick in the info string makes it inline code.
    (indent < 4 && count >= 3 && !(kind == '`' && info.contains('`'))).then_some((kind, count, info.is_empty()))
}

/// Finds inline code: a run of back-ticks up to the next run of the same length in the paragraph.
fn inline(text: &str, paragraph: Range<usize>, code: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let run_at = |at: usize| bytes.get(at..paragraph.end).map_or(0, |b| b.iter().take_while(|b| **b == b'`').count());
    let mut at = paragraph.start;
    while at < paragraph.end {
        let count = run_at(at);
        if count == 0 {
            at += 1;
            continue;
        }
        let mut close = at + count;
        while close < paragraph.end && run_at(close) != count {
            close += run_at(close).max(1);
        }
        if close < paragraph.end {
            code.push(at..close + count);
            at = close + count;
        } else {
            at += count;
        }
    }
}

/// The byte ranges of addresses outside `code`: `scheme://…` up to the next white space, and targets of links.
pub(super) fn addresses(text: &str, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (mark, step_back) in [("://", true), ("](", false), ("www.", false)] {
        for (at, _) in text.match_indices(mark) {
            let head = text.get(..at).unwrap_or_default();
            let start = if step_back { head.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len() } else { at };
            let tail = text.get(at..).unwrap_or_default();
            let end = at + tail.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(tail.len());
            if !is_inside(at, code) {
                found.push(start..end);
            }
        }
    }
    merge(found)
}

/// Whether a position lies in one of the ranges, which are in order and do not overlap.
pub(super) fn is_inside(at: usize, ranges: &[Range<usize>]) -> bool {
    let next = ranges.partition_point(|range| range.start <= at);
    next.checked_sub(1).and_then(|last| ranges.get(last)).is_some_and(|range| range.contains(&at))
}

/// Puts ranges in order and joins those that overlap.
pub(super) fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = code(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn finds_code() {
        check("a `b` c ``d ` e`` f", &["`b`", "``d ` e``"]);
        check("a ` b", &[]);
        check("a `b\n\nc` d", &[]);
        check("a `b\nc` d", &["`b\nc`"]);
        check("x\n```go\n@a\n```\ny `z`", &["```go\n@a\n```\n", "`z`"]);
        check("~~~\n```\n@a", &["~~~\n```\n@a"]);
        check("````\n```\n````", &["````\n```\n````"]);
        check("    code\n\n    more\ntext", &["    code\n", "    more\n"]);
        check("text\n    not code", &[]);
        check("``` inline ``` x", &["``` inline ```"]);
        check("ä `ö` ü", &["`ö`"]);
    }

    #[test]
    fn finds_addresses() {
        let text = "see https://a.example/@b, [x](/y@z) or www.c.example `http://d`";
        let found: Vec<&str> = addresses(text, &code(text)).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["https://a.example/@b,", "](/y@z)", "www.c.example"]);
    }
}
