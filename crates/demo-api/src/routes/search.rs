use std::sync::{Arc, PoisonError};
use std::time::Instant;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shop;
use crate::api_error::ApiError;
use crate::business_metrics::Lookup;
use crate::catalogue::{self, Product};

/// What a search found.
pub(super) type Found = Arc<[&'static Product]>;

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    q: String,
}

/// A longer query is no search; it also bounds the memory of the cache.
const MAX_QUERY_BYTES: usize = 200;

/// `GET /api/search?q=coffee`
pub(super) async fn search(
    State(shop): State<Arc<Shop>>,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(Question { q }) = question?;
    let query = q.trim().to_lowercase();
    if query.is_empty() {
        return Err(ApiError::bad_request(
            "q is missing: ask for example /api/search?q=coffee",
        ));
    }
    if query.len() > MAX_QUERY_BYTES {
        return Err(ApiError::bad_request(format!(
            "q is longer than {MAX_QUERY_BYTES} bytes"
        )));
    }
    let found = find(&shop, &query).await;
    Ok(Json(
        json!({"query": query, "count": found.len(), "results": &*found}),
    ))
}

async fn find(shop: &Shop, query: &str) -> Found {
    let kept = shop
        .searches
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(query, Instant::now());
    if let Some(found) = kept {
        shop.metrics.cache_lookup(Lookup::Hit);
        shop.latencies.search_cached.pass().await;
        return found;
    }
    shop.metrics.cache_lookup(Lookup::Miss);
    shop.latencies.search.pass().await;
    let found: Found = catalogue::search(query).into();
    let mut searches = shop.searches.lock().unwrap_or_else(PoisonError::into_inner);
    searches.put(query.to_owned(), Arc::clone(&found), Instant::now());
    found
}
