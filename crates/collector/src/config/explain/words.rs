//! Numbers and lists as one says them.

use std::time::Duration;

/// `a, b and c`.
pub(super) fn list(items: &[impl AsRef<str>], last: &str) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 && index + 1 == items.len() {
            text.extend([" ", last, " "]);
        } else if index > 0 {
            text += ", ";
        }
        text += item.as_ref();
    }
    text
}

pub(super) fn quoted(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}

/// `1,000,000`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn plural(number: usize, thing: &str) -> String {
    let s = if number == 1 || thing.ends_with('s') {
        ""
    } else {
        "s"
    };
    format!("{} {thing}{s}", count(number))
}

/// `16 MiB`; `1,000 B` where no larger unit is exact.
pub(super) fn bytes(number: usize) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if number >= size && number.is_multiple_of(size) {
            return format!("{} {unit}", count(number / size));
        }
    }
    format!("{} B", count(number))
}

pub(super) fn age(age: Option<Duration>) -> String {
    match age {
        Some(age) => format!("for {}", humantime::format_duration(age)),
        None => "for ever".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_one_says_them() {
        assert_eq!(list(&["a"], "or"), "a");
        assert_eq!(list(&["a", "b", "c"], "or"), "a, b or c");
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "label"), "1 label");
        assert_eq!(plural(2, "label"), "2 labels");
        assert_eq!(plural(2, "series"), "2 series");
        assert_eq!(bytes(1000), "1,000 B");
        assert_eq!(bytes(1536), "1,536 B");
        assert_eq!(bytes(2048 << 20), "2 GiB");
        assert_eq!(age(Some(Duration::from_mins(90))), "for 1h 30m");
        assert_eq!(age(None), "for ever");
    }
}
