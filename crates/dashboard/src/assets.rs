//! The web app's files, embedded when the program was built.

mod file;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

pub(crate) use file::File;

/// What `pnpm build` leaves. Not there, when the program was built without it; then the API works alone.
#[derive(rust_embed::Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// Cheap to clone: clones share the files.
#[derive(Clone, Debug)]
pub struct Assets(Arc<HashMap<String, File>>);

/// The page that loads everything else, and that every path of the web app begins with.
const INDEX: &str = "index.html";

/// Where the files lie whose names change with their content.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = include_str!("assets/not_built.html");

impl Assets {
    /// Those that were built into this program.
    pub fn embedded() -> Self {
        Self::new(Dist::iter().filter_map(|path| {
            let file = Dist::get(&path)?;
            Some((path.into_owned(), Bytes::from(file.data.into_owned())))
        }))
    }

    /// By their paths, without a slash before them.
    pub fn new(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files = files.into_iter().map(|(path, content)| {
            let file = File::new(&path, content);
            (path, file)
        });
        Self(Arc::new(files.collect()))
    }

    /// A file, or the index: the web app knows its own paths.
    pub(crate) fn serve(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        if method != Method::GET && method != Method::HEAD {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (StatusCode::METHOD_NOT_ALLOWED, allow, "use GET\n").into_response();
        }
        let path = path.trim_start_matches('/');
        if let Some(file) = self.0.get(path) {
            let forever = path.starts_with(HASHED);
            return file.response(
                headers,
                if forever {
                    "public, max-age=31536000, immutable"
                } else {
                    "no-cache"
                },
            );
        }
        if path.starts_with(HASHED) {
            // of another build: the index in its place would be run as a script
            return (
                StatusCode::NOT_FOUND,
                "this file is of another build: load the page again\n",
            )
                .into_response();
        }
        match self.0.get(INDEX) {
            Some(index) => index.response(headers, "no-cache"),
            None => not_built(),
        }
    }
}

fn not_built() -> Response {
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Body::from(NOT_BUILT)).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
