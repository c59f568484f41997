//! Carries encoded metrics to the collector.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::config::Export;
use crate::outage::Outage;

/// An HTTP client for the SDK's reader, which lives on a thread of its own: the requests are made on our runtime.
/// It also says in the log, once and not every five seconds, that the collector cannot be reached.
#[derive(Debug)]
pub(super) struct Delivery {
    runtime: Handle,
    client: reqwest::Client,
    url: String,
    outage: Mutex<Outage>,
}

impl Delivery {
    pub(super) fn new(runtime: Handle, export: &Export) -> anyhow::Result<Self> {
        // metrics go to the collector that was named, not to a proxy that the environment happens to name
        let client = reqwest::Client::builder()
            .timeout(export.timeout)
            .no_proxy()
            .build();
        let client = client.context("failed to set up an HTTP client")?;
        Ok(Self {
            runtime,
            client,
            url: export.url.clone(),
            outage: Mutex::default(),
        })
    }

    fn note(&self, result: &Result<Response<Bytes>, HttpError>) {
        let failure = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered {}", response.status())),
            Err(error) => Some(innermost(&**error)),
        };
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failure {
            if let Some(lasted) = outage.failed(Instant::now()) {
                tracing::warn!(
                    collector.url = self.url,
                    outage.seconds = lasted.as_secs(),
                    error = failure,
                    "metrics do not reach the collector, requests are served all the same"
                );
            }
        } else if let Some(lasted) = outage.worked(Instant::now()) {
            tracing::info!(
                collector.url = self.url,
                outage.seconds = lasted.as_secs(),
                "metrics reach the collector again"
            );
        }
    }
}

#[async_trait]
impl HttpClient for Delivery {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self
            .runtime
            .spawn(async move { client.send_bytes(request).await })
            .await;
        let result = sent.unwrap_or_else(|ended| Err(ended.into()));
        self.note(&result);
        result
    }
}

/// The error at the bottom says what happened (`Connection refused`); those above it say what was tried.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
