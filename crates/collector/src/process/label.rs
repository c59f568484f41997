//! Names of labels.

use exposition::Translation;
use exposition::names::label_name;

/// The label that an attribute becomes.
pub(super) struct Label {
    pub(super) name: String,
    /// The name as everybody sees it who takes letters, digits and `_` only. What labels mean is told by it, so that none
    /// means one thing to one scraper and another to the next.
    pub(super) escaped: String,
}

impl Label {
    pub(super) fn of(key: &str, translation: Translation) -> Self {
        Self {
            name: label_name(key, translation),
            escaped: label_name(key, Translation::default()),
        }
    }

    /// Moves out of the way of a label that has a meaning of its own.
    pub(super) fn export(&mut self) {
        self.name.insert_str(0, "exported_");
        self.escaped.insert_str(0, "exported_");
    }
}
