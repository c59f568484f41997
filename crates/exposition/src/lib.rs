//! Prometheus names, labels and exposition formats, without IO.
//!
//! ```text
//! names, units ──► labels ──► encoder ──► text 0.0.4 / 1.0.0
//! translation      text,        ▲   └───► OpenMetrics 1.0.0
//!                  rendered     │   └───► protobuf, delimited
//!                  once      points, negotiation, escaping
//! ```
//!
//! Everything in here is a pure function from OpenTelemetry's spelling to Prometheus' spelling, after "OTLP Metric
//! points to Prometheus" in OpenTelemetry's specification (`compatibility/prometheus_and_openmetrics.md`).
//!
//! Labels are handled as text that is already rendered, `name="value",name="value"`: it is made once, shared and
//! compared as a whole, and copied into a scrape byte by byte.

pub mod names;
mod units;
pub mod labels;
mod escaping;
mod metric_type;
mod points;
mod number;
mod negotiation;
mod encoder;

pub use crate::encoder::{Encoder, Head, Options};
pub use crate::escaping::Escaping;
pub use crate::labels::LabelSet;
pub use crate::metric_type::MetricType;
pub use crate::names::Translation;
pub use crate::negotiation::{Format, Negotiated, negotiate};
pub use crate::number::write_f64;
pub use crate::points::{Bounds, Buckets, Exemplar, Exponential, Histogram, Summary};
