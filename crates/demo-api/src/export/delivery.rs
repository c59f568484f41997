//! Carries encoded metrics to the collector.

use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use super::reception::Reception;
use crate::config::Export;

/// An HTTP client for the SDK's reader, which lives on a thread of its own: the requests are made on our runtime.
/// What becomes of them is told to the reception.
#[derive(Debug)]
pub(super) struct Delivery {
    runtime: Handle,
    client: reqwest::Client,
    reception: Mutex<Reception>,
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
            reception: Mutex::new(Reception::new(export.url.clone())),
        })
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
        let mut reception = self.reception.lock().unwrap_or_else(PoisonError::into_inner);
        reception.note(&result);
        result
    }
}
