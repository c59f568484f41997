//! The labels of instrumentation scopes.

use exposition::{LabelSet, Translation};

use super::ResourceLabels;
use super::label::Label;
use super::resource::with_instance;
use crate::otlp::{AttributeError, attributes, scope_name_and_version};

/// What all series of one scope of one resource have in common.
#[derive(Debug)]
pub(crate) struct OriginLabels {
    /// The labels, rendered.
    pub(crate) text: String,
    /// Those of them that are the resource's, rendered: what they have in common with the resource's other scopes.
    pub(crate) of_resource: String,
}

impl OriginLabels {
    pub(super) fn new(resource: &ResourceLabels, scope: &LabelSet) -> Self {
        let mut set = resource.set.clone();
        set.extend(scope);
        Self {
            text: with_instance(set),
            of_resource: with_instance(resource.set.clone()),
        }
    }
}

/// The labels of a scope, from its message on the wire and its schema's URL.
pub(super) fn of_scope(
    scope: &[u8],
    schema_url: &[u8],
    translation: Translation,
) -> Result<LabelSet, AttributeError> {
    let mut set = LabelSet::default();
    let (name, version) = scope_name_and_version(scope)?;
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
        let label = Label::of(&key, translation);
        // these three say what the scope is; an attribute must not disguise it
        if own.iter().all(|(reserved, _)| label.escaped != *reserved) {
            set.push_as(&label.name, &key, &value);
        }
    }
    Ok(set)
}
