//! OTLP over gRPC: `MetricsService/Export`.
//!
//! tonic does the framing and unpacking, and hands over a message's bytes as they are.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, BufMut, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Code, Status};

use super::body::Upload;
use super::{IDLE_TIMEOUT, Intake, RECEIVE_TIMEOUT, Refusal, Transport, answer, peer, work};
use crate::admission::Permit;

const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// The ways in which a message may be compressed, told in every answer.
const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip,zstd,identity");

pub(crate) fn router(intake: Intake) -> Router {
    Router::new().fallback(answer).with_state(intake)
}

async fn answer(State(intake): State<Intake>, request: Request) -> Response {
    let (is_grpc, peer) = (is_grpc(request.headers()), peer(request.extensions()));
    let mut response = match receive(&intake, request).await {
        Ok(response) => response,
        Err(refusal) => {
            intake.refused(&refusal, Transport::Grpc, peer);
            if is_grpc {
                status(&refusal).into_http()
            } else {
                in_words(&refusal)
            }
        }
    };
    response.headers_mut().insert("grpc-accept-encoding", ACCEPTED);
    response
}

async fn receive(intake: &Intake, request: Request) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let upload = Upload::new(&head, body);
    let permit = match admit(intake, &head, &upload) {
        Ok(permit) => Arc::new(permit),
        Err(refusal) => {
            upload.discard();
            return Err(refusal);
        }
    };
    let limit = intake.max_request();
    let packed = head
        .headers
        .get("grpc-encoding")
        .is_some_and(|encoding| encoding != "identity");
    let refused = Refused::default();
    let peer = peer(&head.extensions);
    let metered = Metered::new(upload.into_body(), Arc::clone(&permit), refused.clone());
    let request = axum::http::Request::from_parts(head, metered);
    let mut grpc = Grpc::new(RawCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit);
    let (intake, refused_there) = (intake.clone(), refused.clone());
    let export = tower::service_fn(move |message: tonic::Request<Bytes>| {
        let (intake, permit, refused) = (intake.clone(), Arc::clone(&permit), refused_there.clone());
        async move {
            let outcome = export(intake, message.into_inner(), packed, permit, peer).await;
            outcome
                .map(tonic::Response::new)
                .map_err(|refusal| refused.because(refusal))
        }
    });
    let response = tokio::time::timeout(RECEIVE_TIMEOUT, grpc.unary(export, request))
        .await
        .map_err(|_| Refusal::TooSlow)?;
    match refused
        .reason()
        .or_else(|| refused_by_tonic(response.headers(), packed, limit))
    {
        Some(refusal) => Err(refusal),
        None => Ok(response.map(Body::new)),
    }
}

/// From the cheapest question to the dearest, all of them before the body is read.
fn admit(intake: &Intake, head: &Parts, upload: &Upload) -> Result<Permit, Refusal> {
    intake.authenticate(&head.headers)?;
    if !is_grpc(&head.headers) {
        return Err(Refusal::WrongPort);
    }
    match head.uri.path() {
        EXPORT => {}
        other if other.contains("collector.trace.") => return Err(Refusal::Signal("traces")),
        other if other.contains("collector.logs.") => return Err(Refusal::Signal("logs")),
        other if other.contains("collector.profiles.") => return Err(Refusal::Signal("profiles")),
        other => return Err(Refusal::Path(other.to_owned())),
    }
    let permit = intake.begin(head)?;
    permit.has_room(upload.announced().max(1))?;
    Ok(permit)
}

async fn export(
    intake: Intake,
    message: Bytes,
    packed: bool,
    permit: Arc<Permit>,
    peer: Option<SocketAddr>,
) -> Result<Vec<u8>, Refusal> {
    // what came over the wire is admitted already; what it was unpacked to is another buffer
    if packed {
        permit.grow(message.len())?;
    }
    let outcome = work(message, move |message| {
        let outcome = intake.take(message, Transport::Grpc, peer);
        drop(permit);
        outcome
    })
    .await;
    match outcome.malformed {
        _ if outcome.unsaved => Err(Refusal::Unsaved),
        Some(malformed) => Err(Refusal::Malformed(malformed)),
        None => Ok(answer::protobuf_response(&outcome)),
    }
}

/// What tonic refused by itself, before it came to us: its code for a message that is too large, for example, would make
/// clients send it again and again.
fn refused_by_tonic(headers: &HeaderMap, packed: bool, limit: usize) -> Option<Refusal> {
    let status = Status::from_header_map(headers)?;
    Some(match status.code() {
        Code::Ok => return None,
        // as it comes, and as it unpacks
        Code::OutOfRange | Code::ResourceExhausted => Refusal::TooLarge { limit },
        Code::Unimplemented => Refusal::GrpcEncoding,
        _ if packed => Refusal::Compression,
        _ => Refusal::Aborted,
    })
}

/// Why a request is refused while it is on its way through tonic, which knows only its own kind of errors.
#[derive(Debug, Clone, Default)]
struct Refused(Arc<OnceLock<Refusal>>);

impl Refused {
    /// Keeps the reason, and stops tonic.
    fn because(&self, refusal: Refusal) -> Status {
        let status = Status::new(refusal.grpc_code(), "");
        // the first reason stands
        let _ = self.0.set(refusal);
        status
    }

    fn reason(&self) -> Option<Refusal> {
        self.0.get().cloned()
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn status(refusal: &Refusal) -> Status {
    let details = answer::protobuf_status(refusal);
    Status::with_details(refusal.grpc_code(), refusal.to_string(), details.into())
}

/// The answer to who does not speak gRPC: the commonest mistake in an exporter's configuration.
fn in_words(refusal: &Refusal) -> Response {
    (refusal.http_status(), format!("{refusal}\n")).into_response()
}

/// A request's body, whose bytes are admitted as they come, and must keep coming.
struct Metered {
    inner: Body,
    permit: Arc<Permit>,
    refused: Refused,
    /// Until the next piece must be there.
    idle: Pin<Box<Sleep>>,
}

impl Metered {
    fn new(inner: Body, permit: Arc<Permit>, refused: Refused) -> Self {
        Self {
            inner,
            permit,
            refused,
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
            return Poll::Ready(Some(Err(self.refused.because(Refusal::TooSlow).into())));
        };
        let Some(frame) = frame.transpose()? else {
            return Poll::Ready(None);
        };
        self.idle.as_mut().reset(Instant::now() + IDLE_TIMEOUT);
        if let Some(data) = frame.data_ref()
            && let Err(busy) = self.permit.grow(data.len())
        {
            return Poll::Ready(Some(Err(self.refused.because(busy.into()).into())));
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
        let refused = Refused::default();
        let mut body = Metered::new(Body::from_stream(stuck), permit, refused.clone());
        let first = body.frame().await.expect("a piece").expect("in time");
        assert_eq!(first.into_data().ok(), Some(Bytes::from_static(b"x")));
        let error = body.frame().await.expect("an end").expect_err("which is none");
        let status = error.downcast::<Status>().expect("a status");
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(refused.reason(), Some(Refusal::TooSlow));
        assert!(started.elapsed() < RECEIVE_TIMEOUT);
    }
}
