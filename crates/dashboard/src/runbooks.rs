//! The runbooks: what to do about an alert. Each alert names its own as `/runbooks/<Alert>`.

mod page;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::assets::File;

/// The files, as they lie beside the rules that name them.
#[derive(rust_embed::Embed)]
#[folder = "../../stack/runbooks"]
struct Files;

struct Runbooks {
    pages: BTreeMap<String, File>,
    list: File,
    style: File,
    /// What is served for a runbook that is not there: the others.
    missing: String,
}

/// Everything under `/runbooks`.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/runbooks", get(list))
        .route("/runbooks/", get(list))
        .route("/runbooks/style.css", get(style))
        .route("/runbooks/{name}", get(runbook))
        .with_state(Arc::new(Runbooks::embedded()))
}

impl Runbooks {
    /// Those that were built into this program, rendered once.
    fn embedded() -> Self {
        let pages: BTreeMap<_, _> = Files::iter()
            .filter_map(|path| {
                let name = path.strip_suffix(".md")?.to_owned();
                let markdown = Files::get(&path)?.data;
                let page = page::of_runbook(&name, &String::from_utf8_lossy(&markdown));
                Some((name, html(page)))
            })
            .collect();
        let names: Vec<_> = pages.keys().map(String::as_str).collect();
        Self {
            list: html(page::of_list("Runbooks", &names)),
            style: File::new("style.css", Bytes::from_static(page::STYLE.as_bytes())),
            missing: page::of_list("There is no such runbook", &names),
            pages,
        }
    }
}

fn html(page: String) -> File {
    File::new("page.html", Bytes::from(page))
}

const CACHE_CONTROL: &str = "no-cache";

async fn list(State(runbooks): State<Arc<Runbooks>>, headers: HeaderMap) -> Response {
    runbooks.list.response(&headers, CACHE_CONTROL)
}

async fn style(State(runbooks): State<Arc<Runbooks>>, headers: HeaderMap) -> Response {
    runbooks.style.response(&headers, CACHE_CONTROL)
}

/// Runbooks name each other by their files, so that the links hold beside the files too.
async fn runbook(
    State(runbooks): State<Arc<Runbooks>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let page = name.ok().and_then(|Path(name)| {
        let name = name.strip_suffix(".md").unwrap_or(&name);
        runbooks.pages.get(name)
    });
    page.map_or_else(
        || missing(&runbooks),
        |page| page.response(&headers, CACHE_CONTROL),
    )
}

fn missing(runbooks: &Runbooks) -> Response {
    let mut response = (StatusCode::NOT_FOUND, runbooks.missing.clone()).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}
