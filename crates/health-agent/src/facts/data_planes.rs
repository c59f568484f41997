//! Collectors of all data planes: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct DataPlanes {}
