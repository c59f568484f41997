//! Collectors of all data planes: what was seen.

use std::collections::BTreeMap;

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct DataPlanes {
    /// In the order of the settings.
    pub collectors: Vec<Collector>,
}

/// One collector.
#[derive(Debug, Clone)]
pub struct Collector {
    /// Its environment.
    pub environment: String,
    /// Its data plane.
    pub data_plane_id: String,
    /// Whether it is on this machine.
    pub is_local: bool,
    /// Whether it says that it is ready.
    pub ready: Answer<()>,
    /// What it tells of itself.
    pub numbers: Answer<Numbers>,
    /// How it looks to Prometheus. `None` if the box has none; `Err` if that cannot be asked.
    pub seen: Option<Answer<Seen>>,
}

/// What a collector tells of itself. Counters are since its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// When it was started.
    pub started_at: Timestamp,
    /// Data points that were taken.
    pub accepted: f64,
    /// Data points that were not, by reason; without those that are none.
    pub rejected: BTreeMap<String, f64>,
    /// Requests that were refused as a whole, by reason; without those that are none.
    pub refused: BTreeMap<String, f64>,
    /// Series that are kept.
    pub series: f64,
    /// How many may be; `None` if it does not say.
    pub max_series: Option<f64>,
    /// Bytes of series and sources.
    pub series_bytes: f64,
    /// How many these may be; `None` if it does not say.
    pub max_series_bytes: Option<f64>,
    /// What went wrong with the files in its `state_dir`, by operation; without those that are none.
    pub state_failures: BTreeMap<String, f64>,
}

/// How a collector looks to Prometheus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The outcome of the last scrape of its data, and its age in seconds; `None` if there was none.
    pub scrape: Option<(bool, f64)>,
    /// Data points that it took in five minutes; `None` if nothing is known yet.
    pub accepted: Option<f64>,
    /// Data points that it rejected in fifteen minutes, by reason; without those that are none.
    pub rejected: BTreeMap<String, f64>,
    /// Failures of files in fifteen minutes, by operation; without those that are none.
    pub state_failures: BTreeMap<String, f64>,
}
