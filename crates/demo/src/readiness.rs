//! Asks a part whether it is ready, until it says so.

use std::time::Duration;

use crate::part::Probe;

/// Between two questions.
const INTERVAL: Duration = Duration::from_millis(100);

/// For one answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Resolves when the part is ready; the caller sets the limit.
pub(crate) async fn ready(probe: &Probe, http: &reqwest::Client) {
    while !is_ready(probe, http).await {
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Whether it is ready now.
pub(crate) async fn is_ready(probe: &Probe, http: &reqwest::Client) -> bool {
    let Probe::Http(url) = probe else { return true };
    let answer = http.get(url).timeout(ANSWER).send().await;
    answer.is_ok_and(|response| response.status().is_success())
}

/// A client for the box's own addresses, which no proxy of the environment may come between.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(ANSWER)
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::http::StatusCode;
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn a_part_is_ready_when_it_answers_with_success() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let router = axum::Router::new().route(
            "/readyz",
            get(|| async {
                match ASKED.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::OK,
                }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        ready(&Probe::Http(url), &http_client().unwrap()).await;
        assert_eq!(ASKED.load(Ordering::Relaxed), 3);
        server.abort();
    }
}
