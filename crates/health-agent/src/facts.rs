//! What was seen of the box in one round, and nothing of what to think of it.
//!
//! A thing that the box does not have is `None` or an empty list; by default there is nothing. A thing that could not be
//! asked keeps the reason.

pub mod alerting;
pub mod canaries;
pub mod data_planes;
pub mod generation;
pub mod host;
pub mod peer;
pub mod prometheus;
pub mod security;
pub mod thanos;
pub mod units;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::check::Category;

/// An answer, or why there is none: a sentence that fits behind the name of who was asked.
pub type Answer<T> = Result<T, String>;

/// Seconds since 1970.
pub type Timestamp = f64;

/// What is said to be so many seconds after now was said before a clock was put back, here or where it was said.
pub(crate) const AHEAD: f64 = 30.0;

/// One round's facts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// When the round began.
    pub at: Timestamp,
    /// How long each probe took.
    pub took: BTreeMap<Category, Duration>,
    /// Units of systemd, generations, the journal. `None` where systemd does not run, or is not to be asked.
    pub units: Option<units::Units>,
    /// What was installed. `None` where there was never a gate, and nothing to compare with.
    pub generation: Option<generation::Generation>,
    /// Disk, memory, clock, file systems.
    pub host: Option<host::Host>,
    /// Secrets, certificates, open ports.
    pub security: Option<security::Security>,
    /// Collectors of all data planes.
    pub data_planes: Option<data_planes::DataPlanes>,
    /// Prometheus and what it scrapes.
    pub prometheus: Option<prometheus::Prometheus>,
    /// Thanos and the object store.
    pub thanos: Option<thanos::Thanos>,
    /// Alertmanager, Pushgateway, dashboard.
    pub alerting: Option<alerting::Alerting>,
    /// The canaries' ages, by how far they came.
    pub canaries: Option<canaries::Canaries>,
    /// The other box of a pair.
    pub peer: Option<peer::Peer>,
}
