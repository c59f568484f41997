//! The typed API: fixed questions only. There is no path on which a caller's own PromQL reaches the store.

pub(crate) mod environments;
pub(crate) mod overview;
pub(crate) mod panel;
pub(crate) mod problem;
mod routes;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{any, get};
use http::{HeaderValue, header};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::answers::Answers;

/// Everything under `/api`. What is not there is an error in JSON too, and never the web app.
pub(crate) fn router(answers: Answers) -> Router {
    let routes = Router::new()
        .route("/v1/overview", get(routes::overview))
        .route("/v1/environments", get(routes::environments))
        .route(
            "/v1/environments/{environment}/panels/{panel}",
            get(routes::panel),
        )
        .with_state(answers)
        .route(
            "/v1/openapi.json",
            get(([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)),
        )
        .fallback(async || routes::not_found())
        .method_not_allowed_fallback(async || routes::method_not_allowed());
    let no_store = HeaderValue::from_static("no-store");
    Router::new()
        .nest("/api", routes)
        // which `nest` leaves out
        .route("/api/", any(async || routes::not_found()))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            no_store,
        ))
        .layer(CompressionLayer::new())
}

/// The description of the API, from which the web app's types are made. A test keeps it current.
const DESCRIPTION: &str = include_str!("../openapi.json");

/// From which the description is made.
#[cfg(test)]
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Signalbox dashboard", description = "What the dashboard's web app asks its server"),
    tags((name = "dashboard")),
    paths(routes::overview, routes::environments, routes::panel)
)]
struct ApiDoc;
