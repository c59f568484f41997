use std::collections::BTreeMap;

use crate::http::Http;

/// Whoever answers Prometheus' queries: itself, or Thanos.
#[derive(Debug, Clone)]
pub struct Prometheus {
    http: Http,
    base: String,
}

/// A series and its value.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its labels, its name among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// The one at `http://address:port`.
    pub fn at(base: &str) -> Self {
        Self {
            http: Http::default(),
            base: base.to_owned(),
        }
    }

    /// What a query answers now.
    pub async fn query(&self, query: &str) -> Result<Vec<Sample>, String> {
        self.ask(&[("query", query)]).await
    }

    /// What a query answers for a moment, in seconds after 1970.
    pub async fn query_at(&self, query: &str, time: f64) -> Result<Vec<Sample>, String> {
        self.ask(&[("query", query), ("time", &time.to_string())]).await
    }

    async fn ask(&self, query: &[(&str, &str)]) -> Result<Vec<Sample>, String> {
        let url = format!("{}/api/v1/query", self.base);
        let answer = self.http.json(&url, query).await?;
        let result = answer["data"]["result"]
            .as_array()
            .ok_or_else(|| format!("no vector: {answer}"))?;
        result
            .iter()
            .map(|sample| {
                let labels = sample["metric"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                    .collect();
                let value = sample["value"][1]
                    .as_str()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| format!("no value: {sample}"))?;
                Ok(Sample { labels, value })
            })
            .collect()
    }
}

/// The value of the first line of Prometheus' text that has this name and all of these labels, each written `name="value"`.
pub fn sample(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        })
        .and_then(|line| line.rsplit(' ').next()?.parse().ok())
}
