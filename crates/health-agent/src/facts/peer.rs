//! The other box of a pair: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Peer {}
