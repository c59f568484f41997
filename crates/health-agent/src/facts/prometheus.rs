//! Prometheus and what it scrapes: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Prometheus {}
