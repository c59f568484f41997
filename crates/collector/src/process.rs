//! What the collector makes of the attributes that clients send: which labels stand on a series, and under which name.
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

use exposition::LabelSet;
use exposition::names::label_name;

use crate::otlp::{AttributeError, attributes};

/// A label that is made from a resource's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promotion {
    pub(crate) label: String,
    /// The attributes that it is taken from; the first that has a value gives it.
    pub(crate) from: Vec<String>,
    /// The value that the collector is configured for: written over whatever the client sent.
    pub(crate) fixed: Option<String>,
}

/// What is known of a resource.
#[derive(Debug)]
pub(crate) struct ResourceLabels {
    /// The labels of all series of this resource.
    set: LabelSet,
    /// `job` and `instance`: series are joined to the resource's `target_info` by them.
    pub(crate) target: String,
    /// The labels of the resource's `target_info`; empty if it has no attributes.
    pub(crate) info: String,
}

/// What all series of one scope of one resource have in common.
#[derive(Debug)]
pub(crate) struct OriginLabels {
    /// The labels, rendered.
    pub(crate) text: String,
    /// Those of them that are the resource's, rendered: what they have in common with the resource's other scopes.
    pub(crate) of_resource: String,
}

/// The labels of a resource, from its message on the wire.
pub(crate) fn resource(message: &[u8], promotions: &[Promotion]) -> Result<ResourceLabels, AttributeError> {
    let mut found = attributes(message, 1)
        .map(|attribute| attribute.map(|(key, value)| (key.to_owned(), value)))
        .collect::<Result<Vec<_>, _>>()?;
    for promotion in promotions {
        upsert(&mut found, promotion);
    }
    let value_of = |wanted: &str| {
        let found = found.iter().rfind(|(key, _)| key == wanted);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };

    let mut promoted = Vec::new();
    let mut set = LabelSet::default();
    for Promotion { label, from, .. } in promotions {
        let first = from.iter().find_map(|key| Some((key, value_of(key)?)));
        if let Some((key, value)) = first {
            set.push_as(label, key, value);
            promoted.push(label.clone());
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
    for (key, value) in &found {
        let label = label_name(key);
        if label == "job" || label == "instance" {
            info.push_as(&format!("exported_{label}"), key, value);
        } else if !promoted.contains(&label) {
            info.push_as(&label, key, value);
        }
    }
    Ok(ResourceLabels {
        target: target.render(),
        info: if found.is_empty() {
            String::new()
        } else {
            with_instance(info)
        },
        set,
    })
}

/// The labels of a scope of a resource, from the scope's message on the wire and its schema's URL.
pub(crate) fn origin(
    resource: &ResourceLabels,
    scope: &[u8],
    schema_url: &[u8],
) -> Result<OriginLabels, AttributeError> {
    let mut set = resource.set.clone();
    let (name, version) = crate::otlp::scope_name_and_version(scope)?;
    let schema_url = std::str::from_utf8(schema_url).map_err(|_| AttributeError::Utf8)?;
    let own = [
        ("otel_scope_name", name),
        ("otel_scope_version", version),
        ("otel_scope_schema_url", schema_url),
    ];
    for (label, value) in own {
        set.push_as(label, label, value);
    }
    for attribute in attributes(scope, 3) {
        let (key, value) = attribute?;
        let key = format!("otel_scope_{key}");
        let label = label_name(&key);
        // these three say what the scope is; an attribute must not disguise it
        if own.iter().all(|(reserved, _)| label != *reserved) {
            set.push_as(&label, &key, &value);
        }
    }
    Ok(OriginLabels {
        text: with_instance(set),
        of_resource: with_instance(resource.set.clone()),
    })
}

/// The labels that a series has beside those of its origin, rendered, from the attributes in the field `number` of its
/// point. `own` is a label that its samples need for themselves, such as a histogram's `le`.
pub(crate) fn series(
    message: &[u8],
    number: u32,
    promotions: &[Promotion],
    own: Option<&str>,
) -> Result<String, AttributeError> {
    let mut labels = LabelSet::default();
    for attribute in attributes(message, number) {
        let (key, value) = attribute?;
        let mut label = label_name(key);
        while own == Some(label.as_str()) || is_of_origin(&label, promotions) {
            label.insert_str(0, "exported_");
        }
        labels.push_as(&label, key, &value);
    }
    Ok(labels.render())
}

/// Whether a label belongs to resources or scopes, whether or not they have it.
pub(crate) fn is_of_origin(label: &str, promotions: &[Promotion]) -> bool {
    matches!(label, "job" | "instance")
        || label.starts_with("otel_scope_")
        || promotions.iter().any(|promotion| promotion.label == label)
}

/// Whether Prometheus, or this collector, makes series of this name itself, so that a client's would be taken for them.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "up" | "target_info"
            | "ALERTS"
            | "ALERTS_FOR_STATE"
            | "scrape_body_size_bytes"
            | "scrape_duration_seconds"
            | "scrape_sample_limit"
            | "scrape_samples_post_metric_relabeling"
            | "scrape_samples_scraped"
            | "scrape_series_added"
            | "scrape_timeout_seconds"
    )
}

/// Writes the collector's own value over every attribute that the label is taken from, and adds it if there is none.
fn upsert(attributes: &mut Vec<(String, String)>, promotion: &Promotion) {
    let (Some(fixed), Some(first)) = (&promotion.fixed, promotion.from.first()) else {
        return;
    };
    let mut there = false;
    for (_, value) in attributes
        .iter_mut()
        .filter(|(key, _)| promotion.from.contains(key))
    {
        value.clone_from(fixed);
        there = true;
    }
    if !there {
        attributes.push((first.clone(), fixed.clone()));
    }
}

/// Renders labels with `instance=""` in front where there is no instance: the specification wants it, and it keeps
/// Prometheus from putting its own target's there.
fn with_instance(labels: LabelSet) -> String {
    if labels.contains("instance") {
        return labels.render();
    }
    let text = labels.render();
    let separator = if text.is_empty() { "" } else { "," };
    format!("instance=\"\"{separator}{text}")
}

#[cfg(test)]
mod tests;
