use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Shop;
use crate::catalogue::{CURRENCY, PRODUCTS};

/// `GET /api/reports`: the value of the stock, by category.
pub(super) async fn generate(State(shop): State<Arc<Shop>>) -> Json<Value> {
    shop.latencies.reports.pass().await;
    let mut categories: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for product in PRODUCTS {
        let (pieces, cents) = categories.entry(product.category).or_default();
        *pieces += u64::from(product.in_stock);
        *cents += u64::from(product.in_stock) * product.price_cents;
    }
    let rows: Vec<Value> = categories
        .into_iter()
        .map(|(category, (pieces, cents))| json!({"category": category, "pieces": pieces, "valueCents": cents}))
        .collect();
    Json(json!({
        "report": "stock-value",
        "generatedAt": humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        "currency": CURRENCY,
        "rows": rows,
    }))
}
