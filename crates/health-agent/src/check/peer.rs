//! The other box of a pair: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
