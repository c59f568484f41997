//! What becomes of names that not every scraper can read: names of other characters than letters, digits, `_` and `:`.

use std::borrow::Cow;
use std::fmt::Write;

use crate::labels::{pairs, unescaped};
use crate::names::{is_metric_name, is_unquoted_label, unreserved};

/// How such names are written, as a scraper asks for it by `escaping=`. Names that every scraper can read stay as they
/// are, whatever it asks for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// As they are, in quotes.
    AllowUtf8,
    /// Every other character becomes `_`.
    #[default]
    Underscores,
    /// A `.` becomes `_dot_`, every other character and `_` becomes `__`.
    Dots,
    /// `U__` in front, `_` becomes `__`, every other character its code point: `_2e_`. This can be undone.
    Values,
}

impl Escaping {
    /// The word for it in headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values]
            .into_iter()
            .find(|known| known.as_str() == word)
    }

    /// The name of a metric as this writes it. `AllowUtf8` leaves the quotes to the writer.
    pub fn metric_name(self, name: &str) -> Cow<'_, str> {
        if self == Self::AllowUtf8 || is_metric_name(name) {
            return Cow::Borrowed(name);
        }
        Cow::Owned(self.replaced(name, |character| character == ':'))
    }

    /// The name of a label as this writes it. Never makes a reserved name of one that was not.
    pub fn label_name(self, name: &str) -> Cow<'_, str> {
        if self == Self::AllowUtf8 || is_unquoted_label(name) {
            return Cow::Borrowed(name);
        }
        let replaced = self.replaced(name, |_| false);
        Cow::Owned(unreserved(&replaced).to_owned())
    }

    fn replaced(self, name: &str, also: impl Fn(char) -> bool) -> String {
        let mut out = String::with_capacity(name.len() + 8);
        if self == Self::Values {
            out.push_str("U__");
        }
        for (index, character) in name.char_indices() {
            let stays = character.is_ascii_alphabetic()
                || character == '_'
                || also(character)
                || (character.is_ascii_digit() && index > 0);
            match (self, character) {
                (Self::Dots | Self::Values, '_') => out.push_str("__"),
                _ if stays => out.push(character),
                (Self::Dots, '.') => out.push_str("_dot_"),
                (Self::Dots, _) => out.push_str("__"),
                (Self::Values, _) => {
                    // cannot fail: a `String` grows
                    let _ = write!(out, "_{:x}_", u32::from(character));
                }
                (Self::AllowUtf8 | Self::Underscores, _) => out.push('_'),
            }
        }
        out
    }

    /// Writes the labels of two texts as one text into `out`, their names escaped. Values of labels that have one name
    /// then are joined by `;`: a name that comes twice would cost the whole scrape.
    pub(crate) fn rewrite(self, texts: [&str; 2], out: &mut String) {
        let mut labels: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::with_capacity(16);
        for (name, value) in texts.into_iter().flat_map(pairs) {
            let name = if is_unquoted_label(name) {
                Cow::Borrowed(name)
            } else {
                Cow::Owned(self.label_name(&unescaped(name)).into_owned())
            };
            match labels.iter_mut().find(|(other, _)| *other == name) {
                Some((_, joined)) => *joined = Cow::Owned(format!("{joined};{value}")),
                None => labels.push((name, Cow::Borrowed(value))),
            }
        }
        out.clear();
        for (name, value) in &labels {
            if !out.is_empty() {
                out.push(',');
            }
            for part in [name, "=\"", value, "\""] {
                out.push_str(part);
            }
        }
    }
}

#[cfg(test)]
mod tests;
