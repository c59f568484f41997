//! The answer of `GET /api/v1/environments/{environment}/panels/{panel}`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

/// One chart of one environment: every series has one value per step from `start` to `end`.
#[expect(
    clippy::struct_field_names,
    reason = "the field is named for the reader of the JSON"
)]
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
    pub(crate) panel: PanelName,
    #[schema(example = "prod")]
    pub(crate) environment: String,
    pub(crate) unit: Unit,
    /// Unix seconds of the first value of each series.
    pub(crate) start: i64,
    /// Unix seconds of the last value of each series.
    pub(crate) end: i64,
    /// Seconds from one value to the next.
    pub(crate) step: u32,
    /// Each value is taken over this many seconds; 0 where it is read at one instant.
    pub(crate) window: u32,
    /// Time of the newest sample behind the series, in Unix seconds. Null when the store has none that is current.
    #[schema(required)]
    pub(crate) newest_sample_at: Option<f64>,
    /// What the objective allows, in the unit of the series.
    #[schema(required)]
    pub(crate) limit: Option<f64>,
    /// The store that answered.
    #[schema(example = "http://127.0.0.1:9090/")]
    pub(crate) source: String,
    /// What the store said about its own answers: a part of it did not answer, for example.
    pub(crate) warnings: Vec<String>,
    pub(crate) series: Vec<Series>,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Series {
    #[schema(example = "p95")]
    pub(crate) name: String,
    /// The PromQL that made it.
    pub(crate) query: String,
    /// Null where there is no sample, or no traffic to speak of.
    pub(crate) values: Vec<Option<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PanelName {
    RequestRate,
    Latency,
    ErrorRatio,
    ActiveRequests,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    RequestsPerSecond,
    Seconds,
    /// 0 to 1.
    Ratio,
    Requests,
}

impl PanelName {
    pub(crate) const ALL: [Self; 4] = [
        Self::RequestRate,
        Self::Latency,
        Self::ErrorRatio,
        Self::ActiveRequests,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RequestRate => "request-rate",
            Self::Latency => "latency",
            Self::ErrorRatio => "error-ratio",
            Self::ActiveRequests => "active-requests",
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::RequestRate => Unit::RequestsPerSecond,
            Self::Latency => Unit::Seconds,
            Self::ErrorRatio => Unit::Ratio,
            Self::ActiveRequests => Unit::Requests,
        }
    }
}

impl fmt::Display for PanelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PanelName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|panel| panel.as_str() == text)
            .ok_or(())
    }
}
