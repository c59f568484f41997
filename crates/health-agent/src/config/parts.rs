use reqwest::Url;
use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::keep_url;

/// Where the parts of the box answer HTTP. `None`: the box has no such part.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Prometheus.
    pub prometheus: Option<Url>,
    /// Alertmanager.
    pub alertmanager: Option<Url>,
    /// Pushgateway.
    pub pushgateway: Option<Url>,
    /// `node_exporter`.
    pub node_exporter: Option<Url>,
    /// The dashboard.
    pub dashboard: Option<Url>,
    /// Thanos' sidecar, beside Prometheus.
    pub thanos_sidecar: Option<Url>,
    /// Thanos' query.
    pub thanos_query: Option<Url>,
    /// Thanos' query-frontend.
    pub thanos_query_frontend: Option<Url>,
    /// Thanos' store gateway.
    pub thanos_store: Option<Url>,
    /// Thanos' compactor.
    pub thanos_compact: Option<Url>,
    /// Thanos' ruler.
    pub thanos_rule: Option<Url>,
    /// The object store's S3 API.
    pub object_store: Option<Url>,
}

/// Where the parts answer HTTP; `""` says that the box has no such part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawParts {
    prometheus: String,
    alertmanager: String,
    pushgateway: String,
    node_exporter: String,
    dashboard: String,
    thanos_sidecar: String,
    thanos_query: String,
    thanos_query_frontend: String,
    thanos_store: String,
    thanos_compact: String,
    thanos_rule: String,
    object_store: String,
}

impl Parts {
    /// Those that the box has, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        [
            ("prometheus", &self.prometheus),
            ("alertmanager", &self.alertmanager),
            ("pushgateway", &self.pushgateway),
            ("node-exporter", &self.node_exporter),
            ("dashboard", &self.dashboard),
            ("thanos-sidecar", &self.thanos_sidecar),
            ("thanos-query", &self.thanos_query),
            ("thanos-query-frontend", &self.thanos_query_frontend),
            ("thanos-store", &self.thanos_store),
            ("thanos-compact", &self.thanos_compact),
            ("thanos-rule", &self.thanos_rule),
            ("object-store", &self.object_store),
        ]
        .into_iter()
        .filter_map(|(name, url)| Some((name, url.as_ref()?)))
    }
}

impl RawParts {
    pub(super) fn validate(self, problems: &mut Problems) -> Parts {
        let mut part = |key: &str, url: String| {
            let key = format!("parts.{key}");
            (!url.is_empty())
                .then(|| keep_url(problems, &key, &url))
                .flatten()
        };
        Parts {
            prometheus: part("prometheus", self.prometheus),
            alertmanager: part("alertmanager", self.alertmanager),
            pushgateway: part("pushgateway", self.pushgateway),
            node_exporter: part("node_exporter", self.node_exporter),
            dashboard: part("dashboard", self.dashboard),
            thanos_sidecar: part("thanos_sidecar", self.thanos_sidecar),
            thanos_query: part("thanos_query", self.thanos_query),
            thanos_query_frontend: part("thanos_query_frontend", self.thanos_query_frontend),
            thanos_store: part("thanos_store", self.thanos_store),
            thanos_compact: part("thanos_compact", self.thanos_compact),
            thanos_rule: part("thanos_rule", self.thanos_rule),
            object_store: part("object_store", self.object_store),
        }
    }
}
