//! What the dashboard measures of itself.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const REQUESTS: &str = "signalbox_dashboard_requests_total";
const REQUEST_DURATION: &str = "signalbox_dashboard_request_duration_seconds";
const QUERIES: &str = "signalbox_dashboard_store_queries_total";
const QUERY_DURATION: &str = "signalbox_dashboard_store_query_duration_seconds";
const QUERIES_IN_FLIGHT: &str = "signalbox_dashboard_store_queries_in_flight";
const CACHE: &str = "signalbox_dashboard_cache_lookups_total";

/// To be called once, when the recorder is there.
pub(crate) fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by route and status code");
    describe_histogram!(
        REQUEST_DURATION,
        Unit::Seconds,
        "Time to answer a request, by route"
    );
    describe_counter!(QUERIES, "Queries to the metrics store, by outcome");
    describe_histogram!(
        QUERY_DURATION,
        Unit::Seconds,
        "Time that the metrics store took for a query"
    );
    describe_gauge!(QUERIES_IN_FLIGHT, "Queries that the metrics store is working on");
    describe_counter!(
        CACHE,
        "Lookups by cache and result: hit, joined (one under way for another), miss"
    );
}

/// Counts and times requests. Outside of the API, a path that no route matches is the web app's.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        None if request.uri().path().starts_with("/api") => "unknown".to_owned(),
        None => "web-app".to_owned(),
    };
    let started = Instant::now();
    let response = next.run(request).await;
    let code = response.status().as_str().to_owned();
    counter!(REQUESTS, "route" => route.clone(), "code" => code).increment(1);
    histogram!(REQUEST_DURATION, "route" => route).record(started.elapsed());
    response
}

pub(crate) fn cache_lookup(cache: &'static str, result: &'static str) {
    counter!(CACHE, "cache" => cache, "result" => result).increment(1);
}

/// Measures one query. One that is dropped half-way, because nobody waits for it any more, counts as abandoned.
pub(crate) struct QueryTimer {
    started: Instant,
    outcome: &'static str,
}

impl QueryTimer {
    pub(crate) fn start() -> Self {
        gauge!(QUERIES_IN_FLIGHT).increment(1.0);
        Self {
            started: Instant::now(),
            outcome: "abandoned",
        }
    }

    pub(crate) fn stop(mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for QueryTimer {
    fn drop(&mut self) {
        gauge!(QUERIES_IN_FLIGHT).decrement(1.0);
        counter!(QUERIES, "outcome" => self.outcome).increment(1);
        histogram!(QUERY_DURATION).record(self.started.elapsed());
    }
}
