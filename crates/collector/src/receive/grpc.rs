//! OTLP over gRPC: `MetricsService/Export`.
//!
//! tonic does the framing and unpacking, and hands over a message's bytes as they are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use http_body::{Frame, SizeHint};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Code, Status};

use super::{Intake, RECEIVE_TIMEOUT, Refusal, Transport, answer, work};
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
    let request = request.map(|inner| Metered {
        inner,
        permit: Arc::clone(&permit),
    });
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
        Code::OutOfRange => Refusal::TooLarge { limit },
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
    let hint = "this port takes OTLP over gRPC; send OTLP over HTTP to the other one, 4318 by default\n";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, hint).into_response()
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        self_metrics::refused(&refusal);
        tracing::debug!(transport = "grpc", reason = refusal.reason(), message = %refusal, "request refused");
        let details = answer::status(&refusal);
        Self::with_details(refusal.grpc_code(), refusal.to_string(), details.into())
    }
}

/// A request's body, whose bytes are admitted as they come.
struct Metered {
    inner: Body,
    permit: Arc<Permit>,
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let frame = frame?;
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
