//! The way of resources, metrics and points from what a client sent to names and labels.

use exposition::names::{Instrument, MetricName, label_name, metric_name};
use exposition::{LabelSet, MetricType, Translation, labels};

use super::attribute_set::AttributeSet;
use super::label::Label;
use super::{
    Action, LabelError, LabelLimits, OriginLabels, Promotion, ResourceLabels, Step, is_of_origin, origin,
    resource,
};
use crate::otlp::{Exemplar, attributes};

/// What is done to everything that comes in. Immutable: a reload puts another one in its place.
///
/// Everything here is a function of bytes, and evaluated only for bytes that are new: results are remembered where
/// series are kept. What is remembered belongs to one pipeline, and is void under the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pipeline {
    /// In the order in which they are taken; at most [`MAX_STEPS`](super::MAX_STEPS).
    pub(crate) steps: Vec<Step>,
    /// Come after all steps, so that the collector's own values win over what steps have set.
    pub(crate) promotions: Vec<Promotion>,
    /// Whether series are labelled with their instrumentation scope. Without, scopes of one resource share their series.
    pub(crate) scope_labels: bool,
    pub(crate) label_limits: LabelLimits,
    /// How names become those of Prometheus.
    pub(crate) translation: Translation,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            promotions: Vec::new(),
            translation: Translation::default(),
            scope_labels: true,
            label_limits: LabelLimits::default(),
        }
    }
}

/// What becomes of the points of one metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// The metric's new name, if it was renamed.
    renamed: Option<Box<str>>,
    /// Bit n says that step n acts on the points.
    steps: u32,
}

impl Plan {
    /// The metric's name after all renames; `name` is the one that it came with.
    pub(crate) fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.renamed.as_deref().unwrap_or(name)
    }

    /// Which steps act on the points. Metrics that share a name after renames may differ in it: the labels of a point
    /// are a function of its attributes and of this.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }
}

impl Pipeline {
    /// The labels of a resource, from its message on the wire. `None`: nothing of it is taken.
    pub(crate) fn resource(&self, message: &[u8]) -> Result<Option<ResourceLabels>, LabelError> {
        let mut attributes = AttributeSet::read(message, 1)?;
        for step in &self.steps {
            match step {
                Step::ResourceAttributes(actions) => apply(actions, &mut attributes),
                Step::FilterResources(filter) if !filter.takes_attributes(&attributes) => return Ok(None),
                _ => {}
            }
        }
        Ok(Some(resource::labels(
            attributes,
            &self.promotions,
            self.translation,
        )))
    }

    /// The labels of a scope of a resource, from the scope's message on the wire and its schema's URL.
    pub(crate) fn origin(
        &self,
        resource: &ResourceLabels,
        scope: &[u8],
        schema_url: &[u8],
    ) -> Result<OriginLabels, LabelError> {
        let set = if self.scope_labels {
            origin::of_scope(scope, schema_url, self.translation)?
        } else {
            LabelSet::default()
        };
        let labels = OriginLabels::new(resource, &set);
        self.label_limits.check(&labels.text)?;
        Ok(labels)
    }

    /// What becomes of the points of a metric, by the name that it came with. `None`: they are not taken.
    pub(crate) fn metric(&self, name: &str) -> Option<Plan> {
        let mut renamed: Option<String> = None;
        let mut steps = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let name = renamed.as_deref().unwrap_or(name);
            let concerns_points = match step {
                Step::RenameMetrics(rename) => {
                    if let Some(new) = rename.apply(name) {
                        renamed = Some(new);
                    }
                    false
                }
                Step::FilterMetrics(filter) if !filter.takes_name(name) => return None,
                Step::PointAttributes(step) => step.concerns(name),
                Step::FilterPoints(step) => step.concerns(name),
                _ => false,
            };
            steps |= u32::from(concerns_points).unbounded_shl(index as u32);
        }
        let renamed = renamed.map(String::into_boxed_str);
        Some(Plan { renamed, steps })
    }

    /// The exposed name of a metric that came as `name`; `None` if no letter or digit would be left of it.
    pub(crate) fn metric_name(
        &self,
        plan: &Plan,
        name: &str,
        unit: &str,
        instrument: Instrument,
        metric_type: MetricType,
    ) -> Option<MetricName> {
        // a ratio is a gauge that says of itself that it is nothing else
        let is_other = instrument == Instrument::Gauge && metric_type != MetricType::Gauge;
        let unit = if is_other && unit.trim() == "1" { "" } else { unit };
        metric_name(plan.name(name), unit, instrument, self.translation)
    }

    /// Adds the attributes of an exemplar to the labels of its trace, as long as there is room: `OpenMetrics` allows 128
    /// characters of names and values together.
    pub(crate) fn add_filtered_attributes(&self, text: &mut String, exemplar: &Exemplar<'_>) {
        const ROOM: usize = 128;
        let characters = |name: &str, value: &str| name.chars().count() + value.chars().count();
        let mut used: usize = labels::pairs(text)
            .map(|(name, value)| characters(name, value))
            .sum();
        for (key, value) in attributes(&exemplar.filtered_attributes, Exemplar::ATTRIBUTES).flatten() {
            let name = label_name(key, self.translation);
            let there = labels::pairs(text).any(|(other, _)| other == name);
            let more = characters(&name, &value);
            if !there && !value.is_empty() && used + more <= ROOM {
                used += more;
                labels::append(text, &name, &value);
            }
        }
    }

    /// The labels that a series has beside those of its origin, rendered, from the attributes in the field `number` of
    /// its point. `own` is a label that its samples need for themselves, such as a histogram's `le`. `None`: the point
    /// is not taken.
    pub(crate) fn series(
        &self,
        plan: &Plan,
        message: &[u8],
        number: u32,
        own: Option<&str>,
    ) -> Result<Option<String>, LabelError> {
        let mut attributes = AttributeSet::read(message, number)?;
        for (index, step) in self.steps.iter().enumerate() {
            if plan.steps.unbounded_shr(index as u32) & 1 == 0 {
                continue;
            }
            match step {
                Step::PointAttributes(step) => apply(&step.done, &mut attributes),
                Step::FilterPoints(step) if !step.done.takes_attributes(&attributes) => return Ok(None),
                _ => {}
            }
        }
        let mut labels = LabelSet::default();
        for (key, value) in attributes.iter() {
            let mut label = Label::of(key, self.translation);
            while own == Some(label.escaped.as_str()) || is_of_origin(&label.escaped, &self.promotions) {
                label.export();
            }
            labels.push_as(&label.name, key, value);
        }
        let text = labels.render();
        self.label_limits.check(&text)?;
        Ok(Some(text))
    }
}

fn apply(actions: &[Action], attributes: &mut AttributeSet) {
    for action in actions {
        action.apply(attributes);
    }
}

#[cfg(test)]
mod tests;
