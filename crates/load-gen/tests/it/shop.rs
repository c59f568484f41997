//! A target that counts what it is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Longer than anything here takes; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) url: String,
    seen: watch::Sender<Seen>,
    open: watch::Sender<bool>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// Requests by method and path.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Requests that asked for an error.
    pub(crate) faults: u64,
    /// Requests with a body of JSON.
    pub(crate) bodies: u64,
    /// How many were there when the shop was opened.
    pub(crate) held: u64,
}

impl Seen {
    pub(crate) fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

impl Shop {
    /// Answers at once.
    pub(crate) async fn start() -> Self {
        Self::with(true).await
    }

    /// Takes requests and answers none before it is opened.
    pub(crate) async fn start_closed() -> Self {
        Self::with(false).await
    }

    async fn with(open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shop = Self {
            url,
            seen: watch::Sender::default(),
            open: watch::Sender::new(open),
        };
        let router = Router::new().fallback(serve).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        shop
    }

    pub(crate) fn open(&self) {
        self.seen.send_modify(|seen| seen.held = seen.total());
        self.open.send_replace(true);
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for(&self, requests: u64) {
        let mut seen = self.seen.subscribe();
        let come = seen.wait_for(|seen| seen.total() >= requests);
        tokio::time::timeout(PATIENCE, come)
            .await
            .expect("the requests come")
            .unwrap();
    }
}

async fn serve(State(shop): State<Shop>, request: Request) -> StatusCode {
    let faulty = request
        .headers()
        .get("x-signalbox-fault")
        .is_some_and(|fault| fault == "error");
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    let endpoint = format!("{} {}", request.method(), request.uri().path());
    shop.seen.send_modify(|seen| {
        *seen.requests.entry(endpoint).or_default() += 1;
        seen.faults += u64::from(faulty);
        seen.bodies += u64::from(json);
    });
    shop.open.subscribe().wait_for(|open| *open).await.unwrap();
    if faulty {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    }
}
