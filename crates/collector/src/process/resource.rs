//! The labels of resources.

use exposition::{LabelSet, Translation};

use super::Promotion;
use super::attribute_set::AttributeSet;
use super::label::Label;

/// What is known of a resource.
#[derive(Debug)]
pub(crate) struct ResourceLabels {
    /// The labels of all series of this resource.
    pub(super) set: LabelSet,
    /// `job` and `instance`: series are joined to the resource's `target_info` by them.
    pub(crate) target: String,
    /// The labels of the resource's `target_info`; empty if it has no attributes.
    pub(crate) info: String,
    /// The value of the label `environment`; empty if there is none.
    pub(crate) environment: String,
}

/// The labels of a resource with these attributes, over which the collector's own values are written first.
pub(super) fn labels(
    mut attributes: AttributeSet,
    promotions: &[Promotion],
    translation: Translation,
) -> ResourceLabels {
    for promotion in promotions {
        promotion.write_over(&mut attributes);
    }
    let value_of = |key: &str| attributes.get(key).filter(|value| !value.is_empty());

    let mut environment = String::new();
    let mut promoted = Vec::new();
    let mut set = LabelSet::default();
    for Promotion { label, from, .. } in promotions {
        let first = from.iter().find_map(|key| Some((key, value_of(key)?)));
        if let Some((key, value)) = first {
            set.push_as(label, key, value);
            promoted.push(label.clone());
            if label == "environment" {
                value.clone_into(&mut environment);
            }
        }
    }
    let mut target = LabelSet::default();
    if let Some(name) = value_of("service.name") {
        let job = match value_of("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        target.push_as("job", "service.name", &job);
    }
    if let Some(instance) = value_of("service.instance.id") {
        target.push_as("instance", "service.instance.id", instance);
    }
    set.extend(&target);

    let mut info = set.clone();
    for (key, value) in attributes.iter() {
        let mut label = Label::of(key, translation);
        if matches!(label.escaped.as_str(), "job" | "instance") {
            label.export();
        }
        if !promoted.contains(&label.escaped) {
            info.push_as(&label.name, key, value);
        }
    }
    ResourceLabels {
        target: target.render(),
        info: if attributes.is_empty() {
            String::new()
        } else {
            with_instance(info)
        },
        set,
        environment,
    }
}

/// Renders labels with `instance=""` in front where there is no instance: the specification wants it, and it keeps
/// Prometheus from putting its own target's there.
pub(super) fn with_instance(labels: LabelSet) -> String {
    if labels.contains("instance") {
        return labels.render();
    }
    let text = labels.render();
    let separator = if text.is_empty() { "" } else { "," };
    format!("instance=\"\"{separator}{text}")
}
