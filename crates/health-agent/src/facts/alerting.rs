//! Alertmanager, Pushgateway, dashboard: what was seen.

use std::collections::BTreeMap;

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Alerting {
    /// Alertmanager.
    pub alertmanager: Option<Alertmanager>,
    /// The Pushgateway.
    pub pushgateway: Option<Pushgateway>,
    /// Whether the dashboard says that it is ready.
    pub dashboard: Option<Answer<()>>,
}

/// Alertmanager.
#[derive(Debug, Clone)]
pub struct Alertmanager {
    /// Whether it says that it is ready.
    pub ready: Answer<()>,
    /// Who is in the mesh.
    pub cluster: Answer<Cluster>,
    /// How many must be.
    pub expected_members: usize,
    /// What it tells of itself.
    pub numbers: Answer<Numbers>,
    /// The hash of the peer's configuration, if there is a peer.
    pub peer_config_hash: Option<Answer<f64>>,
    /// Notifications in fifteen minutes. `None` if the box has no Prometheus that remembers.
    pub recent: Option<Answer<Notifications>>,
    /// The alert that always fires; `None` if it does not.
    pub watchdog: Answer<Option<Watchdog>>,
    /// Silences that are in force.
    pub silences: Answer<Vec<Silence>>,
}

/// The mesh.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    /// `ready`, `settling` or `disabled`.
    pub status: String,
    /// The names of all members, this one included.
    pub members: Vec<String>,
}

/// What Alertmanager tells of itself. Counters are since its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// When it was started.
    pub started_at: Timestamp,
    /// Whether the configuration was taken over at the last attempt.
    pub reload_successful: bool,
    /// The hash of the configuration.
    pub config_hash: f64,
    /// Notifications since the start.
    pub notifications: Notifications,
}

/// Notifications, by what sends them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notifications {
    /// All attempts, by integration; without those that are none.
    pub attempted: BTreeMap<String, f64>,
    /// Those that failed, by integration and reason; without those that are none.
    pub failed: BTreeMap<(String, String), f64>,
}

/// The alert that always fires.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watchdog {
    /// When it was last heard of.
    pub updated_at: Timestamp,
    /// `active`, or `suppressed` by a silence.
    pub state: String,
}

/// A silence that is in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Silence {
    /// What it silences, such as `alertname="HighLatency"`.
    pub matchers: String,
    /// Who made it.
    pub created_by: String,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// The Pushgateway.
#[derive(Debug, Clone)]
pub struct Pushgateway {
    /// Whether it says that it is ready.
    pub ready: Answer<()>,
    /// What was pushed.
    pub groups: Answer<Groups>,
}

/// What was pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// How many there are.
    pub count: usize,
    /// The labels of those whose last push was not taken.
    pub refused: Vec<String>,
    /// How many do not tell their labels: a metric of the name `labels` takes their place.
    pub nameless: usize,
}
