//! Names of metrics and labels.

use crate::units::unit_words;

/// How OpenTelemetry's names become Prometheus names. Spelled in configurations as Prometheus and the Go collector spell
/// their `translation_strategy`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Translation {
    /// Runs of other characters become `_`, units and types are appended: `foo_bar_bytes_total`.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Runs of other characters become `_`, nothing is appended: `foo_bar`.
    UnderscoreEscapingWithoutSuffixes,
    /// Characters stay, units and types are appended: `foo.bar_bytes_total`.
    NoUtf8EscapingWithSuffixes,
    /// Names stay as they are: `foo.bar`.
    NoTranslation,
}

impl Translation {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::UnderscoreEscapingWithSuffixes,
        Self::UnderscoreEscapingWithoutSuffixes,
        Self::NoUtf8EscapingWithSuffixes,
        Self::NoTranslation,
    ];

    /// The word for it in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnderscoreEscapingWithSuffixes => "UnderscoreEscapingWithSuffixes",
            Self::UnderscoreEscapingWithoutSuffixes => "UnderscoreEscapingWithoutSuffixes",
            Self::NoUtf8EscapingWithSuffixes => "NoUTF8EscapingWithSuffixes",
            Self::NoTranslation => "NoTranslation",
        }
    }

    /// The strategy that a word in a configuration stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Whether names can hold more than letters, digits, `_` and `:`.
    pub fn allows_utf8(self) -> bool {
        matches!(self, Self::NoUtf8EscapingWithSuffixes | Self::NoTranslation)
    }

    fn adds_suffixes(self) -> bool {
        matches!(
            self,
            Self::UnderscoreEscapingWithSuffixes | Self::NoUtf8EscapingWithSuffixes
        )
    }
}

/// What a metric's points are, as far as its name depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instrument {
    /// A monotonic sum: its name ends in `_total`.
    Counter,
    /// A sum that can fall.
    UpDownCounter,
    /// A value of the moment: with the unit `1` its name ends in `_ratio`.
    Gauge,
    /// A distribution, over explicit or exponential buckets; the suffixes of its samples come on top of the name.
    Histogram,
    /// A distribution as quantiles; the suffixes of its samples come on top of the name.
    Summary,
}

/// The name of a metric, translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricName {
    /// The name that its family is exposed under.
    pub name: String,
    /// The unit's words where the name, less its `_total`, ends with them after a `_`; else empty. That is what
    /// OpenMetrics allows in a UNIT line.
    pub unit: String,
}

/// The Prometheus name of a metric, or `None` if nothing would be left that tells it from others: no letter or digit
/// where characters are replaced, nothing at all where they stay.
///
/// The unit is appended unless the name ends with it already, and stands before the suffix of the type. Unlike the
/// translator that Prometheus itself uses, which looks for a unit anywhere in the name and moves a `total` from the
/// middle to the end, this keeps to the specification's words: only the end of the name counts.
pub fn metric_name(
    name: &str,
    unit: &str,
    instrument: Instrument,
    translation: Translation,
) -> Option<MetricName> {
    let mut translated = if translation.allows_utf8() {
        if name.is_empty() {
            return None;
        }
        without_nul(name)
    } else {
        let kept = |character: char| character.is_ascii_alphanumeric() || character == ':';
        let collapsed = collapsed(name, kept);
        if !collapsed.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        collapsed
    };
    let is_ratio = instrument == Instrument::Gauge && unit.trim() == "1";
    let words = if is_ratio {
        "ratio".to_owned()
    } else {
        unit_words(unit)
    };
    let suffix = match instrument {
        Instrument::Counter => "total",
        _ => "",
    };
    if translation.adds_suffixes() {
        if let Some(stem) = without_last_word(&translated, suffix) {
            translated.truncate(stem.len());
        }
        let is_there = without_last_word(&translated, &words).is_some() || (translated == words && !is_ratio);
        if !is_there {
            append_word(&mut translated, &words);
        }
        append_word(&mut translated, suffix);
    }
    if !translation.allows_utf8() && translated.starts_with(|first: char| first.is_ascii_digit()) {
        translated.insert(0, '_');
    }
    let stem = without_last_word(&translated, suffix).unwrap_or(&translated);
    let unit = without_last_word(stem, &words).map_or_else(String::new, |_| words);
    Some(MetricName {
        name: translated,
        unit,
    })
}

/// The Prometheus name of an attribute. Total: an empty key becomes `_`.
///
/// Runs of `_` collapse where characters are replaced, and always at the start, so that no attribute can claim a name
/// that Prometheus reserves, such as `__name__`.
pub fn label_name(key: &str, translation: Translation) -> String {
    let mut translated = if translation.allows_utf8() {
        without_nul(unreserved(key))
    } else {
        collapsed(key, |character| character.is_ascii_alphanumeric())
    };
    if translated.is_empty() {
        translated.push('_');
    }
    if !translation.allows_utf8() && translated.starts_with(|first: char| first.is_ascii_digit()) {
        translated.insert_str(0, "key_");
    }
    translated
}

/// Whether `name` can stand unquoted in the text formats as the name of a metric.
pub fn is_metric_name(name: &str) -> bool {
    is_legacy(name, |byte| byte == b':')
}

/// Whether `name` can stand unquoted in the text formats as the name of a label, and is not reserved: it does not start
/// with `__`.
pub fn is_label_name(name: &str) -> bool {
    is_unquoted_label(name) && !name.starts_with("__")
}

/// Whether `name` can stand unquoted in the text formats as the name of a label.
pub(crate) fn is_unquoted_label(name: &str) -> bool {
    is_legacy(name, |_| false)
}

/// Whether a name is of the characters that all names had to be of before UTF-8 was allowed.
fn is_legacy(name: &str, also: impl Fn(u8) -> bool) -> bool {
    let starts = name
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_' || also(first));
    starts
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || also(byte))
}

/// A label's name without all but one of the `_` that it starts with, if there are several.
pub(crate) fn unreserved(name: &str) -> &str {
    if name.starts_with("__") {
        let rest = name.trim_start_matches('_');
        &name[name.len() - rest.len() - 1..]
    } else {
        name
    }
}

/// Prometheus' lexer takes NUL for the end of its input.
fn without_nul(name: &str) -> String {
    name.replace('\0', "\u{fffd}")
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
