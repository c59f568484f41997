//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body::{Frame, SizeHint};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::connections::{Busy, Place};
use crate::tls::Tls;

/// A new connection has this long to say something.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);

/// And this long to agree on keys.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client has this long to send a request's head; an idle HTTP/1 connection is closed after it. Longer than the minute
/// that many clients let pass between two requests: who sends at the very moment of the closing gets an error.
const HEAD_TIMEOUT: Duration = Duration::from_secs(70);

/// HTTP/2 clients are pinged as often.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// A connection from which nothing comes for this long is closed, whatever it waits for. Longer than the time between
/// two pings, so that an HTTP/2 client that answers them stays.
const READ_TIMEOUT: Duration = Duration::from_secs(75);

/// A client that takes nothing of its answer for this long has gone away.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that makes room for another one has this long to say goodbye.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(200);

/// When the service stops, a client that has just connected has this long to say something. It does not know yet, and would
/// have to guess what became of its request.
const LAST_FIRST_BYTE: Duration = Duration::from_secs(2);

/// And this long has a request to arrive that is on its way: the first one of a connection, or the next one of a busy client.
const LAST_REQUEST: Duration = Duration::from_millis(250);

/// The most that one HTTP/1 connection buffers. The head of a request must fit into it.
const BUFFER: usize = 32 * 1024;

/// The most that a client may send over HTTP/2 before the service has read it: for one request, and for a connection.
/// What is announced here is memory that every client can make the service use.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Bytes of the head of an HTTP/2 request, unpacked.
const MAX_HEAD: u32 = 16 * 1024;

/// Why a connection came to nothing.
#[derive(Debug)]
pub(super) enum Ended {
    /// It said nothing in time, made room, or was there when the service stopped.
    Quietly,
    /// The client and the service did not come to an encrypted connection.
    Handshake(io::Error),
    /// The client does not use TLS.
    Plaintext,
    /// What was said was no HTTP, or ended in the middle.
    Early(Box<dyn std::error::Error + Send + Sync>),
    /// The client has closed it.
    Closed,
}

/// Serves one connection until it ends, or is asked to by its `place` or by `stopping`.
pub(super) async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    tls: Tls,
    router: Router,
    stopping: CancellationToken,
) -> Ended {
    let place = Arc::new(place);
    let opened = tokio::select! {
        () = async { stopping.cancelled().await; sleep(LAST_FIRST_BYTE).await } => return Ended::Quietly,
        () = place.asked_to_leave() => return Ended::Quietly,
        opened = open(stream, &tls) => opened,
    };
    let stream = match opened {
        Ok(stream) => stream,
        Err(ended) => return ended,
    };
    let conversation = Conversation {
        router,
        peer,
        place: Arc::clone(&place),
        stopping: stopping.clone(),
    };
    // boxed, so that a connection that never says anything does not take the room of one that does
    Box::pin(speak(stream, conversation, &place, &stopping)).await
}

type Plain = Pin<Box<TimeoutStream<TcpStream>>>;
type Stream = Either<Plain, Box<tokio_rustls::server::TlsStream<Plain>>>;

/// Waits for the first byte and, where the service uses TLS, for the handshake.
async fn open(stream: TcpStream, tls: &Tls) -> Result<Stream, Ended> {
    // the first bytes say which HTTP the client speaks, and hyper would wait for them without end
    let mut first = [0];
    match timeout(FIRST_BYTE_TIMEOUT, stream.peek(&mut first)).await {
        Ok(Ok(1)) => {}
        _ => return Err(Ended::Quietly),
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(Some(READ_TIMEOUT));
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let mut stream = Box::pin(stream);
    let Some(config) = tls.current() else {
        return Ok(Either::Left(stream));
    };
    if first != [TLS_HANDSHAKE] {
        // one write into an empty buffer; a client that does not take it is not waited for
        let _ = timeout(LEAVE_TIMEOUT, stream.write_all(PLAINTEXT_ANSWER)).await;
        let _ = timeout(LEAVE_TIMEOUT, stream.shutdown()).await;
        return Err(Ended::Plaintext);
    }
    match timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Ok(Either::Right(Box::new(stream))),
        Ok(Err(error)) => Err(Ended::Handshake(error)),
        Err(_) => Err(Ended::Quietly),
    }
}

/// The first byte of a TLS record with a handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

const PLAINTEXT_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\
    content-length: 53\r\n\r\nthis port takes encrypted connections; use https://\r\n";

async fn speak<IO: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: IO,
    conversation: Conversation,
    place: &Place,
    stopping: &CancellationToken,
) -> Ended {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_INTERVAL);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), conversation));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            tokio::select! {
                ended = connection.as_mut() => ended,
                _ = timeout(LAST_REQUEST, place.busy()) => {
                    // the whole drain is bounded, for all connections together
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        () = place.asked_to_leave() => {
            connection.as_mut().graceful_shutdown();
            match timeout(LEAVE_TIMEOUT, connection).await {
                Ok(ended) => ended,
                Err(_) => return Ended::Quietly,
            }
        }
    };
    match ended {
        Ok(()) => Ended::Closed,
        Err(error) => Ended::Early(error),
    }
}

/// Hands requests to the router, with the address of the client, and tells the place how many there are. A client that is
/// answered while the service stops is told to send its next request elsewhere.
#[derive(Debug, Clone)]
struct Conversation {
    router: Router,
    peer: SocketAddr,
    place: Arc<Place>,
    stopping: CancellationToken,
}

impl hyper::service::Service<Request<Incoming>> for Conversation {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, mut request: Request<Incoming>) -> Answering {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // HTTP/2 has a frame for it, which hyper sends
        let may_close = request.version() < Version::HTTP_2;
        Answering {
            stopping: may_close.then(|| self.stopping.clone()),
            busy: Some(self.place.request()),
            // a router is always ready
            answer: self.router.clone().call(request),
        }
    }
}

struct Answering {
    answer: <Router as Service<Request<Incoming>>>::Future,
    stopping: Option<CancellationToken>,
    busy: Option<Busy>,
}

impl Future for Answering {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = match ready!(Pin::new(&mut self.answer).poll(context)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if self
            .stopping
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled)
        {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let busy = self.busy.take();
        Poll::Ready(Ok(response.map(|body| Answer { body, _busy: busy })))
    }
}

/// An answer's body. The request has ended when it is gone.
struct Answer {
    body: Body,
    _busy: Option<Busy>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
