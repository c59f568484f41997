//! An HTTP server that stops when it is told to, and cannot be held up by slow or idle clients.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::life::Life;

/// Connections served at once on one listener. More wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// A new connection has this long to say something.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client has this long to send a request's headers; an idle HTTP/1 connection is closed after it. HTTP/2 clients
/// are pinged as often.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection from which nothing comes for this long is closed, whatever it waits for. Longer than the time between
/// two pings, so that an HTTP/2 client that answers them stays.
const READ_TIMEOUT: Duration = Duration::from_secs(75);

/// A client that takes nothing of its answer for this long has gone away.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// After the shutdown began, requests in flight have this long. Less than the service's whole drain.
const DRAIN: Duration = Duration::from_secs(8);

/// How long to wait after the kernel refused a connection, for want of file descriptors for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1 and HTTP/2 on `listener` until `shutdown` resolves, then lets requests in flight finish. An error if
/// some of them had to be cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let stopping = CancellationToken::new();
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let served = converse(stream, router.clone(), graceful.watcher(), stopping.clone());
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stopping.cancel();
    let drained = timeout(DRAIN, graceful.shutdown()).await;
    drained.map_err(|_| {
        let message = format!(
            "requests were still in flight after {} s and were cut off",
            DRAIN.as_secs()
        );
        io::Error::new(io::ErrorKind::TimedOut, message)
    })
}

/// One connection, from its first byte to its end.
async fn converse(stream: TcpStream, router: Router, watcher: Watcher, stopping: CancellationToken) {
    // its first bytes say which HTTP the client speaks, and hyper would wait for them without end
    let spoke = tokio::select! {
        () = stopping.cancelled() => false,
        readable = timeout(FIRST_BYTE_TIMEOUT, stream.readable()) => matches!(readable, Ok(Ok(()))),
    };
    if !spoke {
        return;
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(Some(READ_TIMEOUT));
    stream.set_write_timeout(Some(WRITE_TIMEOUT));

    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .keep_alive_interval(HEADER_READ_TIMEOUT);
    let connection = server
        .serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error = %error, "connection ended early");
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

/// What every service answers about itself: `/livez`, `/readyz` and `/metrics`.
pub fn health_routes(life: &Life) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(self_metrics))
        .with_state(life.clone())
}

async fn readiness(State(life): State<Life>) -> Response {
    if life.is_ready() {
        "ready\n".into_response()
    } else if life.is_shutting_down() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response()
    }
}

async fn self_metrics(State(life): State<Life>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        life.metrics().render(),
    )
        .into_response()
}
