//! Labels, rendered once into text: `name="value",name="value"`, without the braces.

use crate::names::label_name;

/// The labels of one thing, on their way to becoming text.
///
/// Several attributes can end up under one label name. Their values are then joined by `;` in the order of the
/// attributes' keys, as the specification wants it.
#[derive(Debug, Default, Clone)]
pub struct LabelSet {
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
    /// Adds an attribute under the translation of its key.
    pub fn push(&mut self, key: &str, value: &str) {
        self.push_as(&label_name(key), key, value);
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

/// Appends one label to a text of labels, escaping its value.
pub fn append(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(name);
    text.push_str("=\"");
    for character in value.chars() {
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

/// The labels in a text that was rendered here, as names and values, the values still escaped.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once("=\"")?;
        let mut escaped = false;
        let end = after.bytes().position(|byte| {
            let closing = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closing
        })?;
        let value = &after[..end];
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
        Some((name, value))
    })
}

/// Appends a text of labels with some of the names replaced, `(old, new)` each. A label keeps its name where another
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
        out.push_str(renamed.unwrap_or(name));
        out.push_str("=\"");
        out.push_str(value);
        out.push('"');
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(attributes: &[(&str, &str)]) -> String {
        let mut labels = LabelSet::default();
        for (key, value) in attributes {
            labels.push(key, value);
        }
        labels.render()
    }

    #[test]
    fn labels_are_sorted_translated_and_escaped() {
        assert_eq!(rendered(&[]), "");
        assert_eq!(
            rendered(&[("http.route", "/a\"b\\c\nd"), ("a", "1"), ("nul", "x\0y")]),
            "a=\"1\",http_route=\"/a\\\"b\\\\c\\nd\",nul=\"x\u{fffd}y\""
        );
    }

    #[test]
    fn attributes_that_share_a_label_are_joined_in_the_order_of_their_keys() {
        assert_eq!(
            rendered(&[("a_b", "last"), ("a.b", "first"), ("a-b", "0")]),
            "a_b=\"0;first;last\""
        );
        assert_eq!(rendered(&[("a.b", "same"), ("a_b", "same")]), "a_b=\"same;same\"");
        assert_eq!(rendered(&[("a.b", ""), ("a_b", "x")]), "a_b=\";x\"");
    }

    #[test]
    fn the_last_value_of_a_repeated_key_wins() {
        assert_eq!(rendered(&[("a", "1"), ("a", "2")]), "a=\"2\"");
    }

    #[test]
    fn a_label_without_a_value_is_none() {
        assert_eq!(rendered(&[("a", ""), ("b", "x")]), "b=\"x\"");
    }

    #[test]
    fn text_can_be_taken_apart_again() {
        let text = rendered(&[("a", "x\",b=\"y"), ("c", "\\"), ("d", "z")]);
        let found: Vec<_> = pairs(&text).collect();
        assert_eq!(found, [("a", "x\\\",b=\\\"y"), ("c", "\\\\"), ("d", "z")]);
    }

    /// The text after two labels were renamed to one name.
    fn renamed(text: &str) -> Option<String> {
        let new_names = [("http_request_method", "http_method"), ("verb", "http_method")]
            .map(|(old, new)| (old.into(), new.into()));
        let mut out = String::new();
        append_renamed(&mut out, text, &new_names).then_some(out)
    }

    #[test]
    fn renaming_never_makes_a_duplicate() {
        for (text, expected) in [
            (
                "http_request_method=\"GET\",http_route=\"/\"",
                "http_method=\"GET\",http_route=\"/\"",
            ),
            (
                "http_method=\"get\",http_request_method=\"GET\"",
                "http_method=\"get\",http_request_method=\"GET\"",
            ),
            (
                "http_request_method=\"GET\",verb=\"get\"",
                "http_method=\"GET\",verb=\"get\"",
            ),
        ] {
            assert_eq!(renamed(text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_could_be_taken_for_something_renamed_is_left_out() {
        assert_eq!(renamed("http_method=\"GET\""), None);
        assert_eq!(renamed("a=\"1\"").as_deref(), Some("a=\"1\""));
    }
}
