//! `GET /metrics`.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use exposition::{Format, Options, negotiate};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::View;
use super::compression::Coding;
use super::scrape::{Scrape, Shape};
use crate::self_metrics;
use crate::series::Store;

/// Scrapes at once. Each costs a core for as long as its client reads fast, and a chunk of memory.
const MAX_SCRAPES: usize = 8;

/// Serves the collected series.
pub(crate) fn router(exposed: Exposed) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(exposed)
}

/// What is served. Clones are handles to one.
#[derive(Debug, Clone)]
pub(crate) struct Exposed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    view: RwLock<Arc<View>>,
    places: Arc<Semaphore>,
}

impl Exposed {
    pub(crate) fn new(store: Arc<Store>, view: View) -> Self {
        let (view, places) = (RwLock::new(Arc::new(view)), Arc::new(Semaphore::new(MAX_SCRAPES)));
        Self(Arc::new(Inner { store, view, places }))
    }

    /// Shows what is kept in another way, from the next scrape on.
    pub(crate) fn reconfigure(&self, view: View) {
        *self.0.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&self.0.view.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn scrape(State(exposed): State<Exposed>, headers: HeaderMap) -> Response {
    let Ok(place) = Arc::clone(&exposed.0.places).try_acquire_owned() else {
        self_metrics::scrape_refused();
        let hint = format!("{MAX_SCRAPES} scrapes are under way already; try again later\n");
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "1")],
            hint,
        )
            .into_response();
    };
    let accept = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let format = negotiate(accept);
    let coding = Coding::negotiate(&headers);
    let view = exposed.view();
    let shape = Shape {
        format,
        options: Options {
            created_series: view.created_series,
        },
        classic_bounds: view.classic_bounds.clone(),
    };
    let chunks = coding.encode(Scrape::new(&exposed.0.store, &view.aliases, &shape));
    let scrape = Measured {
        chunks,
        format: format.format,
        started: Instant::now(),
        patience: patience(&headers),
        bytes: 0,
        _place: place,
    };
    // written while it is sent: the next chunk is made when the last has gone out
    let mut response = Body::from_stream(stream::iter(scrape)).into_response();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::try_from(format.content_type()) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    if coding != Coding::Identity {
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(coding.as_str()),
        );
    }
    response
}

/// How long a scrape may take: as long as Prometheus says that it waits, else a minute. One that is read slower than that
/// keeps others out of its place, and nobody waits for it any more.
fn patience(headers: &HeaderMap) -> Duration {
    let told = headers.get("x-prometheus-scrape-timeout-seconds");
    let told = told.and_then(|value| value.to_str().ok()?.parse::<f64>().ok());
    let seconds = told.filter(|seconds| seconds.is_finite()).unwrap_or(60.0);
    Duration::from_secs_f64(seconds.clamp(1.0, 600.0))
}

/// Measures a scrape, from the request to the last chunk, and gives it up when it takes too long.
struct Measured<I> {
    chunks: I,
    format: Format,
    started: Instant,
    patience: Duration,
    bytes: usize,
    /// Free again when the body is dropped.
    _place: OwnedSemaphorePermit,
}

impl<I: Iterator<Item = Bytes>> Iterator for Measured<I> {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let elapsed = self.started.elapsed();
        if elapsed > self.patience {
            self_metrics::scrape_given_up();
            // an error, not an end: half a scrape must not pass for a whole one
            return Some(Err(io::ErrorKind::TimedOut.into()));
        }
        let chunk = self.chunks.next();
        match &chunk {
            Some(chunk) => self.bytes += chunk.len(),
            None => self_metrics::scraped(self.format, elapsed, self.bytes),
        }
        chunk.map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use futures_util::StreamExt;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::fixtures::{store, take};
    use crate::requests::*;

    async fn get(router: &Router, headers: &[(&str, &str)]) -> Response {
        let request = Request::get("/metrics");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        let Ok(response) = router
            .clone()
            .oneshot(request.body(Body::empty()).expect("a request"))
            .await;
        response
    }

    #[tokio::test]
    async fn scrapes_at_once_are_limited() {
        let router = router(Exposed::new(Arc::new(store()), View::default()));
        let mut under_way = Vec::new();
        for _ in 0..MAX_SCRAPES {
            under_way.push(get(&router, &[]).await);
        }
        assert!(
            under_way
                .iter()
                .all(|response| response.status() == StatusCode::OK)
        );
        let refused = get(&router, &[]).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        under_way.pop();
        assert_eq!(get(&router, &[]).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_scrape_that_takes_too_long_breaks_off_and_makes_room() {
        let store = store();
        for name in 0..50 {
            let points = (0..50).map(|index| point(&[("index", &"x".repeat(index))], 1.0));
            let metrics = vec![metric(&format!("metric_{name}"), "", gauge(points.collect()))];
            take(&store, &request(&[], metrics));
        }
        let router = router(Exposed::new(Arc::new(store), View::default()));
        let slow = get(&router, &[("x-prometheus-scrape-timeout-seconds", "0.1")]).await;
        let mut body = slow.into_body().into_data_stream();
        assert!(body.next().await.expect("a chunk").is_ok());
        // it waits a second at least, whatever is said
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(body.next().await.expect("an end").is_err());
        drop(body);
        let prompt = get(&router, &[]).await;
        let all = prompt
            .into_body()
            .collect()
            .await
            .expect("a whole scrape")
            .to_bytes();
        assert!(all.len() > 100_000);
    }

    #[tokio::test]
    async fn the_answer_says_what_it_is() {
        let router = router(Exposed::new(Arc::new(store()), View::default()));
        let plain = get(&router, &[]).await;
        let content_type = plain.headers()[header::CONTENT_TYPE].to_str().expect("text");
        assert!(
            content_type.starts_with("text/plain; version=0.0.4"),
            "{content_type}"
        );
        assert_eq!(plain.headers().get(header::CONTENT_ENCODING), None);
        let asked = [
            ("accept", "application/openmetrics-text;version=1.0.0"),
            ("accept-encoding", "gzip"),
        ];
        let packed = get(&router, &asked).await;
        let content_type = packed.headers()[header::CONTENT_TYPE].to_str().expect("text");
        assert!(
            content_type.starts_with("application/openmetrics-text; version=1.0.0"),
            "{content_type}"
        );
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(packed.headers()[header::VARY], "accept, accept-encoding");
    }
}
