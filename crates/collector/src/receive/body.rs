//! The body of a request over HTTP: read piece by piece, or not at all.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Version, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::{IDLE_TIMEOUT, RECEIVE_TIMEOUT, Refusal};
use crate::admission::Permit;

/// What is read of a refused request, and dropped. Many clients look at the answer only when all is sent, and what nobody
/// has read when a connection is closed makes the kernel throw the answer away: they would see a broken connection, and try
/// again, for ever. Dropping costs a tenth of a millisecond per megabyte. A longer request loses its connection.
const DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// And for how long.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// A body that has not come to its end.
#[derive(Debug)]
pub(super) struct Upload {
    body: Body,
    /// Requests of HTTP/2 can be broken off one by one.
    breaks_off: bool,
    /// The sender waits to be asked for it (`expect: 100-continue`), which happens when it is first looked for.
    waits: bool,
}

impl Upload {
    pub(super) fn new(head: &Parts, body: Body) -> Self {
        Self {
            body,
            breaks_off: head.version >= Version::HTTP_2,
            waits: head.headers.contains_key(header::EXPECT),
        }
    }

    /// The number of bytes that are announced.
    pub(super) fn announced(&self) -> usize {
        let announced = http_body::Body::size_hint(&self.body).lower();
        usize::try_from(announced).unwrap_or(usize::MAX)
    }

    /// Reads a body to its end. Bytes are admitted as they come, and must keep coming.
    pub(super) async fn read(&mut self, permit: &Permit, limit: usize) -> Result<Bytes, Refusal> {
        let announced = self.announced();
        if announced > limit {
            return Err(Refusal::TooLarge { limit });
        }
        permit.has_room(announced)?;
        self.waits = false;
        let read = timeout(RECEIVE_TIMEOUT, self.collect(announced, permit, limit));
        read.await.unwrap_or(Err(Refusal::TooSlow))
    }

    async fn collect(&mut self, announced: usize, permit: &Permit, limit: usize) -> Result<Bytes, Refusal> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let next = timeout(IDLE_TIMEOUT, self.body.frame());
            let Some(frame) = next.await.map_err(|_| Refusal::TooSlow)? else {
                break;
            };
            // trailers say nothing here
            let Ok(data) = frame.map_err(|_| Refusal::Aborted)?.into_data() else {
                continue;
            };
            let length = first.len().max(rest.len()) + data.len();
            if length > limit {
                return Err(Refusal::TooLarge { limit });
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

    /// The body itself, for somebody else to read.
    pub(super) fn into_body(self) -> Body {
        self.body
    }

    /// Whether the connection cannot go on after a refusal, because the body is not read to its end.
    pub(super) fn ends_connection(&self) -> bool {
        !self.breaks_off && (self.waits || self.announced() > DISCARD_BYTES)
    }

    /// Gets rid of the rest while the answer is on its way.
    pub(super) fn discard(mut self) {
        if self.breaks_off || self.waits || http_body::Body::is_end_stream(&self.body) {
            return;
        }
        let rest = async move {
            let mut left = DISCARD_BYTES;
            while let Some(Ok(frame)) = self.body.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(less) = left.checked_sub(length) else {
                    break;
                };
                left = less;
            }
        };
        tokio::spawn(timeout(DISCARD_TIMEOUT, rest));
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::http::Request;
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

    fn upload(body: Body) -> Upload {
        let (head, body) = Request::new(body).into_parts();
        Upload::new(&head, body)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_go_on_is_given_up() {
        let permit = Admission::new(100).begin();
        let started = Instant::now();
        let stuck = pieces(Duration::ZERO).take(2).chain(stream::pending());
        let read_stuck = upload(Body::from_stream(stuck)).read(&permit, 100).await;
        assert_eq!(read_stuck, Err(Refusal::TooSlow));
        assert!(started.elapsed() < RECEIVE_TIMEOUT);

        let slow = pieces(IDLE_TIMEOUT / 2).take(3);
        let read_slow = upload(Body::from_stream(slow)).read(&permit, 100).await;
        assert_eq!(read_slow, Ok(Bytes::from_static(b"xxx")));

        let endless = pieces(IDLE_TIMEOUT / 2);
        let read_endless = upload(Body::from_stream(endless)).read(&permit, 100).await;
        assert_eq!(read_endless, Err(Refusal::TooSlow));
    }
}
