//! Secrets, certificates, open ports: what must hold.

use crate::check::Check;

/// All of them.
pub const CHECKS: &[Check] = &[];
