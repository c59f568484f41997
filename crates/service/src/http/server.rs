use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::complaints::Complaints;
use super::connections::{Connections, Place};
use super::conversation::converse;
use crate::tls::Tls;

/// Connections at once on a listener, where nothing else is said.
const MAX_CONNECTIONS: usize = 1024;

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
    Server::new("http").serve(listener, router, shutdown).await
}

/// A server with more connections than usual, with fewer, or with TLS.
#[derive(Debug, Clone)]
pub struct Server {
    name: &'static str,
    max_connections: usize,
    tls: Tls,
}

impl Server {
    /// A server without TLS. `name` stands in the log where something is wrong with its connections.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            max_connections: MAX_CONNECTIONS,
            tls: Tls::off(),
        }
    }

    /// Connections at once. For one more, the one that has been idle for longest is closed; while none is idle, new ones
    /// wait in the kernel's queue.
    #[must_use]
    pub fn max_connections(self, max_connections: usize) -> Self {
        Self {
            max_connections,
            ..self
        }
    }

    /// Encrypts connections while `tls` is on.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// [`serve`], in this server's way.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let stopping = CancellationToken::new();
        let running = TaskTracker::new();
        let connections = Connections::new(self.max_connections);
        let complaints = Arc::new(Complaints::new(self.name));
        let serve = |stream, peer, place: Option<Place>| {
            let (connections, complaints) = (Arc::clone(&connections), Arc::clone(&complaints));
            let (tls, router, stopping) = (self.tls.clone(), router.clone(), stopping.clone());
            async move {
                let place = match place {
                    Some(place) => place,
                    None => connections.enter().await.0,
                };
                let ended = converse(stream, peer, place, tls, router, stopping).await;
                complaints.ended(peer, &ended);
            }
        };
        let mut shutdown = std::pin::pin!(shutdown);
        let last = loop {
            let accepted = tokio::select! {
                biased;
                // what is in the kernel's queue now stays there, for the process that has the socket next
                () = &mut shutdown => break None,
                accepted = accept(&listener) => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if is_out_of_files(&error) {
                        connections.evict();
                    }
                    complaints.not_accepted(&error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (place, evicted) = tokio::select! {
                biased;
                entered = connections.enter() => entered,
                () = &mut shutdown => break Some((stream, peer)),
            };
            if evicted {
                complaints.crowded(connections.limit());
            }
            running.spawn(serve(stream, peer, Some(place)));
        };
        drop(listener);
        stopping.cancel();
        if let Some((stream, peer)) = last {
            // taken out of the queue before there was a place for it: there is one when others have gone
            running.spawn(serve(stream, peer, None));
        }
        running.close();
        let drained = timeout(DRAIN, running.wait()).await;
        drained.map_err(|_| {
            let message = format!(
                "requests were still in flight after {} s and were cut off",
                DRAIN.as_secs()
            );
            io::Error::new(io::ErrorKind::TimedOut, message)
        })
    }
}

async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

fn is_out_of_files(error: &io::Error) -> bool {
    let error = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(error, Some(Errno::MFILE | Errno::NFILE))
}
