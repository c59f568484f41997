//! Resource attributes that become labels, and the collector's own values of some.

use std::collections::BTreeMap;

use exposition::names::is_label_name;
use serde::{Deserialize, Serialize};
use service::Problems;

use crate::process::{Promotion, is_of_origin, is_of_samples};

/// Labels, and the resource attributes that each is taken from, the first that is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Promote(BTreeMap<String, Vec<String>>);

impl Default for Promote {
    fn default() -> Self {
        let label = |label: &str, from: &[&str]| {
            let from = from.iter().map(|&attribute| attribute.to_owned()).collect();
            (label.to_owned(), from)
        };
        Self(BTreeMap::from([
            label(
                "environment",
                &[
                    "deployment.environment.name",
                    "deployment.environment",
                    "environment",
                ],
            ),
            label("data_plane_id", &["data_plane_id"]),
            label("service_name", &["service.name"]),
        ]))
    }
}

pub(super) fn promotions(
    Promote(promote): Promote,
    environment: Option<String>,
    data_plane_id: Option<String>,
    problems: &mut Problems,
) -> Vec<Promotion> {
    let mut fixed = BTreeMap::new();
    for (key, value) in [("environment", environment), ("data_plane_id", data_plane_id)] {
        let Some(value) = value else { continue };
        if value.is_empty() {
            problems.add(key, "must not be empty; leave it out to take what clients send");
        } else if promote.get(key).is_none_or(Vec::is_empty) {
            problems.add(key, format!("has no effect, because promote.{key} is empty"));
        }
        fixed.insert(key.to_owned(), value);
    }
    let mut promotions = Vec::new();
    for (label, from) in promote {
        let key = format!("promote.{label}");
        if !is_label_name(&label) {
            problems.add(
                &key,
                "must be a label's name: letters, digits and _, no digit first",
            );
        }
        if is_of_samples(&label) || is_of_origin(&label, &[]) {
            problems.add(&key, "cannot be promoted: this label has a meaning of its own");
        }
        // an empty list switches a promotion of the defaults off
        if !from.is_empty() {
            let fixed = fixed.remove(&label);
            promotions.push(Promotion { label, from, fixed });
        }
    }
    promotions
}
