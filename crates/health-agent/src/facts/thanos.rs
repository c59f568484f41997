//! Thanos and the object store: what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::facts::prometheus::FailingRule;
use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Thanos {
    /// Whether each part says that it is ready, by name, such as `thanos-query`.
    pub parts: BTreeMap<&'static str, Answer<()>>,
    /// The name of this box, which is the label `replica` of what it stores.
    pub box_name: String,
    /// The hosts that its own parts are at.
    pub hosts: BTreeSet<String>,
    /// What the query sees.
    pub stores: Option<Answer<Vec<Store>>>,
    /// How many of each kind it must see.
    pub expected_stores: BTreeMap<&'static str, usize>,
    /// What the sidecar tells of itself.
    pub sidecar: Option<Answer<Sidecar>>,
    /// When this box's Prometheus was started: before it holds three hours, no block is due.
    pub prometheus_started_at: Option<Timestamp>,
    /// What the compactor tells of itself.
    pub compactor: Option<Answer<Compactor>>,
    /// What the ruler tells of itself.
    pub ruler: Option<Answer<Ruler>>,
    /// One moment's samples, as Prometheus has them and as the query-frontend gives them out.
    pub round_trip: Option<RoundTrip>,
    /// The object store.
    pub object_store: Option<ObjectStore>,
}

/// Something that the query asks for samples.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Store {
    /// `sidecar`, `store`, `rule` or `receive`.
    pub kind: String,
    /// Its address.
    pub name: String,
    /// Why it could not be asked.
    pub last_error: Option<String>,
    /// Who says what it stores.
    pub label_sets: Vec<BTreeMap<String, String>>,
    /// From when on it has samples; `None` if it has none.
    pub oldest: Option<Timestamp>,
    /// Until when; `None` if it has none, or if they go on.
    pub newest: Option<Timestamp>,
}

/// What the sidecar tells of itself. Counters are since its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sidecar {
    /// When it was started.
    pub started_at: Timestamp,
    /// Whether it reaches Prometheus.
    pub prometheus_up: bool,
    /// When it last brought something to the bucket; `None` before the first time.
    pub uploaded_at: Option<Timestamp>,
    /// Attempts to bring all that is due.
    pub syncs: f64,
    /// Attempts that failed.
    pub sync_failures: f64,
    /// The same, in fifteen minutes; `None` where Prometheus cannot tell.
    pub recent_sync_failures: Option<f64>,
}

/// What the compactor tells of itself. Counters are since its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compactor {
    /// When it was started.
    pub started_at: Timestamp,
    /// It found something that it must not touch, and waits for a person.
    pub halted: bool,
    /// Rounds that it finished.
    pub iterations: f64,
    /// The same, in three hours; `None` where Prometheus cannot tell.
    pub recent_iterations: Option<f64>,
    /// Blocks in the bucket, by state.
    pub blocks: BTreeMap<String, f64>,
    /// Blocks without metadata that have been there for three hours; `None` where Prometheus cannot tell.
    pub lasting_partial_blocks: Option<f64>,
}

/// What the ruler tells of itself. Counters are since its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruler {
    /// When it was started.
    pub started_at: Timestamp,
    /// Rules whose last evaluation failed.
    pub failing_rules: Answer<Vec<FailingRule>>,
    /// Evaluations.
    pub evaluations: f64,
    /// Evaluations that failed.
    pub evaluation_failures: f64,
    /// Alerts that reached no Alertmanager.
    pub alerts_dropped: f64,
    /// The same, in fifteen minutes; `None` where Prometheus cannot tell.
    pub recent_alerts_dropped: Option<f64>,
    /// When the group that was evaluated longest ago was; `None` before.
    pub evaluated_at: Option<Timestamp>,
    /// The longest time from one evaluation to the next, seconds.
    pub interval: f64,
}

/// The same question, asked three times for the same moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundTrip {
    /// The moment.
    pub at: Timestamp,
    /// As Prometheus has it: values by series.
    pub local: Answer<BTreeMap<String, f64>>,
    /// As the query-frontend has it of this replica alone.
    pub replica: Answer<BTreeMap<String, f64>>,
    /// As the query-frontend has it of all replicas as one: how often each series is there.
    pub deduplicated: Answer<BTreeMap<String, usize>>,
}

/// The object store.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStore {
    /// Host and port.
    pub address: String,
    /// Whether it is on this machine.
    pub is_local: bool,
    /// By how much its clock is ahead of ours, seconds; `Err` if it does not answer, `None` if it does not say.
    pub clock_ahead: Answer<Option<f64>>,
    /// The last trial; `None` where there are no keys.
    pub trial: Option<Result<Trial, Failure>>,
}

/// Why no small object came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store's.
    Failed(String),
    /// It was not tried, which says nothing of the store.
    NotTried(String),
    /// Nor was it tried here: the user who runs the doctor may not read the keys.
    Hidden,
}

/// How long a small object took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// When that was, as long ago.
    pub age: Duration,
    /// To write it.
    pub put: Duration,
    /// To read it.
    pub get: Duration,
    /// To find it.
    pub list: Duration,
    /// To take it away.
    pub delete: Duration,
}
