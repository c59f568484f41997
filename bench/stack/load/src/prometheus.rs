//! What Prometheus says: answers to queries, and its metrics of itself.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::http::{Client, encoded};

#[derive(Debug)]
pub(crate) struct Prometheus(Client);

/// Its metrics of itself, added up over their labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelfMetrics(HashMap<String, f64>);

impl Prometheus {
    pub(crate) fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self(Client::new(address, timeout))
    }

    pub(crate) fn metrics(&mut self) -> anyhow::Result<SelfMetrics> {
        Ok(SelfMetrics::read(&String::from_utf8(self.0.body("/metrics")?)?))
    }

    /// The value of each series of an instant query.
    pub(crate) fn instant(&mut self, query: &str) -> anyhow::Result<Vec<f64>> {
        let result = self.result(query)?;
        let values = result.iter().map(|series| number(&series["value"][1]));
        values.collect::<Option<_>>().context("values are numbers")
    }

    /// Every sample of a query for a range of samples.
    pub(crate) fn samples(&mut self, query: &str) -> anyhow::Result<Vec<f64>> {
        let result = self.result(query)?;
        let values = result
            .iter()
            .filter_map(|series| series["values"].as_array())
            .flatten();
        let values = values.map(|value| number(&value[1]));
        values.collect::<Option<_>>().context("values are numbers")
    }

    fn result(&mut self, query: &str) -> anyhow::Result<Vec<Value>> {
        let body = self.0.body(&format!("/api/v1/query?query={}", encoded(query)))?;
        let mut answer: Value = serde_json::from_slice(&body)?;
        match answer["data"]["result"].take() {
            Value::Array(result) => Ok(result),
            other => anyhow::bail!("{query} is answered with {other}"),
        }
    }
}

/// A value, which is text in JSON.
fn number(value: &Value) -> Option<f64> {
    value.as_str()?.parse().ok()
}

impl SelfMetrics {
    fn read(text: &str) -> Self {
        let mut metrics: HashMap<String, f64> = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let value = line.rsplit(' ').next().and_then(|value| value.parse().ok());
            *metrics.entry(name.to_owned()).or_default() += value.unwrap_or(0.0);
        }
        Self(metrics)
    }

    /// 0 if there is none of this name.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// Samples that it has taken since it started.
    pub(crate) fn appended(&self) -> f64 {
        self.get("prometheus_tsdb_head_samples_appended_total")
    }

    pub(crate) fn series(&self) -> f64 {
        self.get("prometheus_tsdb_head_series")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_added_up_over_their_labels() {
        let metrics = SelfMetrics::read(
            "# TYPE prometheus_tsdb_head_samples_appended_total counter\n\
             prometheus_tsdb_head_samples_appended_total{type=\"float\"} 1.5e+06\n\
             prometheus_tsdb_head_samples_appended_total{type=\"histogram\"} 3\n\
             prometheus_tsdb_head_series 17\n\
             other{a=\"b c\"} NaN\n",
        );
        assert_eq!(
            [metrics.appended(), metrics.series(), metrics.get("none")].map(|value| value as u64),
            [1_500_003, 17, 0]
        );
    }
}
