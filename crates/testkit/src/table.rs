//! Markdown tables, as slash commands answer them.

use std::collections::BTreeMap;

/// The rows of the first table in `text`, each as column title to content.
///
/// # Panics
/// If there is no table, or its rows have unequal numbers of cells.
#[track_caller]
pub fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(str::trim).filter(|line| line.starts_with('|')).map(cells);
    let titles = lines.next().unwrap_or_else(|| panic!("no table in: {text}"));
    let ruler = lines.next().unwrap_or_else(|| panic!("a table of one line in: {text}"));
    assert!(ruler.iter().all(|cell| cell.contains("---") || cell.contains(":--")), "no ruler in: {text}");
    let rows = lines.map(|row| {
        assert_eq!(row.len(), titles.len(), "cells of {row:?} in: {text}");
        titles.iter().cloned().zip(row).collect()
    });
    rows.collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.trim_matches('|').chars() {
        match c {
            '|' if !escaped => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
        escaped = c == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
