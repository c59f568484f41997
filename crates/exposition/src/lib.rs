//! Prometheus names, labels and exposition formats, without IO.
//!
//! Everything in here is a pure function from OpenTelemetry's spelling to Prometheus' spelling, after "OTLP Metric
//! points to Prometheus" in OpenTelemetry's specification (`compatibility/prometheus_and_openmetrics.md`), strategy
//! `UnderscoreEscapingWithSuffixes`.
//!
//! Labels are handled as text that is already rendered, `name="value",name="value"`: it is made once, shared and
//! compared as a whole, and copied into a scrape byte by byte.

pub mod labels;
pub mod names;
mod number;
pub mod text;
mod units;

pub use crate::labels::LabelSet;
pub use crate::number::write_f64;
pub use crate::text::MetricType;
