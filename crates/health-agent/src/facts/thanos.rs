//! Thanos and the object store: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Thanos {}
