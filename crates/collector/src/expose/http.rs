//! `GET /metrics`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use exposition::text::CONTENT_TYPE;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Alias;
use super::gzip::Gzip;
use super::scrape::Scrape;
use crate::self_metrics;
use crate::series::Store;

/// Scrapes at once. Each costs a core for as long as its client reads fast, and a chunk of memory.
const MAX_SCRAPES: usize = 8;

/// Serves the collected series.
pub(crate) fn router(store: Arc<Store>, aliases: Vec<Alias>) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(Arc::new(Exposed {
            store,
            aliases,
            places: Arc::new(Semaphore::new(MAX_SCRAPES)),
        }))
}

struct Exposed {
    store: Arc<Store>,
    aliases: Vec<Alias>,
    places: Arc<Semaphore>,
}

async fn scrape(State(exposed): State<Arc<Exposed>>, headers: HeaderMap) -> Response {
    let Ok(place) = Arc::clone(&exposed.places).try_acquire_owned() else {
        self_metrics::scrape_refused();
        let hint = format!("{MAX_SCRAPES} scrapes are under way already; try again later\n");
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "1")],
            hint,
        )
            .into_response();
    };
    let scrape = Scrape::new(&exposed.store, &exposed.aliases);
    let content_type = (header::CONTENT_TYPE, CONTENT_TYPE);
    let vary = (header::VARY, "accept-encoding");
    if accepts_gzip(&headers) {
        let headers = [content_type, vary, (header::CONTENT_ENCODING, "gzip")];
        (headers, body(Gzip::new(scrape), place)).into_response()
    } else {
        ([content_type, vary], body(scrape, place)).into_response()
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
fn body(chunks: impl Iterator<Item = Bytes> + Send + 'static, place: OwnedSemaphorePermit) -> Body {
    let measured = Measured {
        chunks,
        started: Instant::now(),
        bytes: 0,
        _place: place,
    };
    Body::from_stream(stream::iter(measured.map(Ok::<_, Infallible>)))
}

/// Measures a scrape, from the request to the last chunk.
struct Measured<I> {
    chunks: I,
    started: Instant,
    bytes: usize,
    /// Free again when the body is dropped.
    _place: OwnedSemaphorePermit,
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
    use std::time::Duration;

    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::series::{Expiry, Limits};

    #[tokio::test]
    async fn scrapes_at_once_are_limited() {
        let limits = Limits {
            series: 1,
            series_per_metric: 1,
            sources: 1,
            label_bytes: 1,
            buckets: 1,
        };
        let age = Some(Duration::from_mins(5));
        let expiry = Expiry {
            gauges: age,
            counters: age,
        };
        let store = Arc::new(Store::new(limits, expiry, Instant::now()));
        let router = router(store, Vec::new());
        let get = async || {
            let request = Request::get("/metrics").body(Body::empty()).expect("a request");
            let Ok(response) = router.clone().oneshot(request).await;
            response
        };
        let mut under_way = Vec::new();
        for _ in 0..MAX_SCRAPES {
            under_way.push(get().await);
        }
        assert!(
            under_way
                .iter()
                .all(|response| response.status() == StatusCode::OK)
        );
        let refused = get().await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        under_way.pop();
        assert_eq!(get().await.status(), StatusCode::OK);
    }

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
