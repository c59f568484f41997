//! Prometheus and what it scrapes: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
