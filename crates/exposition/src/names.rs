//! Names of metrics and labels.

use crate::units::unit_words;

/// What a metric's points are, as far as its name depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instrument {
    /// A monotonic sum: its name ends in `_total`.
    Counter,
    /// A sum that can fall.
    UpDownCounter,
    /// A value of the moment: with the unit `1` its name ends in `_ratio`.
    Gauge,
    /// A distribution; the suffixes of its samples come on top of the name.
    Histogram,
}

/// The Prometheus name of a metric, or `None` if no letter or digit would be left of it.
///
/// The unit is appended unless the name ends with it already, and stands before the suffix of the type. Unlike the
/// translator that Prometheus itself uses, which looks for a unit anywhere in the name and moves a `total` from the
/// middle to the end, this keeps to the specification's words: only the end of the name counts.
pub fn metric_name(name: &str, unit: &str, instrument: Instrument) -> Option<String> {
    let mut translated = collapsed(name, |character| {
        character.is_ascii_alphanumeric() || character == ':'
    });
    if !translated.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let suffix = match instrument {
        Instrument::Counter => "total",
        Instrument::Gauge if unit.trim() == "1" => "ratio",
        _ => "",
    };
    if let Some(stem) = without_last_word(&translated, suffix) {
        translated.truncate(stem.len());
    }
    let unit = unit_words(unit);
    if without_last_word(&translated, &unit).is_none() && translated != unit {
        append_word(&mut translated, &unit);
    }
    append_word(&mut translated, suffix);
    if translated.starts_with(|first: char| first.is_ascii_digit()) {
        translated.insert(0, '_');
    }
    Some(translated)
}

/// The Prometheus name of an attribute. Total: an empty key becomes `_`.
///
/// Runs of `_` collapse, also at the ends, so that no attribute can claim a name that Prometheus reserves, such as
/// `__name__`.
pub fn label_name(key: &str) -> String {
    let mut translated = collapsed(key, |character| character.is_ascii_alphanumeric());
    if translated.is_empty() {
        translated.push('_');
    }
    if translated.starts_with(|first: char| first.is_ascii_digit()) {
        translated.insert_str(0, "key_");
    }
    translated
}

/// Whether `name` can stand in the text format as the name of a metric.
pub fn is_metric_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':')
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_' || character == ':')
}

/// Whether `name` can be the name of a label: it starts with a letter, or with a single `_`.
pub fn is_label_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && !name.starts_with("__")
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Replaces every run of characters that are not `kept` by one `_`.
fn collapsed(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if kept(character) {
            out.push(character);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// `name` without its last word and the `_` before it, if that word is `word` and something stands before it.
fn without_last_word<'a>(name: &'a str, word: &str) -> Option<&'a str> {
    if word.is_empty() {
        return None;
    }
    name.strip_suffix(word)?
        .strip_suffix('_')
        .filter(|stem| !stem.is_empty())
}

fn append_word(name: &mut String, word: &str) {
    if word.is_empty() {
        return;
    }
    if !name.ends_with('_') {
        name.push('_');
    }
    name.push_str(word);
}

#[cfg(test)]
mod tests;
