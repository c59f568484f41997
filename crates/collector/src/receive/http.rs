//! OTLP over HTTP: `POST /v1/metrics` with a protobuf body.

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;

use super::{IDLE_TIMEOUT, Intake, RECEIVE_TIMEOUT, Refusal, Transport, answer, work};
use crate::admission::Permit;
use crate::self_metrics;

const PROTOBUF: &str = "application/x-protobuf";

/// Compressed bodies are unpacked in steps of this many bytes, each of which must be admitted.
const UNPACK_STEP: u64 = 64 * 1024;

pub(crate) fn router(intake: Intake) -> Router {
    Router::new()
        .route("/v1/metrics", post(export).fallback(|| async { Refusal::Method }))
        .route("/v1/traces", any(|| async { Refusal::Signal("traces") }))
        .route("/v1/logs", any(|| async { Refusal::Signal("logs") }))
        .fallback(|request: Request| async move { Refusal::Path(request.uri().path().to_owned()) })
        .with_state(intake)
}

async fn export(State(intake): State<Intake>, request: Request) -> Result<Response, Refusal> {
    check_content_type(request.headers())?;
    let packing = Packing::of(request.headers())?;
    let permit = Arc::new(intake.begin());
    let max_request = intake.max_request();
    let body = tokio::time::timeout(RECEIVE_TIMEOUT, read(request.into_body(), &permit, max_request))
        .await
        .map_err(|_| Refusal::TooSlow)??;
    let outcome = work(body, move |body| match packing {
        Packing::None => Ok(intake.take(body, Transport::Http)),
        Packing::Gzip => {
            let body = unpack(body, &permit, max_request)?;
            Ok::<_, Refusal>(intake.take(&body, Transport::Http))
        }
    })
    .await?;
    if let Some(malformed) = outcome.malformed {
        return Err(Refusal::Malformed(malformed));
    }
    Ok(protobuf(StatusCode::OK, answer::response(&outcome)))
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
}

impl Packing {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let encoding = headers
            .get(header::CONTENT_ENCODING)
            .map_or(&b""[..], HeaderValue::as_bytes);
        match encoding.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::None),
            b"gzip" => Ok(Self::Gzip),
            _ => Err(Refusal::ContentEncoding(
                String::from_utf8_lossy(encoding).into_owned(),
            )),
        }
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let found = String::from_utf8_lossy(found);
    let (essence, _) = found.split_once(';').unwrap_or((&found, ""));
    if essence.trim().eq_ignore_ascii_case(PROTOBUF) {
        Ok(())
    } else {
        Err(Refusal::ContentType(found.into_owned()))
    }
}

/// Reads a body to its end. Bytes are admitted as they come, and must keep coming.
async fn read(mut body: Body, permit: &Permit, limit: usize) -> Result<Bytes, Refusal> {
    let announced = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
    let too_large = || Refusal::TooLarge { limit };
    if announced > limit {
        return Err(too_large());
    }
    permit.has_room(announced)?;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let next = async |body: &mut Body| {
        let frame = tokio::time::timeout(IDLE_TIMEOUT, body.frame()).await;
        frame.map_err(|_| Refusal::TooSlow)
    };
    while let Some(frame) = next(&mut body).await? {
        let Ok(data) = frame.map_err(|_| Refusal::Aborted)?.into_data() else {
            continue;
        };
        let length = first.len().max(rest.len()) + data.len();
        if length > limit {
            return Err(too_large());
        }
        permit.grow(data.len())?;
        // small requests come in one piece, which is then not copied
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(announced.max(length));
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn unpack(body: &[u8], permit: &Permit, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let mut decoder = MultiGzDecoder::new(body);
    loop {
        let step = decoder.by_ref().take(UNPACK_STEP).read_to_end(&mut unpacked);
        let step = step.map_err(|_| Refusal::Compression)?;
        permit.grow(step)?;
        if unpacked.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        if step == 0 {
            return Ok(unpacked);
        }
    }
}

fn protobuf(status: StatusCode, message: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, PROTOBUF)], message).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self_metrics::refused(&self);
        tracing::debug!(transport = "http", reason = self.reason(), message = %self, "request refused");
        let mut response = protobuf(self.http_status(), answer::status(&self));
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::{StreamExt, stream};
    use tokio::time::Instant;

    use super::*;
    use crate::admission::Admission;

    /// A piece of a body every so often.
    fn pieces(every: Duration) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
        stream::repeat(Bytes::from_static(b"x")).then(move |piece| async move {
            tokio::time::sleep(every).await;
            Ok(piece)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_go_on_is_given_up() {
        let permit = Admission::new(100).begin();
        let started = Instant::now();
        let stuck = pieces(Duration::ZERO).take(2).chain(stream::pending());
        let read_stuck = read(Body::from_stream(stuck), &permit, 100).await;
        assert_eq!(read_stuck, Err(Refusal::TooSlow));
        assert!(started.elapsed() < RECEIVE_TIMEOUT);

        let slow = pieces(IDLE_TIMEOUT / 2).take(3);
        let read_slow = read(Body::from_stream(slow), &permit, 100).await;
        assert_eq!(read_slow, Ok(Bytes::from_static(b"xxx")));
    }
}
