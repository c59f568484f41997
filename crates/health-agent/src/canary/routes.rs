//! Where the test alert comes back, and what is known of the canaries, for the doctor.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::canary::{Canaries, alert, exposition};

/// A notification holds one alert: a few kilobytes.
const MAX_NOTIFICATION: usize = 64 * 1024;

/// `GET /canary` and `POST /canary/alert`.
pub(crate) fn router(canaries: Canaries) -> Router {
    Router::new()
        .route(
            "/canary",
            get(async |State(canaries): State<Canaries>| Json(canaries.sender())),
        )
        .route("/canary/alert", post(came_back))
        .layer(DefaultBodyLimit::max(MAX_NOTIFICATION))
        .with_state(canaries)
}

/// Nonces that nobody has sent are acknowledged too: the agent may have been restarted since, and Alertmanager would repeat them.
async fn came_back(State(canaries): State<Canaries>, notification: Bytes) -> Response {
    match alert::nonces(&notification) {
        Ok(nonces) => {
            for nonce in nonces {
                if !canaries.ledger().came_back(&nonce) {
                    exposition::stranger();
                }
            }
            StatusCode::OK.into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}
