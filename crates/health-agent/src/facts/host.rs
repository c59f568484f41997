//! Disk, memory, clock, file systems: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Host {}
