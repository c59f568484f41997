//! What Prometheus scrapes.
//!
//! A scrape is an iterator of chunks of bytes. It takes one group's lock at a time, for the time that one chunk takes
//! to write, so that senders wait some tens of microseconds at most; between chunks it holds nothing. It shows every
//! series as it is when its group's turn comes: a scrape is no snapshot of one moment, and need not be.

mod http;
mod scale;
mod scrape;
mod sample;
mod compression;
mod cardinality;

pub(crate) use self::cardinality::router as cardinality;
pub(crate) use self::http::{Exposed, router};
pub(crate) use self::scale::{Scale, scaled};
#[cfg(test)]
pub(crate) use self::scrape::{Scrape, Shape};

use std::sync::Arc;

use exposition::Bounds;

/// How what is kept is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) aliases: Vec<Alias>,
    /// Whether OpenMetrics shows when a series began as a series of its own, `…_created`.
    pub(crate) created_series: bool,
    /// The bounds that exponential histograms have where only classic ones can be told; without them, only their count
    /// and sum are told there.
    pub(crate) classic_bounds: Option<Arc<Bounds>>,
}

/// A second name under which a metric is exposed. Renders the same series, some labels renamed, and in
/// another unit if there is a scale.
///
/// A resource that sends a metric of the second name itself has no alias of it, and a metric of another type with that
/// name suppresses the alias altogether: what clients really send comes first. A series that could be mistaken for
/// another one that is renamed has no alias either.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alias {
    /// The exposed name of the metric.
    pub(crate) metric: String,
    /// Its second name.
    pub(crate) name: String,
    /// Old and new names of labels.
    pub(crate) labels: Vec<(String, String)>,
    /// Values, sums, bounds and quantiles are multiplied by it; numbers of observations are not.
    pub(crate) scale: Scale,
}
