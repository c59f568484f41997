//! Asks the dashboard, as its own page does, which environments have metrics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// Only what is needed here of the dashboard's answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Overview {
    environments: Vec<Environment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    name: String,
    /// Unix seconds.
    newest_sample_at: Option<f64>,
}

pub(crate) async fn ask(dashboard: &str, http: &reqwest::Client) -> reqwest::Result<Overview> {
    /// The dashboard itself gives its store two seconds.
    const ANSWER: Duration = Duration::from_secs(5);
    let url = format!("{dashboard}/api/v1/overview?range=5m");
    let response = http.get(url).timeout(ANSWER).send().await?;
    response.error_for_status()?.json().await
}

impl Overview {
    /// Those of `wanted` without a sample since `start`: older ones are an earlier run's.
    pub(crate) fn waiting_for<'a>(&self, wanted: &[&'a str], start: SystemTime) -> Vec<&'a str> {
        let start = start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let has_metrics = |name: &str| {
            self.environments
                .iter()
                .any(|one| one.name == name && one.newest_sample_at.is_some_and(|at| at >= start))
        };
        wanted.iter().copied().filter(|name| !has_metrics(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_samples_of_this_run_count() {
        let overview: Overview = serde_json::from_str(
            r#"{"generatedAt": 1000.5, "environments": [
                {"name": "prod", "state": "ok", "newestSampleAt": 1000.25},
                {"name": "dev", "state": "stale", "newestSampleAt": 999.9},
                {"name": "qa", "state": "unknown", "newestSampleAt": null},
                {"name": "lab", "state": "idle"}]}"#,
        )
        .unwrap();
        let start = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(
            overview.waiting_for(&["prod", "dev", "qa", "lab"], start),
            ["dev", "qa", "lab"]
        );
    }
}
