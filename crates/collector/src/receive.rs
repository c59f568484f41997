//! Takes requests in. Knows HTTP and gRPC, and nothing of series.

mod security;
mod http;
mod grpc;
mod body;
mod packing;
mod answer;
mod refusal;
mod notices;

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use bytes::Bytes;
use tokio::sync::Semaphore;

pub(crate) use self::grpc::router as grpc;
pub(crate) use self::http::router as http;
use self::notices::Notices;
pub(crate) use self::refusal::Refusal;
pub(crate) use self::security::{Security, Tokens};
use crate::admission::{Admission, Permit};
use crate::debug::Debug;
use crate::ingest::{Outcome, ingest};
use crate::self_metrics;
use crate::series::Store;

/// A client has this long to send a request.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// And this long for each piece of it. What has come takes room that others need.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bodies larger than this are decoded on a thread that may take its time: a millisecond's work, about. For smaller ones
/// the hand-over would cost more than it saves.
const INLINE_BYTES: usize = 1024 * 1024;

/// Bodies that are compressed grow about so much; those that grow more are unpacked there as well.
const INLINE_PACKED_BYTES: usize = INLINE_BYTES / 8;

/// By which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Grpc,
    Http,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Grpc, Self::Http];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

/// What the receivers share: where points go, and how much may be on its way there. Clones are handles to one intake.
#[derive(Debug, Clone)]
pub(crate) struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    debug: Arc<Debug>,
    admission: Arc<Admission>,
    max_request: AtomicUsize,
    security: Security,
    notices: Notices,
}

impl Intake {
    pub(crate) fn new(
        store: Arc<Store>,
        debug: Arc<Debug>,
        admission: Arc<Admission>,
        max_request: usize,
        security: Security,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            debug,
            admission,
            max_request: AtomicUsize::new(max_request),
            security,
            notices: Notices::default(),
        }))
    }

    /// The largest request in bytes, unpacked.
    fn max_request(&self) -> usize {
        self.0.max_request.load(Ordering::Relaxed)
    }

    /// Takes requests of another size, and another size of all of them, from now on.
    pub(crate) fn reconfigure(&self, max_request: usize, max_in_flight: usize) {
        self.0.max_request.store(max_request, Ordering::Relaxed);
        self.0.admission.set_limit(max_in_flight);
    }

    /// Begins a request, whose head is there.
    fn begin(&self, head: &Parts) -> Result<Permit, Refusal> {
        let fields = head
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let bytes = head.uri.path().len() + fields.sum::<usize>();
        Ok(self.0.admission.begin().with_head(bytes)?)
    }

    /// Whether the sender of a request may come in.
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.0.security.authenticate(headers)
    }

    /// Takes a request's bytes into account.
    fn take(&self, request: &[u8], transport: Transport, peer: Option<SocketAddr>) -> Outcome {
        let Inner { store, debug, .. } = &*self.0;
        let now = Instant::now();
        let outcome = ingest(request, store, debug, now);
        self_metrics::taken(transport, &outcome);
        if outcome.rejections.points() > 0 {
            self.0.notices.rejected(&outcome.rejections, transport, peer, now);
        }
        outcome
    }

    /// A request was refused as a whole, whose sender is told so.
    fn refused(&self, refusal: &Refusal, transport: Transport, peer: Option<SocketAddr>) {
        self_metrics::refused(refusal);
        self.0.notices.refused(refusal, transport, peer, Instant::now());
    }

    /// Tells the operator what senders have been told and the log has not. To be called every few seconds.
    pub(crate) fn flush_notices(&self, now: Instant) {
        self.0.notices.flush(now);
    }
}

/// The address that a request came from.
fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    let info: Option<&ConnectInfo<SocketAddr>> = extensions.get();
    info.map(|ConnectInfo(peer)| *peer)
}

/// Does work whose length depends on what a client sent: here if it is short, else where it holds nobody up.
async fn work<T: Send + 'static>(body: Bytes, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> T {
    if body.len() <= INLINE_BYTES {
        return work(&body);
    }
    aside(move || work(&body)).await
}

/// Does work on a thread that may take its time. There is one for each core, and no more: more would not be faster, and
/// each takes memory of its own. Who waits for one has been admitted already.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    static PLACES: LazyLock<Semaphore> =
        LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, NonZero::get)));
    let place = PLACES.acquire().await;
    let done = tokio::task::spawn_blocking(work).await;
    drop(place);
    match done {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
