use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::life::Life;

/// What every service answers about itself: `/livez`, `/readyz` and `/metrics`.
pub fn health_routes(life: &Life) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(self_metrics))
        .with_state(life.clone())
}

async fn readiness(State(life): State<Life>) -> Response {
    if life.is_ready() {
        "ready\n".into_response()
    } else if life.is_shutting_down() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response()
    }
}

async fn self_metrics(State(life): State<Life>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        life.metrics().render(),
    )
        .into_response()
}
