//! Samples as Prometheus' API tells them, from Prometheus itself or from Thanos, so that both can be compared.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

pub(crate) type Labels = BTreeMap<String, String>;

/// By series; of each, its samples: time and value, or time and native histogram.
pub(crate) type Samples = BTreeMap<Labels, Vec<Value>>;

#[derive(Debug)]
pub(crate) struct Api {
    url: String,
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
struct Answer {
    data: Option<Data>,
    error: Option<String>,
    /// Thanos: a store did not answer.
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// Of a vector, which has one sample in each series, or of a matrix.
#[derive(Debug, Deserialize)]
struct Series {
    metric: Labels,
    value: Option<Value>,
    histogram: Option<Value>,
    #[serde(default)]
    values: Vec<Value>,
    #[serde(default)]
    histograms: Vec<Value>,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: format!("{url}/api/v1"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The answer as of `time`, Unix seconds, with further parameters of Thanos'.
    pub(crate) async fn at(&self, time: u64, query: &str, further: &[(&str, &str)]) -> Samples {
        let time = time.to_string();
        self.ask("query", &[&[("query", query), ("time", &time)], further].concat())
            .await
    }

    /// The answers at `start`, `end` and all steps between, in seconds.
    pub(crate) async fn range(
        &self,
        (start, end, step): (u64, u64, u64),
        query: &str,
        further: &[(&str, &str)],
    ) -> Samples {
        let [start, end, step] = [start, end, step].map(|number| number.to_string());
        let parameters = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        self.ask("query_range", &[&parameters, further].concat()).await
    }

    async fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Samples {
        match self.try_to_ask(endpoint, parameters).await {
            Ok(samples) => samples,
            Err(warnings) => panic!("{parameters:?}: {warnings:?}"),
        }
    }

    /// The same for `at` while stores may fail to answer: nothing then.
    pub(crate) async fn try_at(&self, time: u64, query: &str, further: &[(&str, &str)]) -> Option<Samples> {
        let time = time.to_string();
        let parameters = [&[("query", query), ("time", &time)], further].concat();
        self.try_to_ask("query", &parameters).await.ok()
    }

    /// The error is Thanos' warnings that something is missing from the answer.
    async fn try_to_ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Result<Samples, Vec<String>> {
        let url = format!("{}/{endpoint}", self.url);
        let response = self.http.get(url).query(parameters).send().await.unwrap();
        let answer: Answer = response.json().await.expect("it answers in JSON");
        assert_eq!(answer.error, None, "{parameters:?}");
        if let Some(warnings) = answer.warnings {
            return Err(warnings);
        }
        let result = answer.data.expect("no error, so data").result;
        let samples = |series: Series| {
            let one = series.value.into_iter().chain(series.histogram);
            let all = one.chain(series.values).chain(series.histograms);
            (series.metric, all.collect())
        };
        Ok(result.into_iter().map(samples).collect())
    }
}

pub(crate) fn time(sample: &Value) -> f64 {
    sample[0].as_f64().expect("a time")
}

pub(crate) fn value(sample: &Value) -> f64 {
    let text = sample[1].as_str().expect("no histogram");
    text.parse().expect("a number")
}

/// The value of an answer of one series with one sample; nothing for an empty answer.
pub(crate) fn single(samples: &Samples) -> Option<f64> {
    let all: Vec<_> = samples.values().flatten().collect();
    assert!(all.len() <= 1, "{samples:?}");
    all.first().map(|sample| value(sample))
}

/// The same series without those labels.
pub(crate) fn without(samples: Samples, labels: &[&str]) -> Samples {
    let strip = |(mut series, samples): (Labels, _)| {
        series.retain(|label, _| !labels.contains(&label.as_str()));
        (series, samples)
    };
    let count = samples.len();
    let stripped: Samples = samples.into_iter().map(strip).collect();
    assert_eq!(stripped.len(), count, "two series are one without {labels:?}");
    stripped
}

/// What each Prometheus of a pair holds, written down while it still has it.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Unix seconds: samples after `from` and up to `until` are in it.
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) samples: Vec<Samples>,
}

/// Of a recording, seconds.
const STRETCH: u64 = 20;

/// A scrape's samples have the time of its start, and it may take five seconds.
const SETTLED: u64 = 10;

impl Recording {
    /// Writes down what `selector` finds, stretch by stretch, until none of `prometheus` has the first stretch any more.
    pub(crate) async fn until_forgotten(prometheus: &[Api], selector: &str, patience: Duration) -> Self {
        let deadline = Instant::now() + patience;
        let from = now();
        let mut recording = Self {
            from,
            until: from,
            samples: vec![Samples::new(); prometheus.len()],
        };
        let stretch = format!("{selector}[{STRETCH}s]");
        loop {
            while now() < recording.until + STRETCH + SETTLED {
                sleep(Duration::from_secs(1)).await;
            }
            recording.until += STRETCH;
            for (one, recorded) in prometheus.iter().zip(&mut recording.samples) {
                for (series, samples) in one.at(recording.until, &stretch, &[]).await {
                    recorded.entry(series).or_default().extend(samples);
                }
            }
            let mut remembered = 0;
            for one in prometheus {
                remembered += one.at(from + STRETCH, &stretch, &[]).await.len();
            }
            if remembered == 0 {
                return recording;
            }
            assert!(
                Instant::now() < deadline,
                "{remembered} series are still there after {patience:?}"
            );
        }
    }

    /// As the selector of a range: all of it.
    pub(crate) fn window(&self) -> String {
        format!("[{}s]", self.until - self.from)
    }

    /// Only what is in the first stretch.
    pub(crate) fn first(&self, prometheus: usize) -> Samples {
        let end = (self.from + STRETCH) as f64;
        let first = |(series, samples): (&Labels, &Vec<Value>)| {
            let samples: Vec<_> = samples.iter().filter(|one| time(one) <= end).cloned().collect();
            (!samples.is_empty()).then(|| (series.clone(), samples))
        };
        self.samples[prometheus].iter().filter_map(first).collect()
    }

    /// Where the first stretch ends, and it as the selector of a range.
    pub(crate) fn first_window(&self) -> (u64, String) {
        (self.from + STRETCH, format!("[{STRETCH}s]"))
    }
}

/// Unix seconds.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is right").as_secs()
}
