//! One step of the way in.

use super::action::Action;
use super::filter::{Filter, Match};
use super::glob::{Glob, any_matches};
use super::rename::Rename;

/// There may be this many steps.
pub(crate) const MAX_STEPS: usize = 32;

/// One step of the way in, at one of three levels: resources, metrics or points. It sees what the steps before it have
/// made of its level, and nothing of the others, but that steps on points may be limited to metrics by their names.
///
/// Points know nothing of their resource on purpose: a series belongs to what its resource's *labels* say, and resources
/// that differ in other attributes share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    ResourceAttributes(Vec<Action>),
    FilterResources(Filter<Match>),
    RenameMetrics(Rename),
    FilterMetrics(Filter<Glob>),
    PointAttributes(OfMetrics<Vec<Action>>),
    FilterPoints(OfMetrics<Filter<Match>>),
}

/// What is done to the points of some metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfMetrics<T> {
    /// The metrics' names, as the steps before have left them. Empty: all.
    pub(crate) metrics: Vec<Glob>,
    pub(crate) done: T,
}

impl<T> OfMetrics<T> {
    pub(super) fn concerns(&self, name: &str) -> bool {
        self.metrics.is_empty() || any_matches(&self.metrics, name)
    }
}
