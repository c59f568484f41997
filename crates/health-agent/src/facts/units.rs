//! Units of systemd, generations, the journal: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Units {}
