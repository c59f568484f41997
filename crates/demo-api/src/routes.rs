//! The shop's endpoints, a file each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

use crate::acquirer::Acquirer;
use crate::api_error::ApiError;
use crate::business_metrics::BusinessMetrics;
use crate::cache::Cache;
use crate::config::{Latencies, Payments};
use crate::routes::search::Found;

mod health;
mod orders;
mod payments;
mod products;
mod reports;
mod search;

/// What the endpoints share.
#[derive(Debug)]
pub(crate) struct Shop {
    latencies: Latencies,
    metrics: BusinessMetrics,
    acquirer: Acquirer,
    searches: Mutex<Cache<Found>>,
}

/// Search results are shown for this long after they were found.
const SEARCH_TTL: Duration = Duration::from_secs(10);

/// Results of so many searches are kept.
const SEARCHES_KEPT: usize = 256;

impl Shop {
    pub(crate) fn new(latencies: Latencies, payments: Payments, metrics: BusinessMetrics) -> Self {
        Self {
            metrics,
            acquirer: Acquirer::new(latencies.payments, payments.failure_ratio, payments.breaker),
            searches: Mutex::new(Cache::new(SEARCH_TTL, SEARCHES_KEPT)),
            latencies,
        }
    }
}

pub(crate) fn shop_routes(shop: Shop) -> Router {
    Router::new()
        .route("/health", get(health::show))
        .route("/api/products", get(products::list))
        .route("/api/orders", post(orders::create))
        .route("/api/reports", get(reports::generate))
        .route("/api/search", get(search::search))
        .route("/api/payments", post(payments::pay))
        .fallback(|| async { ApiError::not_found() })
        .with_state(Arc::new(shop))
}
