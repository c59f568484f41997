use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shop;
use crate::api_error::ApiError;
use crate::catalogue::{CURRENCY, PRODUCTS, Product};

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    category: Option<String>,
}

/// `GET /api/products?category=tea`
pub(super) async fn list(
    State(shop): State<Arc<Shop>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(filter) = filter?;
    shop.latencies.products.pass().await;
    let wanted = |product: &&Product| {
        filter
            .category
            .as_ref()
            .is_none_or(|category| category == product.category)
    };
    let products: Vec<&Product> = PRODUCTS.iter().filter(wanted).collect();
    Ok(Json(
        json!({"currency": CURRENCY, "count": products.len(), "products": products}),
    ))
}
