use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service::Problems;

use super::read::{self, duration, keep};

/// What is sent through the whole pipeline to see whether it arrives.
#[derive(Clone, Debug)]
pub struct Canary {
    /// Whether anything is sent.
    pub enabled: bool,
    /// From one metric to the next.
    pub metric_interval: Duration,
    /// From one alert to the next.
    pub alert_interval: Duration,
    /// A file with the token that collectors want to see.
    pub bearer_token_file: Option<PathBuf>,
    /// The authorities of collectors that encrypt, PEM.
    pub ca_file: Option<PathBuf>,
    /// What is shown to collectors that ask for a certificate.
    pub identity: Option<Identity>,
    /// Older than this, the newest canary at a stage is stale.
    pub max_age: Duration,
}

/// A client's certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The chain.
    pub cert_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCanary {
    enabled: bool,
    metric_interval: String,
    alert_interval: String,
    max_age: String,
    bearer_token_file: String,
    ca_file: String,
    cert_file: String,
    key_file: String,
}

impl Default for RawCanary {
    fn default() -> Self {
        Self {
            enabled: true,
            metric_interval: "10s".to_owned(),
            alert_interval: "1m".to_owned(),
            max_age: "2m".to_owned(),
            bearer_token_file: String::new(),
            ca_file: String::new(),
            cert_file: String::new(),
            key_file: String::new(),
        }
    }
}

impl RawCanary {
    pub(super) fn validate(self, problems: &mut Problems) -> Option<Canary> {
        let second = Duration::from_secs(1);
        let hour = Duration::from_hours(1);
        let mut time =
            |key: &str, text: &str| keep(problems, &format!("canary.{key}"), duration(text, second..=hour));
        let metric_interval = time("metric_interval", &self.metric_interval);
        let alert_interval = time("alert_interval", &self.alert_interval);
        let max_age = time("max_age", &self.max_age);
        if max_age.is_some() && max_age <= metric_interval.max(alert_interval) {
            problems.add(
                "canary.max_age",
                format!(
                    "must be longer than metric_interval and alert_interval, is {:?}",
                    self.max_age
                ),
            );
        }
        let identity = match (read::path(self.cert_file), read::path(self.key_file)) {
            (Some(cert_file), Some(key_file)) => Some(Identity { cert_file, key_file }),
            (None, None) => None,
            _ => {
                problems.add("canary.cert_file", "must be there together with canary.key_file");
                None
            }
        };
        Some(Canary {
            enabled: self.enabled,
            metric_interval: metric_interval?,
            alert_interval: alert_interval?,
            max_age: max_age?,
            bearer_token_file: read::path(self.bearer_token_file),
            ca_file: read::path(self.ca_file),
            identity,
        })
    }
}
