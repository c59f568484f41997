//! What a scrape shows beside the series themselves.

use std::sync::Arc;

use exposition::Bounds;
use serde::{Deserialize, Serialize};
use service::Problems;

use crate::expose::{Alias, View};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawExpose {
    created_series: bool,
    exponential_histograms: RawExponentialHistograms,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawExponentialHistograms {
    classic_bounds: Vec<f64>,
}

impl RawExpose {
    pub(super) fn parse(self, aliases: Vec<Alias>, buckets: usize, problems: &mut Problems) -> View {
        let key = "expose.exponential_histograms.classic_bounds";
        let bounds = self.exponential_histograms.classic_bounds;
        let ascending = bounds.is_sorted_by(|one, next| one < next);
        if !ascending || !bounds.iter().all(|bound| bound.is_finite()) {
            problems.add(
                key,
                "must be numbers in ascending order; infinity is there always",
            );
        }
        if bounds.len() >= buckets {
            problems.add(
                key,
                format!(
                    "must be fewer than limits.buckets, which is {buckets}, are {}",
                    bounds.len()
                ),
            );
        }
        View {
            aliases,
            created_series: self.created_series,
            classic_bounds: (!bounds.is_empty()).then(|| Arc::new(Bounds::new(bounds))),
        }
    }
}
