//! How many labels a series may have, and how long they may be.

use exposition::labels;

use crate::otlp::AttributeError;

/// How many labels a series may have, and how long they may be. The labels that a series has from its resource and scope
/// are counted for themselves, apart from those of its own attributes. `target_info` may have any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LabelLimits {
    pub(crate) labels: usize,
    /// Bytes of a label's name.
    pub(crate) name_bytes: usize,
    /// Bytes of a label's value, as it stands in a scrape.
    pub(crate) value_bytes: usize,
}

impl Default for LabelLimits {
    fn default() -> Self {
        Self {
            labels: 64,
            name_bytes: 1024,
            value_bytes: 4096,
        }
    }
}

/// Why something has no labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LabelError {
    #[error("{0}")]
    Attribute(#[from] AttributeError),
    #[error("there are too many labels")]
    TooMany,
    #[error("a label is too long")]
    TooLong,
}

impl LabelLimits {
    /// Refuses a text of labels that is over a limit.
    pub(super) fn check(&self, text: &str) -> Result<(), LabelError> {
        for (index, (name, value)) in labels::pairs(text).enumerate() {
            if index >= self.labels {
                return Err(LabelError::TooMany);
            }
            if name.len() > self.name_bytes || value.len() > self.value_bytes {
                return Err(LabelError::TooLong);
            }
        }
        Ok(())
    }
}
