//! OTLP over gRPC: `MetricsService/Export`.
//!
//! tonic does the framing and unpacking, and hands over a message's bytes as they are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Code, Status};

use super::{IDLE_TIMEOUT, Intake, RECEIVE_TIMEOUT, Refusal, Transport, answer, work};
use crate::admission::Permit;
use crate::self_metrics;

const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

pub(crate) fn router(intake: Intake) -> Router {
    Router::new()
        .route(EXPORT, post(call))
        .fallback(unknown)
        .with_state(intake)
}

async fn call(State(intake): State<Intake>, request: Request) -> Response {
    if !is_grpc(&request) {
        return wrong_port();
    }
    let limit = intake.max_request();
    let permit = Arc::new(intake.begin());
    let encoding = request.headers().get("grpc-encoding");
    let packed = encoding.is_some_and(|encoding| encoding != "identity");
    let request = request.map(|inner| Metered::new(inner, Arc::clone(&permit)));
    let mut grpc = Grpc::new(RawCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit);
    let export = tower::service_fn(move |message: tonic::Request<Bytes>| {
        export(intake.clone(), message.into_inner(), packed, Arc::clone(&permit))
    });
    match tokio::time::timeout(RECEIVE_TIMEOUT, grpc.unary(export, request)).await {
        Ok(response) => match refused_by_tonic(response.headers(), packed, limit) {
            Some(refusal) => Status::from(refusal).into_http(),
            None => response.map(Body::new),
        },
        Err(_) => Status::from(Refusal::TooSlow).into_http(),
    }
}

async fn export(
    intake: Intake,
    message: Bytes,
    packed: bool,
    permit: Arc<Permit>,
) -> Result<tonic::Response<Vec<u8>>, Status> {
    // what came over the wire is admitted already; what it was unpacked to is another buffer
    if packed {
        permit.grow(message.len()).map_err(Refusal::from)?;
    }
    let outcome = work(message, move |message| {
        let outcome = intake.take(message, Transport::Grpc);
        drop(permit);
        outcome
    })
    .await;
    match outcome.malformed {
        Some(malformed) => Err(Refusal::Malformed(malformed).into()),
        None => Ok(tonic::Response::new(answer::response(&outcome))),
    }
}

/// What tonic refused by itself, before it came to us: its code for a message that is too large, for example, would make
/// clients send it again and again. Our own refusals are told by their details.
fn refused_by_tonic(headers: &HeaderMap, packed: bool, limit: usize) -> Option<Refusal> {
    let status = Status::from_header_map(headers)?;
    if status.code() == Code::Ok || !status.details().is_empty() {
        return None;
    }
    Some(match status.code() {
        // as it comes, and as it unpacks
        Code::OutOfRange | Code::ResourceExhausted => Refusal::TooLarge { limit },
        Code::Unimplemented => Refusal::GrpcEncoding,
        _ if packed => Refusal::Compression,
        _ => Refusal::Aborted,
    })
}

async fn unknown(request: Request) -> Response {
    if !is_grpc(&request) {
        return wrong_port();
    }
    let path = request.uri().path();
    let refusal = if path.contains("collector.trace.") {
        Refusal::Signal("traces")
    } else if path.contains("collector.logs.") {
        Refusal::Signal("logs")
    } else {
        Refusal::Path(path.to_owned())
    };
    Status::from(refusal).into_http::<Body>()
}

fn is_grpc(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// The answer to the commonest mistake in an exporter's configuration.
fn wrong_port() -> Response {
    let refusal = Refusal::WrongPort;
    refused(&refusal);
    (refusal.http_status(), format!("{refusal}\n")).into_response()
}

fn refused(refusal: &Refusal) {
    self_metrics::refused(refusal);
    tracing::debug!(transport = "grpc", reason = refusal.reason(), message = %refusal, "request refused");
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refused(&refusal);
        let details = answer::status(&refusal);
        Self::with_details(refusal.grpc_code(), refusal.to_string(), details.into())
    }
}

/// A request's body, whose bytes are admitted as they come, and must keep coming.
struct Metered {
    inner: Body,
    permit: Arc<Permit>,
    /// Until the next piece must be there.
    idle: Pin<Box<Sleep>>,
}

impl Metered {
    fn new(inner: Body, permit: Arc<Permit>) -> Self {
        Self {
            inner,
            permit,
            idle: Box::pin(tokio::time::sleep(IDLE_TIMEOUT)),
        }
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            ready!(self.idle.as_mut().poll(context));
            return Poll::Ready(Some(Err(Status::from(Refusal::TooSlow).into())));
        };
        let Some(frame) = frame.transpose()? else {
            return Poll::Ready(None);
        };
        self.idle.as_mut().reset(Instant::now() + IDLE_TIMEOUT);
        if let Some(data) = frame.data_ref()
            && let Err(busy) = self.permit.grow(data.len())
        {
            return Poll::Ready(Some(Err(Status::from(Refusal::from(busy)).into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Messages as they stand on the wire.
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body_util::BodyExt;

    use super::*;
    use crate::admission::Admission;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_go_on_is_given_up() {
        let permit = Arc::new(Admission::new(100).begin());
        let started = Instant::now();
        let piece = Ok::<_, Infallible>(Bytes::from_static(b"x"));
        let stuck = stream::iter([piece]).chain(stream::pending());
        let mut body = Metered::new(Body::from_stream(stuck), permit);
        let first = body.frame().await.expect("a piece").expect("in time");
        assert_eq!(first.into_data().ok(), Some(Bytes::from_static(b"x")));
        let error = body.frame().await.expect("an end").expect_err("which is none");
        let status = error.downcast::<Status>().expect("a status");
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(started.elapsed() < RECEIVE_TIMEOUT);
    }
}
