//! Thanos and the object store: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
