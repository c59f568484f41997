//! What is done to one attribute.

use super::attribute_set::AttributeSet;
use super::glob::Glob;

/// What is done to one attribute, of a resource or of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// The attribute `key` gets a value. From an attribute that is not there, it gets none.
    Set { key: String, when: When, value: Source },
    /// Attributes with such keys go. Two series that differ in nothing else are one from then on: of gauges and
    /// cumulative values the newest point counts, deltas add up.
    Delete { keys: Glob },
}

/// When an attribute is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Insert: only if it is not there.
    Absent,
    /// Update: only if it is there.
    Present,
    /// Upsert.
    Always,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Text(String),
    /// Another attribute of the same resource or point, as the steps and actions before have left it.
    Attribute(String),
    /// A variable of the collector's environment, read with the configuration.
    Variable {
        name: String,
        value: String,
    },
}

impl Action {
    pub(super) fn apply(&self, attributes: &mut AttributeSet) {
        match self {
            Self::Set { key, when, value } => {
                let there = attributes.get(key).is_some();
                let wanted = match when {
                    When::Absent => !there,
                    When::Present => there,
                    When::Always => true,
                };
                let value = match value {
                    Source::Text(value) | Source::Variable { value, .. } => Some(value.as_str()),
                    Source::Attribute(from) => attributes.get(from),
                };
                if let Some(value) = value.filter(|_| wanted) {
                    attributes.set(key, value.to_owned());
                }
            }
            Self::Delete { keys } => attributes.retain(|key| !keys.matches(key)),
        }
    }
}
