//! What the series of a family are.

/// What a family's TYPE line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricType {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, sum and count.
    Histogram,
    /// Quantiles, sum and count.
    Summary,
    /// A number of which nothing is known.
    Unknown,
    /// Always 1: its labels are what it says. A gauge to all formats but `OpenMetrics`.
    Info,
    /// 1 for the states that hold, 0 for those that do not. A gauge to all formats but `OpenMetrics`.
    StateSet,
}

impl MetricType {
    /// The word in the text format's TYPE line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Info | Self::StateSet => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "untyped",
        }
    }

    /// The suffixes of the names of the samples that a family of this type has.
    pub fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter | Self::Gauge | Self::Unknown | Self::Info | Self::StateSet => &[""],
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["", "_sum", "_count"],
        }
    }
}
