//! Changes the faults while the service runs: `GET /faults` shows them, `PUT /faults` replaces them. Served on a
//! loopback address of its own, so that no client of the shop reaches it.

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Json, State};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::{Faults, Switch};
use crate::api_error::ApiError;

/// The router of the control listener.
pub(crate) fn control_routes(switch: Switch) -> Router {
    Router::new()
        .route("/faults", get(show).put(replace))
        .with_state(switch)
}

/// Faults as they are written in JSON. What is left out is not in force.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct FaultsBody {
    error_ratio: f64,
    latency: String,
    latency_ratio: f64,
    accept_header: bool,
}

impl Default for FaultsBody {
    fn default() -> Self {
        Self {
            error_ratio: 0.0,
            latency: "0s".to_owned(),
            latency_ratio: 1.0,
            accept_header: true,
        }
    }
}

impl From<Faults> for FaultsBody {
    fn from(faults: Faults) -> Self {
        Self {
            error_ratio: faults.error_ratio.get(),
            latency: faults.latency.to_string(),
            latency_ratio: faults.latency_ratio.get(),
            accept_header: faults.accept_header,
        }
    }
}

impl FaultsBody {
    fn validate(&self) -> Result<Faults, ApiError> {
        fn at<E: std::fmt::Display>(key: &str) -> impl FnOnce(E) -> ApiError {
            move |error| ApiError::bad_request(format!("{key}: {error}"))
        }
        Ok(Faults {
            error_ratio: self.error_ratio.try_into().map_err(at("errorRatio"))?,
            latency: self.latency.parse().map_err(at("latency"))?,
            latency_ratio: self.latency_ratio.try_into().map_err(at("latencyRatio"))?,
            accept_header: self.accept_header,
        })
    }
}

async fn show(State(switch): State<Switch>) -> Json<FaultsBody> {
    Json(switch.get().into())
}

async fn replace(
    State(switch): State<Switch>,
    body: Result<Json<FaultsBody>, JsonRejection>,
) -> Result<Json<FaultsBody>, ApiError> {
    let Json(body) = body?;
    let faults = body.validate()?;
    switch.set(faults);
    tracing::info!(
        fault.error_ratio = faults.error_ratio.get(),
        fault.latency = %faults.latency,
        fault.latency_ratio = faults.latency_ratio.get(),
        "faults replaced"
    );
    Ok(Json(faults.into()))
}
