//! Attributes while steps act on them.

use std::mem;

use crate::otlp::{AttributeError, attributes};

/// Keys and values, sorted by key, each key once: of one that was sent twice, the last value counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AttributeSet(Vec<(String, String)>);

impl AttributeSet {
    /// The attributes in the field `number` of a message on the wire.
    pub(super) fn read(message: &[u8], number: u32) -> Result<Self, AttributeError> {
        let owned =
            |attribute: Result<(&str, String), _>| attribute.map(|(key, value)| (key.to_owned(), value));
        let mut all = attributes(message, number)
            .map(owned)
            .collect::<Result<Vec<_>, _>>()?;
        // stable: the last of one key stays the last
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(later, value), (key, kept)| {
            let same = later == key;
            if same {
                mem::swap(kept, value);
            }
            same
        });
        Ok(Self(all))
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let position = self.position(key).ok()?;
        Some(&self.0[position].1)
    }

    pub(super) fn set(&mut self, key: &str, value: String) {
        match self.position(key) {
            Ok(position) => self.0[position].1 = value,
            Err(position) => self.0.insert(position, (key.to_owned(), value)),
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
