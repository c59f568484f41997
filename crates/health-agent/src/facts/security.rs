//! Secrets, certificates, open ports: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Security {}
