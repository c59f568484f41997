//! How much the collector takes and keeps at most.

use serde::{Deserialize, Serialize};
use service::Problems;

use crate::process::LabelLimits;
use crate::series::Limits;

/// What the process takes without series and the bodies of requests, about.
const PROCESS_BYTES: usize = 32 * 1024 * 1024;

/// Less than this for series is a mistake.
const SERIES_BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) memory_bytes: usize,
    pub(super) series: usize,
    pub(super) series_per_environment: usize,
    pub(super) series_per_metric: usize,
    pub(super) sources: usize,
    pub(super) labels: usize,
    pub(super) label_name_bytes: usize,
    pub(super) label_value_bytes: usize,
    pub(super) label_bytes: usize,
    pub(super) buckets: usize,
    pub(super) datapoints_per_request: usize,
    pub(super) request_bytes: usize,
    pub(super) in_flight_bytes: usize,
    pub(super) connections: usize,
}

impl Default for RawLimits {
    fn default() -> Self {
        let LabelLimits {
            labels,
            name_bytes,
            value_bytes,
        } = LabelLimits::default();
        Self {
            memory_bytes: 512 * 1024 * 1024,
            series: 1_000_000,
            series_per_environment: 1_000_000,
            series_per_metric: 200_000,
            sources: 100_000,
            labels,
            label_name_bytes: name_bytes,
            label_value_bytes: value_bytes,
            label_bytes: 16 * 1024,
            buckets: 256,
            datapoints_per_request: 200_000,
            request_bytes: 16 * 1024 * 1024,
            in_flight_bytes: 64 * 1024 * 1024,
            connections: 2048,
        }
    }
}

impl RawLimits {
    /// What bounds the series.
    pub(super) fn of_series(&self) -> Limits {
        Limits {
            series: self.series,
            series_per_metric: self.series_per_metric,
            series_per_environment: self.series_per_environment,
            sources: self.sources,
            label_bytes: self.label_bytes,
            buckets: self.buckets,
            // requests have their own share
            bytes: self
                .memory_bytes
                .saturating_sub(self.in_flight_bytes.saturating_add(PROCESS_BYTES)),
            request_points: self.datapoints_per_request,
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        for (key, limit) in [
            ("limits.series", self.series),
            ("limits.series_per_environment", self.series_per_environment),
            ("limits.series_per_metric", self.series_per_metric),
            ("limits.sources", self.sources),
            ("limits.labels", self.labels),
            ("limits.label_name_bytes", self.label_name_bytes),
            ("limits.label_value_bytes", self.label_value_bytes),
            ("limits.label_bytes", self.label_bytes),
            ("limits.buckets", self.buckets),
            ("limits.datapoints_per_request", self.datapoints_per_request),
            ("limits.request_bytes", self.request_bytes),
            ("limits.connections", self.connections),
        ] {
            if limit == 0 {
                problems.add(key, "must be at least 1, is 0");
            }
        }
        if self.series > u32::MAX as usize {
            problems.add(
                "limits.series",
                format!("must be at most {}, is {}", u32::MAX, self.series),
            );
        }
        // a request that comes compressed is there twice
        let needed = self.request_bytes.saturating_mul(2);
        if self.in_flight_bytes < needed {
            problems.add(
                "limits.in_flight_bytes",
                format!(
                    "must be at least twice limits.request_bytes, which is {needed}, is {}",
                    self.in_flight_bytes
                ),
            );
        }
        let needed = self.in_flight_bytes.saturating_add(PROCESS_BYTES + SERIES_BYTES);
        if self.memory_bytes < needed {
            problems.add(
                "limits.memory_bytes",
                format!(
                    "must be at least {needed}, is {}: limits.in_flight_bytes, which is {}, and the process itself are parts of it",
                    self.memory_bytes, self.in_flight_bytes
                ),
            );
        }
    }

    pub(super) fn of_labels(&self) -> LabelLimits {
        LabelLimits {
            labels: self.labels,
            name_bytes: self.label_name_bytes,
            value_bytes: self.label_value_bytes,
        }
    }
}
