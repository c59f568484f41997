//! A client of the box that takes its answers as they are, errors and warnings included.

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::PATIENCE;

/// What answers PromQL.
#[derive(Debug)]
pub(crate) struct Client {
    url: String,
    http: reqwest::Client,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Client {
    /// Of Prometheus, Thanos' query or its frontend.
    pub(crate) fn new(url: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        Self {
            url,
            http: http.build().unwrap(),
        }
    }

    /// The answer as of now; none if nobody listens.
    pub(crate) async fn try_query(&self, query: &str) -> Option<Answer> {
        self.get("query", &[("query", query)]).await
    }

    pub(crate) async fn query(&self, query: &str) -> Answer {
        self.try_query(query).await.expect("somebody listens")
    }

    /// The answer as of `time`, Unix seconds.
    pub(crate) async fn query_at(&self, query: &str, time: u64) -> Answer {
        let time = time.to_string();
        let answer = self.get("query", &[("query", query), ("time", &time)]).await;
        answer.expect("somebody listens")
    }

    /// The answers from `start` to `end`, Unix seconds, every ten seconds.
    pub(crate) async fn range(&self, query: &str, start: u64, end: u64) -> Answer {
        let [start, end] = [start, end].map(|time| time.to_string());
        let parameters = [("query", query), ("start", &start), ("end", &end), ("step", "10")];
        let answer = self.get("query_range", &parameters).await;
        answer.expect("somebody listens")
    }

    async fn get(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Option<Answer> {
        let url = format!("{}/api/v1/{endpoint}", self.url);
        let response = match self.http.get(url).query(parameters).send().await {
            Ok(response) => response,
            Err(error) => {
                assert!(error.is_connect(), "{parameters:?}: {error}");
                return None;
            }
        };
        Some(Answer {
            status: response.status(),
            text: response.text().await.unwrap(),
        })
    }
}

impl Answer {
    fn body(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The values of each series, of one time or of many; it must have succeeded.
    pub(crate) fn series(&self) -> Vec<Vec<f64>> {
        let body = self.body();
        let value = |sample: &Value| sample[1].as_str().unwrap().parse().unwrap();
        let values = |series: &Value| match series["values"].as_array() {
            Some(many) => many.iter().map(value).collect(),
            None => vec![value(&series["value"])],
        };
        let result = body["data"]["result"].as_array().unwrap();
        result.iter().map(values).collect()
    }

    /// The values of an answer of one time.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.series().concat()
    }

    /// What Thanos says is missing from it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let body = self.body();
        let warnings = body["warnings"].as_array();
        let text = |warning: &Value| warning.as_str().unwrap().to_owned();
        warnings.map_or_else(Vec::new, |all| all.iter().map(text).collect())
    }
}

/// The sum of all series of that name in a program's metrics, without a fraction; 0 if there are none.
pub(crate) async fn metric(url: &str, name: &str) -> u64 {
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let response = http.build().unwrap().get(format!("{url}/metrics")).send().await;
    let text = response.expect("it runs").text().await.unwrap();
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let value = rest.rsplit(' ').next()?;
        rest.starts_with(['{', ' '])
            .then(|| value.parse::<f64>().unwrap())
    };
    text.lines().filter_map(value).sum::<f64>() as u64
}
