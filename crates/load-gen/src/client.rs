use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::config::Limits;
use crate::endpoint::Endpoint;
use crate::plan::Planned;
use crate::tally::Failure;
use crate::target::Target;

/// Sends requests to one target over connections that are kept alive. Clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    endpoints: Arc<[Endpoint]>,
    /// Of each path of each endpoint.
    urls: Vec<Vec<Uri>>,
    timeout: Duration,
}

/// An idle connection is closed before a server's usual 30 s are over, so that no request meets its end.
const IDLE: Duration = Duration::from_secs(15);

/// Asks the target for an error.
const FAULT: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-signalbox-fault"),
    HeaderValue::from_static("error"),
);

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Client {
    pub(crate) fn new(target: &Target, endpoints: Arc<[Endpoint]>, limits: Limits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(limits.timeout));
        let http = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(limits.concurrency.get())
            .build(connector);
        let urls = endpoints
            .iter()
            .map(|endpoint| endpoint.paths.iter().map(|path| target.url(path)).collect());
        Self(Arc::new(Inner {
            http,
            urls: urls.collect(),
            endpoints,
            timeout: limits.timeout,
        }))
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn send(&self, planned: Planned) -> Result<(), Failure> {
        let exchange = tokio::time::timeout(self.0.timeout, self.exchange(planned)).await;
        exchange.unwrap_or(Err(Failure::TimedOut))
    }

    async fn exchange(&self, planned: Planned) -> Result<(), Failure> {
        let response = self.0.http.request(self.request(planned)).await;
        let response = response.map_err(|error| {
            if error.is_connect() {
                Failure::NoConnection
            } else {
                Failure::Broken
            }
        })?;
        let status = response.status();
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            frame.map_err(|_| Failure::Broken)?;
        }
        if status.is_client_error() || status.is_server_error() {
            Err(Failure::Status(status.as_u16()))
        } else {
            Ok(())
        }
    }

    fn request(&self, planned: Planned) -> Request<Full<Bytes>> {
        let endpoint = &self.0.endpoints[planned.endpoint];
        let mut request = Request::new(Full::from(endpoint.body.clone().unwrap_or_default()));
        *request.method_mut() = endpoint.method.clone();
        *request.uri_mut() = self.0.urls[planned.endpoint][planned.path].clone();
        if endpoint.body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, JSON);
        }
        if planned.faulty {
            let (name, value) = FAULT;
            request.headers_mut().insert(name, value);
        }
        request
    }
}
