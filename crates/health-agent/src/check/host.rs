//! Disk, memory, clock, file systems: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
