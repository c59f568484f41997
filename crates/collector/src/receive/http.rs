//! OTLP over HTTP: `POST /v1/metrics` with a body in protobuf or JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::answer::Format;
use super::body::Upload;
use super::packing::{self, Packing};
use super::{INLINE_BYTES, INLINE_PACKED_BYTES, Intake, Refusal, Transport, aside, peer, work};
use crate::admission::Permit;
use crate::ingest::Outcome;
use crate::otlp::json;

pub(crate) fn router(intake: Intake) -> Router {
    Router::new().fallback(answer).with_state(intake)
}

async fn answer(State(intake): State<Intake>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut upload = Upload::new(&head, body);
    match receive(&intake, &head, &mut upload).await {
        Ok((format, outcome)) => encoded(StatusCode::OK, format, format.response(&outcome)),
        Err(refusal) => {
            intake.refused(&refusal, Transport::Http, peer(&head.extensions));
            // who does not say what it understands gets what most do
            let format = Format::of(&head.headers).unwrap_or(Format::Protobuf);
            let mut response = refused(&refusal, format);
            if upload.ends_connection() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            upload.discard();
            response
        }
    }
}

/// From the cheapest question to the dearest: what can be refused is refused before its body is read.
async fn receive(intake: &Intake, head: &Parts, upload: &mut Upload) -> Result<(Format, Outcome), Refusal> {
    intake.authenticate(&head.headers)?;
    match head.uri.path() {
        "/v1/metrics" => {}
        "/v1/traces" => return Err(Refusal::Signal("traces")),
        "/v1/logs" => return Err(Refusal::Signal("logs")),
        // the version is another one once profiles are stable
        path if path.ends_with("/profiles") => return Err(Refusal::Signal("profiles")),
        other => return Err(Refusal::Path(other.to_owned())),
    }
    if head.method != Method::POST {
        return Err(Refusal::Method);
    }
    let format = Format::of(&head.headers)?;
    let packing = Packing::of(&head.headers)?;
    let permit = Arc::new(intake.begin(head)?);
    let limit = intake.max_request();
    let body = upload.read(&permit, limit).await?;
    let peer = peer(&head.extensions);
    let intake = intake.clone();
    let unpacked = unpack(packing, body, &permit, limit).await?;
    let outcome = work(unpacked, move |body| {
        let transcoded = match format {
            Format::Protobuf => None,
            Format::Json => Some(transcode(body, &permit, limit)?),
        };
        let body = transcoded.as_deref().unwrap_or(body);
        Ok::<_, Refusal>(intake.take(body, Transport::Http, peer))
    })
    .await?;
    match outcome.malformed {
        _ if outcome.unsaved => Err(Refusal::Unsaved),
        Some(malformed) => Err(Refusal::Malformed(malformed)),
        None => Ok((format, outcome)),
    }
}

/// Unpacks a body: here as long as it stays small, else where it holds nobody up. How large it gets is known only then, as
/// a few kilobytes can be sixteen megabytes.
async fn unpack(packing: Packing, body: Bytes, permit: &Arc<Permit>, limit: usize) -> Result<Bytes, Refusal> {
    if packing == Packing::None {
        return Ok(body);
    }
    if body.len() <= INLINE_PACKED_BYTES {
        let before = permit.held();
        match packing.unpack(&body, permit, limit.min(INLINE_BYTES)) {
            Err(Refusal::TooLarge { .. }) => permit.shrink_to(before),
            unpacked => return unpacked.map(Bytes::from),
        }
    }
    let permit = Arc::clone(permit);
    aside(move || packing.unpack(&body, &permit, limit).map(Bytes::from)).await
}

/// A request in JSON as the protobuf that it stands for, so that both are taken in on one way.
fn transcode(json: &[u8], permit: &Permit, limit: usize) -> Result<Vec<u8>, Refusal> {
    // it gets shorter, but for lists of small numbers
    permit.grow(json.len())?;
    let mut protobuf = Vec::with_capacity(json.len());
    json::to_protobuf(json, &mut protobuf).map_err(|error| Refusal::MalformedJson(error.to_string()))?;
    if protobuf.len() > limit {
        return Err(Refusal::TooLarge { limit });
    }
    permit.grow(protobuf.len().saturating_sub(json.len()))?;
    Ok(protobuf)
}

fn refused(refusal: &Refusal, format: Format) -> Response {
    let mut response = encoded(refusal.http_status(), format, format.status(refusal));
    let headers = response.headers_mut();
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    let help = match refusal {
        Refusal::NoToken => (header::WWW_AUTHENTICATE, "Bearer"),
        Refusal::WrongToken => (header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
        Refusal::ContentEncoding(_) | Refusal::ContentEncodings => {
            (header::ACCEPT_ENCODING, packing::ACCEPTED)
        }
        Refusal::Method => (header::ALLOW, "POST"),
        _ => return response,
    };
    headers.insert(help.0, HeaderValue::from_static(help.1));
    response
}

fn encoded(status: StatusCode, format: Format, message: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, format.content_type())], message).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;

    #[tokio::test]
    async fn what_grows_large_is_unpacked_whole_and_counted_once() {
        let zstd = |size| Bytes::from(zstd::encode_all(&vec![b' '; size][..], 3).expect("room"));
        let (small, large) = (INLINE_BYTES / 2, INLINE_BYTES * 3);
        for size in [small, large] {
            let permit = Arc::new(Admission::new(100_000_000).begin());
            let unpacked = unpack(Packing::Zstd, zstd(size), &permit, large).await;
            assert_eq!(unpacked.map(|body| body.len()), Ok(size));
            // and its window
            assert_eq!(permit.held(), 2 * size);
            let limit = size - 1;
            let refused = unpack(Packing::Zstd, zstd(size), &permit, limit).await;
            assert_eq!(refused, Err(Refusal::TooLarge { limit }));
        }
    }
}
