//! The store of all samples, behind the query API that Prometheus and Thanos share.

mod answer;
mod pulse;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::resolution::Resolution;
use crate::self_metrics::QueryTimer;

pub(crate) use answer::{Answer, Sample, Series};
use pulse::Pulse;

/// Asks instant and range queries. Never more at once than the configuration allows, never for longer.
#[derive(Debug)]
pub(crate) struct Upstream {
    client: Client,
    config: Config,
    permits: Semaphore,
    pulse: Pulse,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Of the API's root, with a slash at its end.
    pub(crate) url: Url,
    /// For one query, from the moment that it is sent. Before that, it may wait as long for others to end.
    pub(crate) query_timeout: Duration,
    pub(crate) max_concurrent_queries: usize,
}

/// Why there is no answer. Fits "the metrics store …".
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("cannot be reached at {url}: {}", root_cause(source))]
    Unreachable { url: Url, source: Arc<reqwest::Error> },
    #[error("did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("refused with {status}: {message}")]
    Refused { status: StatusCode, message: String },
    #[error("answered what is no query result: {0}")]
    Garbled(String),
    #[error("answered more than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// Ours, not the store's.
    #[error("is asked too much at once")]
    Busy,
}

/// The largest answer that is read, in bytes. A panel's is well under 1 MiB.
const MAX_ANSWER: usize = 16 << 20;

impl Upstream {
    pub(crate) fn new(config: Config) -> reqwest::Result<Self> {
        let client = Client::builder()
            // the store is configured, not discovered: no proxy and no redirect has a say in where queries go
            .no_proxy()
            .redirect(Policy::none())
            .user_agent(concat!("signalbox-dashboard/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let permits = Semaphore::new(config.max_concurrent_queries);
        Ok(Self {
            client,
            config,
            permits,
            pulse: Pulse::default(),
        })
    }

    /// Where the store is.
    pub(crate) fn url(&self) -> &Url {
        &self.config.url
    }

    /// The value of each series at one time, in Unix seconds.
    pub(crate) async fn instant(&self, query: &str, at: f64) -> Result<Answer<Vec<Sample>>, UpstreamError> {
        let body = self
            .ask("api/v1/query", &[("query", query), ("time", &format!("{at:.3}"))])
            .await?;
        self.pulse.note(answer::vector(&body))
    }

    /// The values of each series over time.
    pub(crate) async fn range(
        &self,
        query: &str,
        over: &Resolution,
    ) -> Result<Answer<Vec<Series>>, UpstreamError> {
        let (start, end, step) = (
            over.start.to_string(),
            over.end.to_string(),
            over.step.to_string(),
        );
        let parameters = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        let body = self.ask("api/v1/query_range", &parameters).await?;
        self.pulse.note(answer::matrix(&body, over))
    }

    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>, UpstreamError> {
        let limit = self.config.query_timeout;
        let since = Instant::now();
        let permit = timeout(limit, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            return Err(self.pulse.refusal(since, limit));
        };
        let timer = QueryTimer::start();
        let answered = timeout(limit, self.send(path, parameters)).await;
        let answered = answered.unwrap_or(Err(UpstreamError::TimedOut(limit)));
        timer.stop(answered.as_ref().map_or_else(UpstreamError::kind, |_| "answered"));
        if answered.is_err() {
            self.pulse.note(answered)
        } else {
            answered
        }
    }

    async fn send(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>, UpstreamError> {
        let unreachable = |error: reqwest::Error| UpstreamError::Unreachable {
            url: self.config.url.clone(),
            source: Arc::new(error.without_url()),
        };
        let url = self
            .config
            .url
            .join(path)
            .map_err(|error| UpstreamError::Garbled(error.to_string()))?;
        // the store gives up when we do
        let limit = format!("{}ms", self.config.query_timeout.as_millis());
        let request = self
            .client
            .get(url)
            .query(parameters)
            .query(&[("timeout", limit)]);
        let mut response = request.send().await.map_err(unreachable)?;
        let body = read(&mut response).await.map_err(|error| match error {
            Unread::TooLarge => UpstreamError::TooLarge(MAX_ANSWER),
            Unread::Broken(error) => unreachable(error),
        })?;
        if response.status().is_success() {
            return Ok(body);
        }
        Err(match answer::refusal(&body) {
            Some(refusal) if refusal.timed_out => UpstreamError::TimedOut(self.config.query_timeout),
            Some(refusal) => UpstreamError::Refused {
                status: response.status(),
                message: refusal.message,
            },
            // no answer of a store: something else listens there, or stands between
            None => UpstreamError::Refused {
                status: response.status(),
                message: "it gave no reason that can be read".to_owned(),
            },
        })
    }
}

enum Unread {
    TooLarge,
    Broken(reqwest::Error),
}

async fn read(response: &mut Response) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl UpstreamError {
    /// One word for the metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut(_) => "timed_out",
            Self::Refused { .. } => "refused",
            Self::Garbled(_) => "garbled",
            Self::TooLarge(_) => "too_large",
            Self::Busy => "busy",
        }
    }
}

/// The innermost error says what happened; those around it only that it happened while sending a request.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
