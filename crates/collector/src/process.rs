//! What the collector makes of the attributes that clients send: which labels stand on a series, and under which name.
//!
//! The labels of a series come from three places, from the outside in:
//!
//! - its resource: the promoted attributes, `job`, `instance`. Attributes for which the collector has a value of its
//!   own are overwritten first, so that a client of one environment cannot write into another's series.
//! - its scope: `otel_scope_name`, `otel_scope_version`, `otel_scope_schema_url`, `otel_scope_<attribute>`;
//! - its own attributes.
//!
//! Where an attribute of the point falls on a label of the scope or on `job` or `instance`, the values are joined by
//! `;`, as between attributes of one point. A promoted label is never mixed: an attribute that falls on it moves to
//! `exported_<label>`, which is what Prometheus itself does with labels that clash with a target's.

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
    /// The names of the promoted labels that it has.
    promoted: Vec<String>,
    /// `job` and `instance`: series are joined to the resource's `target_info` by them.
    pub(crate) target: String,
    /// The labels of the resource's `target_info`; empty if it has no attributes.
    pub(crate) info: String,
}

/// What all series of one scope of one resource have in common.
#[derive(Debug)]
pub(crate) struct OriginLabels {
    set: LabelSet,
    promoted: Vec<String>,
    /// The labels, rendered.
    pub(crate) text: String,
}

/// The labels of one series, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SeriesLabels {
    pub(crate) text: String,
    /// Whether these are all its labels, and not only what it has beside those of its origin.
    pub(crate) whole: bool,
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
        promoted,
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
        text: with_instance(set.clone()),
        set,
        promoted: resource.promoted.clone(),
    })
}

/// The labels of a series, from the attributes in the field `number` of its point. `taken` is a label that its
/// samples need for themselves, such as a histogram's `le`.
pub(crate) fn series(
    message: &[u8],
    number: u32,
    origin: &OriginLabels,
    taken: Option<&str>,
) -> Result<SeriesLabels, AttributeError> {
    let mut own = LabelSet::default();
    let mut collides = false;
    for attribute in attributes(message, number) {
        let (key, value) = attribute?;
        let mut label = label_name(key);
        if taken == Some(label.as_str()) || origin.promoted.contains(&label) {
            label.insert_str(0, "exported_");
        }
        collides |= label == "instance" || origin.set.contains(&label);
        own.push_as(&label, key, &value);
    }
    Ok(if collides {
        let mut all = origin.set.clone();
        all.extend(&own);
        SeriesLabels {
            text: with_instance(all),
            whole: true,
        }
    } else {
        SeriesLabels {
            text: own.render(),
            whole: false,
        }
    })
}

/// Whether Prometheus, or this collector, makes series of this name itself, so that a client's would be taken for them.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "up" || name == "target_info" || name.starts_with("ALERTS") || name.starts_with("scrape_")
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
