use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Shop;

/// `GET /health`
pub(super) async fn show(State(shop): State<Arc<Shop>>) -> Json<Value> {
    shop.latencies.health.pass().await;
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
