//! What was sent through the whole pipeline: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
