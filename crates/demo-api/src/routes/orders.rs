use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shop;
use crate::api_error::ApiError;
use crate::catalogue::{self, CURRENCY};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    customer: String,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    sku: String,
    quantity: u32,
}

/// Nobody orders more of one thing than this.
const MAX_QUANTITY: u32 = 1000;

/// `POST /api/orders` of `{"customer": "c-1", "items": [{"sku": "CF-101", "quantity": 2}]}`
pub(super) async fn create(
    State(shop): State<Arc<Shop>>,
    order: Result<Json<NewOrder>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(order) = order?;
    let (lines, total_cents) = price(&order.items)?;
    shop.latencies.orders.pass().await;
    shop.metrics.order_created();
    let id = format!("ord-{:08x}", rand::random::<u32>());
    let body = json!({
        "id": id,
        "status": "accepted",
        "customer": order.customer,
        "items": lines,
        "totalCents": total_cents,
        "currency": CURRENCY,
        "createdAt": humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
    });
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/orders/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The order's lines with their prices, and the sum in cents.
fn price(items: &[Item]) -> Result<(Vec<Value>, u64), ApiError> {
    if items.is_empty() {
        return Err(ApiError::unprocessable(
            "items is empty: an order needs at least one",
        ));
    }
    let mut total_cents = 0;
    let mut lines = Vec::with_capacity(items.len());
    for Item { sku, quantity } in items {
        let product = catalogue::find(sku).ok_or_else(|| {
            ApiError::unprocessable(format!(
                "there is no product {sku:?}; GET /api/products lists them"
            ))
        })?;
        if !(1..=MAX_QUANTITY).contains(quantity) {
            return Err(ApiError::unprocessable(format!(
                "the quantity of {sku} must be from 1 to {MAX_QUANTITY}"
            )));
        }
        let line_cents = product.price_cents * u64::from(*quantity);
        total_cents += line_cents;
        lines.push(json!({"sku": sku, "name": product.name, "quantity": quantity, "lineCents": line_cents}));
    }
    Ok((lines, total_cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(sku: &str, quantity: u32) -> Item {
        Item {
            sku: sku.to_owned(),
            quantity,
        }
    }

    #[test]
    fn sums_its_lines() {
        let (lines, total) = price(&[item("CF-101", 2), item("EQ-404", 3)]).unwrap();
        assert_eq!(total, 2 * 1890 + 3 * 450);
        assert_eq!(lines[1]["lineCents"], 1350);
    }

    #[test]
    fn refuses_what_cannot_be_sold() {
        for items in [
            &[][..],
            &[item("CF-999", 1)],
            &[item("CF-101", 0)],
            &[item("CF-101", 1001)],
        ] {
            assert!(price(items).is_err(), "{items:?}");
        }
    }
}
