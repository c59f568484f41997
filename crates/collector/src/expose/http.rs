//! `GET /metrics`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use exposition::text::CONTENT_TYPE;
use futures_util::stream;

use super::Alias;
use super::gzip::Gzip;
use super::scrape::Scrape;
use crate::self_metrics;
use crate::series::Store;

/// Serves the collected series.
pub(crate) fn router(store: Arc<Store>, aliases: Vec<Alias>) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(Arc::new(Exposed { store, aliases }))
}

struct Exposed {
    store: Arc<Store>,
    aliases: Vec<Alias>,
}

async fn scrape(State(exposed): State<Arc<Exposed>>, headers: HeaderMap) -> Response {
    let scrape = Scrape::new(&exposed.store, &exposed.aliases);
    let content_type = (header::CONTENT_TYPE, CONTENT_TYPE);
    let vary = (header::VARY, "accept-encoding");
    if accepts_gzip(&headers) {
        let headers = [content_type, vary, (header::CONTENT_ENCODING, "gzip")];
        (headers, body(Gzip::new(scrape))).into_response()
    } else {
        ([content_type, vary], body(scrape)).into_response()
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    accepted.filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let quality = parameters.trim().strip_prefix("q=");
            let refused = quality.is_some_and(|quality| quality.parse() == Ok(0.0));
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
    })
}

/// A body that is written while it is sent: the next chunk is made when the last has gone out.
fn body(chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    let measured = Measured {
        chunks,
        started: Instant::now(),
        bytes: 0,
    };
    Body::from_stream(stream::iter(measured.map(Ok::<_, Infallible>)))
}

/// Measures a scrape, from the request to the last chunk.
struct Measured<I> {
    chunks: I,
    started: Instant,
    bytes: usize,
}

impl<I: Iterator<Item = Bytes>> Iterator for Measured<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let chunk = self.chunks.next();
        match &chunk {
            Some(chunk) => self.bytes += chunk.len(),
            None => self_metrics::scraped(self.started.elapsed(), self.bytes),
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_when_it_is_asked_for() {
        for (value, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().expect("a header"));
            assert_eq!(accepts_gzip(&headers), expected, "{value:?}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
