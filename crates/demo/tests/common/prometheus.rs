//! Prometheus' HTTP API, as much as the tests ask.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One series of an answer, at one time.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

#[derive(Debug)]
pub(crate) struct Prometheus {
    url: String,
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    data: Data,
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Prometheus {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The answer as of now.
    pub(crate) async fn query(&self, query: &str) -> Vec<Sample> {
        self.ask(&[("query", query)]).await
    }

    /// The answer as of `time`, Unix seconds.
    pub(crate) async fn query_at(&self, query: &str, time: f64) -> Vec<Sample> {
        self.ask(&[("query", query), ("time", &time.to_string())]).await
    }

    /// How many of that there are now, 0 for an empty answer; the query counts.
    pub(crate) async fn count(&self, query: &str) -> u64 {
        match self.query(query).await.as_slice() {
            [] => 0,
            [one] => one.value as u64,
            many => panic!("{query} gives {} series", many.len()),
        }
    }

    /// With Thanos: what each replica says, not what all of them say together.
    pub(crate) async fn query_each(&self, query: &str) -> Vec<Sample> {
        self.ask(&[("query", query), ("dedup", "false")]).await
    }

    async fn ask(&self, parameters: &[(&str, &str)]) -> Vec<Sample> {
        let url = format!("{}/api/v1/query", self.url);
        let response = self
            .http
            .get(url)
            .query(parameters)
            .send()
            .await
            .expect("Prometheus answers");
        let answer: Answer = response.json().await.expect("Prometheus answers in JSON");
        assert_eq!(answer.error, None, "{parameters:?}");
        let sample = |series: Series| Sample {
            labels: series.metric,
            value: series.value.1.parse().expect("a value is a number"),
        };
        answer.data.result.into_iter().map(sample).collect()
    }
}
