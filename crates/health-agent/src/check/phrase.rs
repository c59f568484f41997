//! How evidence says names, times and sizes.

use std::fmt::Display;

/// So many are named.
const NAMED: usize = 5;

/// So much of what others say is repeated.
const SAID: usize = 160;

/// The first few of a list, and how many more there are.
pub(super) fn few<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let mut text = String::new();
    for item in items.by_ref().take(NAMED) {
        if !text.is_empty() {
            text += ", ";
        }
        text += &item.to_string();
    }
    match items.count() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The beginning of what somebody else said, in one line.
pub(super) fn said(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(SAID) {
        line.truncate(end);
        line += "…";
    }
    line
}

/// How long something takes or is ago, in two units at most.
pub(super) fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min", whole / 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// A size in memory or on disk.
pub(super) fn bytes(bytes: f64) -> String {
    let mut size = bytes / 1024.0;
    for unit in ["KiB", "MiB"] {
        if size < 1024.0 {
            return format!("{size:.1} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.1} GiB")
}

/// `1 target`, `2 targets`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_it_in_few_words() {
        assert_eq!(few(1..=3), "1, 2, 3");
        assert_eq!(few(1..=9), "1, 2, 3, 4, 5 and 4 more");
        assert_eq!(few(Vec::<u8>::new()), "");
        assert_eq!(said("it \n  broke"), "it broke");
        assert_eq!(said(&"é".repeat(500)), format!("{}…", "é".repeat(160)));
        assert_eq!(time(59.4), "59 s");
        assert_eq!(time(3599.0), "59 min");
        assert_eq!(time(7260.0), "2 h 1 min");
        assert_eq!(time(180_000.0), "2 d 2 h");
        assert_eq!(time(-1.0), "0 s");
        assert_eq!(bytes(512.0), "0.5 KiB");
        assert_eq!(bytes(1.5 * 1024.0 * 1024.0), "1.5 MiB");
        assert_eq!(bytes(2.0 * 1024.0 * 1024.0 * 1024.0), "2.0 GiB");
        assert_eq!(count(1, "target"), "1 target");
        assert_eq!(count(0, "target"), "0 targets");
    }
}
