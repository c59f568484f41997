//! Units of systemd, generations, the journal: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
