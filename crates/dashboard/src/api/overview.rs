//! The answer of `GET /api/v1/overview`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::resolution::TimeRange;
use crate::state::State;

use super::panel::PanelName;

/// All environments at a glance: one sentence, then one card each, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    /// When this answer was made, in Unix seconds.
    pub(crate) generated_at: f64,
    /// The range that the sparklines cover.
    pub(crate) range: TimeRange,
    /// Seconds between two scrapes of a data plane.
    pub(crate) scrape_interval: u32,
    /// The numbers on the cards are averages over this many seconds.
    pub(crate) window: u32,
    pub(crate) store: Store,
    /// The state of everything in one sentence.
    pub(crate) verdict: String,
    /// What the store said about its own answers: a part of it did not answer, for example.
    pub(crate) warnings: Vec<String>,
    /// Sorted: down, degraded, stale, unknown, idle, ok; within a state by slot.
    pub(crate) environments: Vec<Card>,
}

/// Whether the store of all samples answers.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Store {
    pub(crate) reachable: bool,
    /// Why every environment is unknown, when it is.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

/// One environment. A number that is not known, or means nothing without traffic, is null.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Card {
    #[schema(example = "prod")]
    pub(crate) name: String,
    /// Null while the store has not named it.
    #[schema(required, example = "production")]
    pub(crate) data_plane: Option<String>,
    /// Fixed place, from 1 on: decides the colour of the environment.
    #[schema(minimum = 1)]
    pub(crate) slot: u32,
    pub(crate) state: State,
    /// Why it is in this state.
    #[schema(example = "23.1 % errors, over 20 %")]
    pub(crate) reason: String,
    /// Requests per second.
    #[schema(required)]
    pub(crate) request_rate: Option<f64>,
    /// Share of requests that were answered with 5xx, 0 to 1.
    #[schema(required)]
    pub(crate) error_ratio: Option<f64>,
    /// The share of errors that the objective allows.
    #[schema(required)]
    pub(crate) error_limit: Option<f64>,
    /// Seconds in which 95 % of the requests were answered.
    #[schema(required)]
    pub(crate) latency_p95: Option<f64>,
    /// The seconds that the objective allows to the 95th percentile.
    #[schema(required)]
    pub(crate) latency_limit: Option<f64>,
    #[schema(required)]
    pub(crate) active_requests: Option<f64>,
    /// Time of the newest sample of requests, in Unix seconds. Null when the store has none that is current.
    #[schema(required)]
    pub(crate) newest_sample_at: Option<f64>,
    pub(crate) firing_alerts: u32,
    pub(crate) sparkline: Sparkline,
}

/// A small line for a card: one value per step, null where there is none.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sparkline {
    /// The panel that shows the same line at full size.
    pub(crate) panel: PanelName,
    /// Unix seconds of the first value.
    pub(crate) start: i64,
    /// Seconds from one value to the next.
    pub(crate) step: u32,
    pub(crate) values: Vec<Option<f64>>,
}
