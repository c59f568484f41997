//! Alertmanager, Pushgateway, dashboard: what was seen.

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Alerting {}
