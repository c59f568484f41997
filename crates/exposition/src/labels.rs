//! Labels, rendered once into text: `name="value",name="value"`, without the braces. A name of other characters than
//! letters, digits and `_` is quoted too: `"http.route"="/"`.

use std::borrow::Cow;

use crate::names::{Translation, is_unquoted_label, label_name};

/// The labels of one thing, on their way to becoming text.
///
/// Several attributes can end up under one label name. Their values are then joined by `;` in the order of the
/// attributes' keys, as the specification wants it.
#[derive(Debug, Default, Clone)]
pub struct LabelSet {
    translation: Translation,
    labels: Vec<Label>,
}

/// One attribute: the label that it becomes, the key that it had, its value.
#[derive(Debug, Clone)]
struct Label {
    name: String,
    key: String,
    value: String,
}

impl Label {
    fn order(&self) -> (&str, &str) {
        (&self.name, &self.key)
    }
}

impl LabelSet {
    /// A set whose labels' names are translated in one way. `LabelSet::default()` translates in the default way.
    pub fn new(translation: Translation) -> Self {
        Self {
            translation,
            labels: Vec::new(),
        }
    }

    /// Adds an attribute under the translation of its key.
    pub fn push(&mut self, key: &str, value: &str) {
        self.push_as(&label_name(key, self.translation), key, value);
    }

    /// Adds an attribute under a label name that is not the translation of its key. Of a key that comes twice under one
    /// name, the last value counts.
    pub fn push_as(&mut self, name: &str, key: &str, value: &str) {
        self.labels.push(Label {
            name: name.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Adds everything that `other` has.
    pub fn extend(&mut self, other: &Self) {
        self.labels.extend_from_slice(&other.labels);
    }

    /// Whether there is a label called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.name == name)
    }

    /// The text, sorted by name. Labels without a value are left out: to Prometheus they do not exist, and one series
    /// must have one text.
    pub fn render(mut self) -> String {
        self.labels.sort_by(|one, other| one.order().cmp(&other.order()));
        let mut text = String::new();
        for same_name in self.labels.chunk_by(|one, other| one.name == other.name) {
            let name = &same_name[0].name;
            let values: Vec<&str> = same_name
                .chunk_by(|one, other| one.key == other.key)
                .filter_map(|same_key| Some(same_key.last()?.value.as_str()))
                .collect();
            match values.as_slice() {
                [""] => {}
                [only] => append(&mut text, name, only),
                many => append(&mut text, name, &many.join(";")),
            }
        }
        text
    }
}

/// Appends one label to a text of labels, quoting its name where it needs that, and escaping its value.
pub fn append(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    if is_unquoted_label(name) {
        text.push_str(name);
    } else {
        append_quoted(text, name);
    }
    text.push('=');
    append_quoted(text, value);
}

/// Appends a name or a value in quotes.
pub(crate) fn append_quoted(text: &mut String, plain: &str) {
    text.push('"');
    for character in plain.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            // Prometheus' lexer takes it for the end of its input
            '\0' => text.push(char::REPLACEMENT_CHARACTER),
            other => text.push(other),
        }
    }
    text.push('"');
}

/// The labels in a text that was rendered here, as names and values, without their quotes but still escaped.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
            None => rest.split_at_checked(rest.bytes().position(|byte| byte == b'=')?)?,
        };
        let (value, after) = until_quote(after.strip_prefix("=\"")?)?;
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((name, value))
    })
}

/// Splits a text at the quote that ends it, less the quote.
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut end = 0;
    loop {
        match bytes.get(end)? {
            b'"' => return Some((text.get(..end)?, text.get(end + 1..)?)),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

/// What stands in a name or a value once nothing in it is escaped.
pub fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(out)
}

/// Whether there may be a name in quotes in a text of labels. Says `true` of some texts without one, never `false` of a
/// text with one; much faster than a look at every label.
#[inline]
pub(crate) fn may_have_quoted_name(text: &str) -> bool {
    // a quoted name stands first, or behind the end of a value
    text.starts_with('"') || text.contains("\",\"")
}

/// Appends a text of labels with some of the names replaced, `(old, new)` each, as they stand in the text. A label keeps its name where another
/// has the new one, or was given it before.
///
/// Appends nothing and says `false` where a label has a new name without being renamed to it: the text could then not be
/// told from that of other labels, and two series would become one.
pub fn append_renamed(out: &mut String, text: &str, new_names: &[(String, String)]) -> bool {
    let has = |name: &str| pairs(text).any(|(other, _)| other == name);
    let is_given = |new: &str| {
        let mut olds = new_names.iter().filter(|(_, given)| given == new);
        olds.any(|(old, _)| has(old))
    };
    if new_names.iter().any(|(_, new)| has(new) && !is_given(new)) {
        return false;
    }
    for (index, (name, value)) in pairs(text).enumerate() {
        let renamed = new_names.iter().find(|(old, _)| old == name);
        let renamed = renamed.map(|(_, new)| new.as_str()).filter(|new| {
            let mut before = pairs(text).take(index);
            let given =
                before.any(|(other, _)| new_names.iter().any(|(old, same)| old == other && same == new));
            !has(new) && !given
        });
        if !out.is_empty() {
            out.push(',');
        }
        let name = renamed.unwrap_or(name);
        let quote = if is_unquoted_label(name) { "" } else { "\"" };
        for part in [quote, name, quote, "=\"", value, "\""] {
            out.push_str(part);
        }
    }
    true
}

#[cfg(test)]
mod tests;
