//! Second names of metrics.

use std::collections::{BTreeMap, BTreeSet};

use exposition::MetricType;
use exposition::names::{is_label_name, is_metric_name};
use serde::{Deserialize, Serialize};
use service::Problems;

use crate::expose::{Alias, Scale};
use crate::process::{Promotion, is_of_origin, is_of_samples, is_reserved};
use exposition::Translation;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAlias {
    /// The exposed name of a metric.
    metric: String,
    /// Its further names.
    names: Vec<String>,
    /// New names of labels, by the old.
    labels: BTreeMap<String, String>,
    /// What values are multiplied by, as 1000 from seconds to milliseconds.
    scale: f64,
}

impl Default for RawAlias {
    fn default() -> Self {
        Self {
            metric: String::new(),
            names: Vec::new(),
            labels: BTreeMap::new(),
            scale: 1.0,
        }
    }
}

pub(super) fn aliases(
    settings: Vec<RawAlias>,
    promotions: &[Promotion],
    translation: Translation,
    problems: &mut Problems,
) -> Vec<Alias> {
    let is_metric = |name: &str| is_metric_name(name) || (translation.allows_utf8() && !name.is_empty());
    let is_label = |name: &str| is_label_name(name) || (translation.allows_utf8() && !name.is_empty());
    let mut aliases: Vec<Alias> = Vec::new();
    for RawAlias {
        metric,
        names,
        labels,
        scale,
    } in settings
    {
        let mut problem = |message: String| problems.add("aliases", message);
        if !is_metric(&metric) {
            problem(format!(
                "metric must be the exposed name of a metric, is `{metric}`"
            ));
        }
        if !scale.is_finite() || scale <= 0.0 {
            problem(format!(
                "scale of `{metric}` must be a number above 0, is {scale}"
            ));
        }
        if names.is_empty() {
            problem(format!("`{metric}` needs at least one name in names"));
        }
        let mut new_names = BTreeSet::new();
        for (old, new) in &labels {
            if !is_label(old) || !is_label(new) {
                problem(format!(
                    "labels of `{metric}` must be label names, are `{old}` and `{new}`"
                ));
            } else if is_of_samples(new) || is_of_origin(new, promotions) {
                problem(format!(
                    "a label of `{metric}` cannot become `{new}`: this label has a meaning of its own"
                ));
            } else if !new_names.insert(new) {
                problem(format!("two labels of `{metric}` cannot both become `{new}`"));
            }
        }
        let labels: Vec<(String, String)> = labels.into_iter().collect();
        for name in names {
            let clash = aliases.iter().find(|other| share_a_sample(&other.name, &name));
            if !is_metric(&name) || is_reserved(&name) || name == metric {
                problem(format!("`{name}` cannot be another name of `{metric}`"));
            } else if let Some(Alias { name: other, .. }) = clash {
                problem(if *other == name {
                    format!("`{name}` is given twice")
                } else {
                    format!("`{name}` and `{other}` cannot both be names: one would be a sample of the other")
                });
            } else {
                let (metric, labels) = (metric.clone(), labels.clone());
                let scale = Scale::new(scale);
                aliases.push(Alias {
                    metric,
                    name,
                    labels,
                    scale,
                });
            }
        }
    }
    aliases
}

/// Whether two metrics of these names, of whatever types, could have samples of one name.
fn share_a_sample(one: &str, other: &str) -> bool {
    let suffixes = MetricType::Histogram.suffixes();
    let is_sample = |name: &str, of: &str| {
        let suffix = name.strip_prefix(of);
        suffix.is_some_and(|suffix| suffix.is_empty() || suffixes.contains(&suffix))
    };
    is_sample(one, other) || is_sample(other, one)
}
