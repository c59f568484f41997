//! Bodies that count their bytes as they pass.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::Exchange;

/// How many bytes have passed. Clones share one count.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body, counted.
#[derive(Debug)]
pub(super) struct CountedBody {
    body: Body,
    count: ByteCount,
}

impl CountedBody {
    pub(super) fn new(body: Body, count: ByteCount) -> Self {
        Self { body, count }
    }
}

/// A response's body. When it is dropped, so is the exchange, which records itself.
#[derive(Debug)]
pub(super) struct MeasuredBody {
    body: Body,
    exchange: Exchange,
}

impl MeasuredBody {
    pub(super) fn new(body: Body, exchange: Exchange) -> Self {
        Self { body, exchange }
    }
}

type Polled = Option<Result<Frame<Bytes>, Error>>;

/// Polls `body` and says how many bytes came.
fn poll_counted(body: &mut Body, cx: &mut Context<'_>) -> Poll<(Polled, u64)> {
    let frame = ready!(Pin::new(body).poll_frame(cx));
    let data = frame
        .as_ref()
        .and_then(|frame| frame.as_ref().ok())
        .and_then(Frame::data_ref);
    let bytes = data.map_or(0, |data| data.len() as u64);
    Poll::Ready((frame, bytes))
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Polled> {
        let (frame, bytes) = ready!(poll_counted(&mut self.body, cx));
        self.count.0.fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl HttpBody for MeasuredBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Polled> {
        let (frame, bytes) = ready!(poll_counted(&mut self.body, cx));
        self.exchange.response_bytes += bytes;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
