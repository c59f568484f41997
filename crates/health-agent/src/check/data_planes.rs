//! Collectors of all data planes: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
