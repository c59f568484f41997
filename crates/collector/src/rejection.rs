//! Data points that are not taken, and what their sender is told.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Why a data point is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    Malformed,
    DeltaTemporality,
    UnspecifiedTemporality,
    ExponentialHistogram,
    Summary,
    NoValue,
    InvalidHistogram,
    InvalidName,
    ReservedName,
    InvalidAttributes,
    TypeConflict,
    SeriesLimit,
    MetricSeriesLimit,
    SourceLimit,
    LabelsTooLong,
    TooManyBuckets,
}

impl Reason {
    pub(crate) const ALL: [Self; 16] = [
        Self::Malformed,
        Self::DeltaTemporality,
        Self::UnspecifiedTemporality,
        Self::ExponentialHistogram,
        Self::Summary,
        Self::NoValue,
        Self::InvalidHistogram,
        Self::InvalidName,
        Self::ReservedName,
        Self::InvalidAttributes,
        Self::TypeConflict,
        Self::SeriesLimit,
        Self::MetricSeriesLimit,
        Self::SourceLimit,
        Self::LabelsTooLong,
        Self::TooManyBuckets,
    ];

    /// The value of the label `reason` in the collector's own metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::DeltaTemporality => "delta_temporality",
            Self::UnspecifiedTemporality => "unspecified_temporality",
            Self::ExponentialHistogram => "exponential_histogram",
            Self::Summary => "summary",
            Self::NoValue => "no_value",
            Self::InvalidHistogram => "invalid_histogram",
            Self::InvalidName => "invalid_name",
            Self::ReservedName => "reserved_name",
            Self::InvalidAttributes => "invalid_attributes",
            Self::TypeConflict => "type_conflict",
            Self::SeriesLimit => "series_limit",
            Self::MetricSeriesLimit => "metric_series_limit",
            Self::SourceLimit => "source_limit",
            Self::LabelsTooLong => "labels_too_long",
            Self::TooManyBuckets => "too_many_buckets",
        }
    }

    /// What is wrong, and what the sender can do.
    fn advice(self) -> &'static str {
        match self {
            Self::Malformed => "this is no protobuf as OTLP has it; look for a fault in the sender",
            Self::DeltaTemporality => {
                "delta temporality is not supported; set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative"
            }
            Self::UnspecifiedTemporality => "the aggregation temporality is missing; send cumulative points",
            Self::ExponentialHistogram => {
                "exponential histograms are not supported; set \
                 OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=explicit_bucket_histogram"
            }
            Self::Summary => "summaries are not supported; send a histogram",
            Self::NoValue => "the point has no value and does not say so in its flags",
            Self::InvalidHistogram => {
                "a histogram has one bucket more than bounds, its bounds are numbers in ascending order, and its count is \
                 the sum of its buckets"
            }
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
            Self::SourceLimit => {
                "the collector keeps no more resources and scopes; raise limits.sources, or keep what changes out of resource attributes"
            }
            Self::LabelsTooLong => {
                "the labels of one series are too long; raise limits.label_bytes or send shorter attributes"
            }
            Self::TooManyBuckets => {
                "the histogram has too many buckets; raise limits.buckets or use fewer bounds"
            }
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
