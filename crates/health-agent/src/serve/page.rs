//! `/`: the same for people.

use axum::response::{Html, IntoResponse, Response};

use super::Shared;
use super::status;

pub(super) fn render(shared: &Shared) -> Response {
    let text = status::of(shared).map_or_else(
        || "the first round of checks is not over yet".to_owned(),
        |status| status.summary,
    );
    Html(text).into_response()
}
