//! Data points that are not taken, and what their sender is told.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::process::LabelError;

/// Why a data point is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    Malformed,
    DeltaOfUpDownCounter,
    NegativeDelta,
    LateDelta,
    UnspecifiedTemporality,
    NoValue,
    NoSum,
    InvalidHistogram,
    ScaleOutOfRange,
    InvalidSummary,
    InvalidName,
    ReservedName,
    InvalidAttributes,
    TypeConflict,
    SeriesLimit,
    MetricSeriesLimit,
    EnvironmentSeriesLimit,
    SourceLimit,
    MemoryLimit,
    LabelsTooLong,
    TooManyBuckets,
    TooManyLabels,
    LabelTooLong,
    DatapointLimit,
}

impl Reason {
    pub(crate) const ALL: [Self; 24] = [
        Self::Malformed,
        Self::DeltaOfUpDownCounter,
        Self::NegativeDelta,
        Self::LateDelta,
        Self::UnspecifiedTemporality,
        Self::NoValue,
        Self::NoSum,
        Self::InvalidHistogram,
        Self::ScaleOutOfRange,
        Self::InvalidSummary,
        Self::InvalidName,
        Self::ReservedName,
        Self::InvalidAttributes,
        Self::TypeConflict,
        Self::SeriesLimit,
        Self::MetricSeriesLimit,
        Self::EnvironmentSeriesLimit,
        Self::SourceLimit,
        Self::MemoryLimit,
        Self::LabelsTooLong,
        Self::TooManyBuckets,
        Self::TooManyLabels,
        Self::LabelTooLong,
        Self::DatapointLimit,
    ];

    /// The value of the label `reason` in the collector's own metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::DeltaOfUpDownCounter => "delta_of_up_down_counter",
            Self::NegativeDelta => "negative_delta",
            Self::LateDelta => "late_delta",
            Self::UnspecifiedTemporality => "unspecified_temporality",
            Self::NoValue => "no_value",
            Self::NoSum => "no_sum",
            Self::InvalidHistogram => "invalid_histogram",
            Self::ScaleOutOfRange => "scale_out_of_range",
            Self::InvalidSummary => "invalid_summary",
            Self::InvalidName => "invalid_name",
            Self::ReservedName => "reserved_name",
            Self::InvalidAttributes => "invalid_attributes",
            Self::TypeConflict => "type_conflict",
            Self::SeriesLimit => "series_limit",
            Self::MetricSeriesLimit => "metric_series_limit",
            Self::EnvironmentSeriesLimit => "environment_series_limit",
            Self::SourceLimit => "source_limit",
            Self::MemoryLimit => "memory_limit",
            Self::LabelsTooLong => "labels_too_long",
            Self::TooManyBuckets => "too_many_buckets",
            Self::TooManyLabels => "too_many_labels",
            Self::LabelTooLong => "label_too_long",
            Self::DatapointLimit => "datapoint_limit",
        }
    }

    /// What is wrong, and what the sender can do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Malformed => "this is no protobuf as OTLP has it; look for a fault in the sender",
            Self::DeltaOfUpDownCounter => {
                "the sum of an up-down counter's deltas is not its value; set \
                 OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE to lowmemory or cumulative"
            }
            Self::NegativeDelta => "a counter was sent a negative delta, or one that is no number",
            Self::LateDelta => {
                "this delta ends before what was added already: it was sent twice, or two processes send the same series; give \
                 each its own service.instance.id"
            }
            Self::UnspecifiedTemporality => {
                "the aggregation temporality is missing; send cumulative or delta points"
            }
            Self::NoValue => "the point has no value and does not say so in its flags",
            Self::NoSum => "an exponential histogram without a sum cannot be exposed",
            Self::InvalidHistogram => {
                "a histogram has one bucket more than bounds, its bounds are numbers in ascending order, and its count is \
                 the sum of its buckets"
            }
            Self::ScaleOutOfRange => "the scale of an exponential histogram must be from -4 to 20",
            Self::InvalidSummary => "a summary has quantiles from 0 to 1 in ascending order",
            Self::InvalidName => "the metric's name must be UTF-8 and hold a letter or a digit",
            Self::ReservedName => "Prometheus makes series of this name itself; rename the metric",
            Self::InvalidAttributes => {
                "attributes must be readable: UTF-8, and lists and maps nested at most 16 deep"
            }
            Self::TypeConflict => "a metric of another type has this name already; rename one of them",
            Self::SeriesLimit => {
                "the collector keeps no more series; raise limits.series or send fewer attributes"
            }
            Self::MetricSeriesLimit => {
                "the collector keeps no more series of this metric; raise limits.series_per_metric or send fewer attributes"
            }
            Self::EnvironmentSeriesLimit => {
                "the collector keeps no more series of this environment; raise limits.series_per_environment or send fewer attributes"
            }
            Self::SourceLimit => {
                "the collector keeps no more resources and scopes; raise limits.sources, or keep what changes out of resource attributes"
            }
            Self::MemoryLimit => {
                "the collector's memory is used up, only known series are updated; raise limits.memory_bytes or send fewer attributes"
            }
            Self::LabelsTooLong => {
                "the labels of one series are too long; raise limits.label_bytes or send shorter attributes"
            }
            Self::TooManyBuckets => {
                "the histogram has too many buckets; raise limits.buckets or use fewer bounds"
            }
            Self::TooManyLabels => {
                "the series has too many labels; raise limits.labels, send fewer attributes, or delete some in a step of process"
            }
            Self::LabelTooLong => {
                "the name or the value of a label is too long; raise limits.label_name_bytes or limits.label_value_bytes, \
                 send a shorter attribute, or delete it in a step of process"
            }
            Self::DatapointLimit => {
                "the request has too many data points; send smaller batches or raise limits.datapoints_per_request"
            }
        }
    }
}

impl From<LabelError> for Reason {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::Attribute(_) => Self::InvalidAttributes,
            LabelError::TooMany => Self::TooManyLabels,
            LabelError::TooLong => Self::LabelTooLong,
        }
    }
}

/// The data points of one request that were not taken.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Rejections {
    by_reason: BTreeMap<Reason, Rejected>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rejected {
    points: u64,
    /// The first metric that it happened to.
    example: String,
}

/// Names are cut to this many characters in what a sender is told.
const MAX_EXAMPLE: usize = 120;

impl Rejections {
    pub(crate) fn add(&mut self, reason: Reason, points: usize, metric: &[u8]) {
        if points == 0 {
            return;
        }
        let rejected = self.by_reason.entry(reason).or_insert_with(|| Rejected {
            points: 0,
            example: String::from_utf8_lossy(metric)
                .chars()
                .take(MAX_EXAMPLE)
                .collect(),
        });
        rejected.points += points as u64;
    }

    /// How many points were not taken.
    pub(crate) fn points(&self) -> u64 {
        self.by_reason.values().map(|rejected| rejected.points).sum()
    }

    pub(crate) fn by_reason(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.by_reason
            .iter()
            .map(|(reason, rejected)| (*reason, rejected.points))
    }

    /// The reasons, with the number of points and the first metric that it happened to.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reason, u64, &str)> {
        self.by_reason
            .iter()
            .map(|(reason, rejected)| (*reason, rejected.points, rejected.example.as_str()))
    }

    /// One sentence per reason, with the number of points and an example; empty if all were taken.
    pub(crate) fn message(&self) -> String {
        let mut message = String::new();
        for (reason, Rejected { points, example }) in &self.by_reason {
            let separator = if message.is_empty() { "" } else { " | " };
            let _ = write!(
                message,
                "{separator}{points} rejected ({}), first of metric `{example}`: {}",
                reason.as_str(),
                reason.advice()
            );
        }
        message
    }
}
