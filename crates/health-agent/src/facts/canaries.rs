//! What was sent through the whole pipeline: what was seen.

use serde::{Deserialize, Serialize};

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Canaries {
    /// Older than this many seconds, the newest at a stage is stale.
    pub max_age: f64,
    /// What the agent says of its own sending.
    pub sender: Answer<Sender>,
    /// The data planes, each with its collector.
    pub data_planes: Vec<DataPlane>,
    /// The newest value of each data plane at the local Prometheus. `None`: there is none.
    pub prometheus: Option<Answer<Vec<Newest>>>,
    /// The same through Thanos' query-frontend.
    pub thanos: Option<Answer<Vec<Newest>>>,
    /// Whether the box has an Alertmanager, so that alerts are sent.
    pub alerts: bool,
}

/// One data plane, and what its collector said to the newest canary.
#[derive(Debug, Clone)]
pub struct DataPlane {
    /// As the collector writes it on series.
    pub environment: String,
    /// As the collector writes it on series.
    pub id: String,
    /// Where its collector takes OTLP.
    pub collector: String,
    /// From the agent's memory or, where no agent answers, from a canary sent just now.
    pub sent: Sent,
}

/// The newest value that a stage has of one data plane: when that canary was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Newest {
    /// Its environment.
    pub environment: String,
    /// Its id.
    pub data_plane_id: String,
    /// The value.
    pub sent_at: Timestamp,
}

/// How far a canary has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The collector has taken it.
    Collector,
    /// Prometheus has it.
    Prometheus,
    /// Thanos' query-frontend shows it.
    Thanos,
    /// It came back from Alertmanager.
    Alert,
}

/// What the agent remembers of its sending since its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sender {
    /// Since when it has been sending.
    pub started_at: Timestamp,
    /// One for each collector, in the order of the settings.
    pub collectors: Vec<Sent>,
    /// The test alert, where the box has an Alertmanager.
    pub alert: Option<Alert>,
}

/// What came of sending to one collector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// When the newest that was taken was sent.
    pub taken_at: Option<Timestamp>,
    /// Why the newest was not taken.
    pub refusal: Option<String>,
}

/// What came of sending test alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// When the newest that Alertmanager took was sent.
    pub taken_at: Option<Timestamp>,
    /// Why it did not take the newest.
    pub refusal: Option<String>,
    /// When the newest that came back was sent.
    pub returned_at: Option<Timestamp>,
    /// How many came back that this process has not sent.
    pub strangers: u64,
    /// Who keeps the newest from coming back, such as a silence, as Alertmanager says itself. It is asked with each look.
    #[serde(skip)]
    pub held_back: Option<String>,
}

impl Stage {
    /// Its name in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Prometheus => "prometheus",
            Self::Thanos => "thanos",
            Self::Alert => "alert",
        }
    }
}

impl Canaries {
    /// Every stage that the box has, for each data plane where it has one, with the time at which the newest canary was sent
    /// that is known to have come so far.
    pub fn newest(&self) -> impl Iterator<Item = (Stage, Option<&DataPlane>, Option<Timestamp>)> {
        let collectors = self
            .data_planes
            .iter()
            .map(|plane| (Stage::Collector, Some(plane), plane.sent.taken_at));
        let stored = [
            (Stage::Prometheus, &self.prometheus),
            (Stage::Thanos, &self.thanos),
        ]
        .into_iter()
        .filter_map(|(stage, newest)| Some((stage, newest.as_ref()?)))
        .flat_map(|(stage, newest)| {
            let of = |plane| newest.as_ref().ok().and_then(|newest| of(newest, plane));
            let planes = self.data_planes.iter();
            planes.map(move |plane| (stage, Some(plane), of(plane)))
        });
        let returned = self
            .sender
            .as_ref()
            .ok()
            .and_then(|sender| sender.alert.as_ref()?.returned_at);
        let alert = self.alerts.then_some((Stage::Alert, None, returned));
        collectors.chain(stored).chain(alert)
    }
}

/// The newest of one data plane.
pub(crate) fn of(newest: &[Newest], plane: &DataPlane) -> Option<Timestamp> {
    newest
        .iter()
        .find(|newest| newest.environment == plane.environment && newest.data_plane_id == plane.id)
        .map(|newest| newest.sent_at)
}
