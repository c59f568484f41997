//! What the collector makes of what clients send: which points are taken, under which name, and with which labels.
//!
//! ```text
//!  resource ─► steps on resources ─► the collector's own values ─► promoted labels, job, instance ─┐
//!  scope ────────────────────────────────────────────────────────► otel_scope_… ──────────────────┴─► Origin
//!  metric ───► steps on metrics ───► name, and a Plan for its points ─────────────────────────────────► Family
//!  point ────► the Plan's steps ───► its own labels ──────────────────────────────────────────────────► Series
//! ```
//!
//! Steps are taken in the order in which the configuration gives them. Each acts at one level; conditions on the names of
//! metrics see the name as the renames before have left it, in OpenTelemetry's spelling: units and suffixes come later.
//!
//! The labels of a series come from three places, from the outside in:
//!
//! - its resource: the promoted attributes, `job`, `instance`. Attributes for which the collector has a value of its
//!   own are overwritten first, so that a client of one environment cannot write into another's series.
//! - its scope: `otel_scope_name`, `otel_scope_version`, `otel_scope_schema_url`, `otel_scope_<attribute>`;
//! - its own attributes.
//!
//! The labels of the resource and the scope belong to them alone, also where they are absent: an attribute of a point
//! that falls on one moves to `exported_<label>`, which is what Prometheus itself does with labels that clash with a
//! target's. So no two origins can have a series with the same labels. Between attributes of one point, values are
//! joined by `;`.

mod pipeline;
mod step;
mod action;
mod filter;
mod rename;
mod glob;
mod attribute_set;
mod label;
mod resource;
mod origin;
mod promotion;
mod reserved;
mod label_limits;

pub(crate) use self::action::{Action, Source, When};
pub(crate) use self::filter::{Condition, Filter, Match};
pub(crate) use self::glob::Glob;
pub(crate) use self::label_limits::{LabelError, LabelLimits};
pub(crate) use self::origin::OriginLabels;
pub(crate) use self::pipeline::{Pipeline, Plan};
pub(crate) use self::promotion::Promotion;
pub(crate) use self::rename::Rename;
pub(crate) use self::reserved::{is_of_origin, is_of_samples, is_reserved};
pub(crate) use self::resource::ResourceLabels;
pub(crate) use self::step::{MAX_STEPS, OfMetrics, Step};

#[cfg(test)]
mod tests;
