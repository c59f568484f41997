use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shop;
use crate::acquirer::ChargeError;
use crate::api_error::ApiError;
use crate::business_metrics::Payment;
use crate::catalogue::CURRENCY;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewPayment {
    order_id: String,
    amount_cents: u64,
}

/// `POST /api/payments` of `{"orderId": "ord-1", "amountCents": 3780}`
pub(super) async fn pay(
    State(shop): State<Arc<Shop>>,
    payment: Result<Json<NewPayment>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let Json(payment) = payment?;
    if payment.amount_cents == 0 {
        return Err(ApiError::unprocessable("amountCents must be more than 0"));
    }
    let charged = shop.acquirer.charge(|state| {
        shop.metrics.circuit_went(state);
        tracing::info!(
            circuit.state = state,
            "circuit breaker towards the acquirer changed"
        );
    });
    match charged.await {
        Ok(()) => {
            shop.metrics.payment(Payment::Succeeded);
            Ok(Json(json!({
                "id": format!("pay-{:08x}", rand::random::<u32>()),
                "status": "captured",
                "orderId": payment.order_id,
                "amountCents": payment.amount_cents,
                "currency": CURRENCY,
            })))
        }
        Err(ChargeError::Failed) => {
            shop.metrics.payment(Payment::Failed);
            Err(ApiError::bad_gateway(
                "the bank did not take the payment; try again",
            ))
        }
        Err(ChargeError::Refused { retry_after }) => {
            shop.metrics.payment(Payment::Refused);
            Err(ApiError::unavailable(
                "the bank has failed repeatedly; payments pause",
                retry_after,
            ))
        }
    }
}
