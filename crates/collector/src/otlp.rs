//! OTLP metrics, read in one pass over the bytes of the wire.
//!
//! There is no model in between: a view borrows from the request and finds its fields when it is made. What a caller
//! does not look at is not decoded. Repeated fields are iterators; attributes stay bytes until somebody needs their
//! text, which is once per series.
//!
//! Bytes that are no protobuf are [`Malformed`], never a panic. What they mean is judged elsewhere: a histogram that
//! contradicts itself is a view like any other.

mod metrics;
mod points;
mod exponential;
mod summary;
mod exemplars;
mod any_value;
pub(crate) mod json;
mod runs;
pub(crate) mod wire;

pub(crate) use self::any_value::{AttributeError, attributes, scope_name_and_version};
pub(crate) use self::exemplars::{Exemplar, Exemplars};
pub(crate) use self::exponential::{Buckets, ExponentialHistogramPoint};
pub(crate) use self::metrics::{Data, Metric, ResourceMetrics, ScopeMetrics, Temporality, resource_metrics};
pub(crate) use self::points::{HistogramPoint, NumberPoint};
pub(crate) use self::summary::SummaryPoint;
pub(crate) use self::wire::Malformed;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod walk;

#[cfg(test)]
pub(crate) mod tests;
