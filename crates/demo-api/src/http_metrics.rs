//! Measures every request by OpenTelemetry's stable semantic conventions for HTTP servers.
//!
//! | instrument | kind | unit | attributes |
//! |---|---|---|---|
//! | `http.server.request.duration` | histogram | s | method, scheme, route, status code, `error.type` |
//! | `http.server.active_requests` | up-down counter | {request} | method, scheme |
//! | `http.server.request.body.size` | histogram | By | as the duration |
//! | `http.server.response.body.size` | histogram | By | as the duration |

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

mod measured_body;

use measured_body::{ByteCount, CountedBody, MeasuredBody};

/// Bucket bounds in seconds that the conventions ask for.
const DURATION_BOUNDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Bucket bounds in bytes: powers of four from a short answer to a mebibyte.
const SIZE_BOUNDS: &[f64] = &[
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
];

/// No TLS ends in this process.
const SCHEME: &str = "http";

/// The instruments. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
    request_size: Histogram<u64>,
    response_size: Histogram<u64>,
}

impl HttpMetrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        let size = |name: &'static str, description: &'static str| {
            let builder = meter
                .u64_histogram(name)
                .with_unit("By")
                .with_description(description);
            builder.with_boundaries(SIZE_BOUNDS.to_vec()).build()
        };
        let active = meter
            .i64_up_down_counter("http.server.active_requests")
            .with_unit("{request}")
            .with_description("Number of active HTTP server requests.")
            .build();
        // a service that has had no request yet says so: one that says nothing is taken for dead
        active.add(0, &active_attributes("GET"));
        Self(Arc::new(Instruments {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description("Duration of HTTP server requests.")
                .with_boundaries(DURATION_BOUNDS.to_vec())
                .build(),
            active,
            request_size: size(
                "http.server.request.body.size",
                "Size of HTTP server request bodies.",
            ),
            response_size: size(
                "http.server.response.body.size",
                "Size of HTTP server response bodies.",
            ),
        }))
    }
}

/// What requests on their way are told apart by.
fn active_attributes(method: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.scheme", SCHEME),
    ]
}

/// Middleware: measures a request from its headers to the last byte of its response.
pub(crate) async fn measure(State(metrics): State<HttpMetrics>, request: Request, next: Next) -> Response {
    let mut exchange = Exchange::begin(metrics, &request);
    let counted = exchange.request_bytes.clone();
    let response = next
        .run(request.map(|body| Body::new(CountedBody::new(body, counted))))
        .await;
    exchange.status = Some(response.status());
    response.map(|body| Body::new(MeasuredBody::new(body, exchange)))
}

/// One request and its response, recorded when it is dropped: at the end of the response's body, or earlier if the
/// client went away.
#[derive(Debug)]
struct Exchange {
    metrics: HttpMetrics,
    began: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    announced_bytes: Option<u64>,
    request_bytes: ByteCount,
    /// None until there is a response.
    status: Option<StatusCode>,
    response_bytes: u64,
}

impl Exchange {
    fn begin(metrics: HttpMetrics, request: &Request) -> Self {
        let exchange = Self {
            metrics,
            began: Instant::now(),
            method: method(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            announced_bytes: request.body().size_hint().exact(),
            request_bytes: ByteCount::default(),
            status: None,
            response_bytes: 0,
        };
        exchange
            .metrics
            .0
            .active
            .add(1, &active_attributes(exchange.method));
        exchange
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(5);
        attributes.extend(active_attributes(self.method));
        if let Some(route) = &self.route {
            attributes.push(KeyValue::new("http.route", route.as_str().to_owned()));
        }
        match self.status {
            Some(status) => {
                attributes.push(KeyValue::new(
                    "http.response.status_code",
                    i64::from(status.as_u16()),
                ));
                if status.is_server_error() {
                    attributes.push(KeyValue::new("error.type", status.as_str().to_owned()));
                }
            }
            None => attributes.push(KeyValue::new("error.type", "cancelled")),
        }
        attributes
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let instruments = &self.metrics.0;
        instruments.active.add(-1, &active_attributes(self.method));
        let attributes = self.attributes();
        instruments
            .duration
            .record(self.began.elapsed().as_secs_f64(), &attributes);
        // a handler may answer without reading the body: what was announced is its size all the same
        let request_bytes = self.announced_bytes.unwrap_or_else(|| self.request_bytes.get());
        instruments.request_size.record(request_bytes, &attributes);
        instruments.response_size.record(self.response_bytes, &attributes);
    }
}

/// The method as an attribute: clients may invent methods, but not series.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "CONNECT" => "CONNECT",
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}
