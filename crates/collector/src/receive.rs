//! Takes requests in. Knows HTTP and gRPC, and nothing of series.

mod answer;
mod grpc;
mod http;
mod refusal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub(crate) use self::grpc::router as grpc;
pub(crate) use self::http::router as http;
pub(crate) use self::refusal::Refusal;
use crate::admission::{Admission, Permit};
use crate::ingest::{Outcome, ingest};
use crate::process::Promotion;
use crate::self_metrics;
use crate::series::Store;

/// A client has this long to send a request.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// And this long for each piece of it. What has come takes room that others need.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bodies larger than this are decoded on a thread that may take its time: half a millisecond's work.
const INLINE_BYTES: usize = 256 * 1024;

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
    promotions: Vec<Promotion>,
    admission: Arc<Admission>,
    max_request: usize,
}

impl Intake {
    pub(crate) fn new(
        store: Arc<Store>,
        promotions: Vec<Promotion>,
        admission: Arc<Admission>,
        max_request: usize,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            promotions,
            admission,
            max_request,
        }))
    }

    /// The largest request in bytes, unpacked.
    fn max_request(&self) -> usize {
        self.0.max_request
    }

    fn begin(&self) -> Permit {
        self.0.admission.begin()
    }

    /// Takes a request's bytes into account.
    fn take(&self, request: &[u8], transport: Transport) -> Outcome {
        let Inner {
            store, promotions, ..
        } = &*self.0;
        let outcome = ingest(request, promotions, store, Instant::now());
        self_metrics::taken(transport, &outcome);
        if outcome.rejections.points() > 0 {
            tracing::debug!(
                transport = transport.as_str(),
                datapoints.rejected = outcome.rejections.points(),
                reasons = outcome.rejections.message(),
                "data points rejected"
            );
        }
        outcome
    }
}

/// Does work whose length depends on what a client sent: here if it is short, else where it holds nobody up.
async fn work<T: Send + 'static>(body: Bytes, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> T {
    if body.len() <= INLINE_BYTES {
        return work(&body);
    }
    match tokio::task::spawn_blocking(move || work(&body)).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
