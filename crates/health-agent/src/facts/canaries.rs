//! What was sent through the whole pipeline: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Canaries {}
