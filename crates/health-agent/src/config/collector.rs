use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{keep_name, keep_url};

/// One collector.
#[derive(Clone, Debug)]
pub struct Collector {
    /// The environment that it writes on all that it takes.
    pub environment: String,
    /// The data plane that it writes on all that it takes.
    pub data_plane_id: String,
    /// Where it takes OTLP over HTTP.
    pub otlp: Url,
    /// Where its own metrics are.
    pub self_metrics: Url,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCollector {
    environment: String,
    data_plane_id: String,
    otlp: String,
    self_metrics: String,
}

impl RawCollector {
    pub(super) fn validate(self, index: usize, problems: &mut Problems) -> Option<Collector> {
        let environment = keep_name(
            problems,
            &format!("collectors.{index}.environment"),
            "the environment that it writes on all that it takes, such as \"prod\"",
            self.environment,
        );
        let data_plane_id = keep_name(
            problems,
            &format!("collectors.{index}.data_plane_id"),
            "the data plane that it writes on all that it takes, such as \"dp-prod-01\"",
            self.data_plane_id,
        );
        let otlp = keep_url(problems, &format!("collectors.{index}.otlp"), &self.otlp);
        let self_metrics = keep_url(
            problems,
            &format!("collectors.{index}.self_metrics"),
            &self.self_metrics,
        );
        Some(Collector {
            environment: environment?,
            data_plane_id: data_plane_id?,
            otlp: otlp?,
            self_metrics: self_metrics?,
        })
    }
}
