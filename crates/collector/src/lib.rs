//! OTLP in, Prometheus out.
//!
//! ```text
//!  socket            bytes              one pass over the wire      one lock per group        scrape
//!  receive/{grpc,http} ──► admission (bytes in flight) ──► ingest: otlp ──► process ──► series ──► expose
//! ```
//!
//! - `receive` takes requests in, over either transport, and answers them;
//! - `admission` bounds the bytes that are on their way;
//! - `ingest` walks a request's points and hands each to its series;
//! - `otlp` reads protobuf; `process` decides which labels stand on what;
//! - `series` keeps the newest value of every series, and forgets what is not heard of any more;
//! - `expose` writes what is kept into a scrape.
//!
//! There is no queue between the rooms: an answer of success means that the points are in their series, and every
//! point that is not is counted and named in the answer.

#[cfg(test)]
#[path = "../tests/it/requests.rs"]
mod requests;

mod receive;
mod admission;
mod ingest;
mod otlp;
mod process;
mod series;
mod expose;
mod rejection;
mod config;
mod self_metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use service::{About, Life};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::config::{Config, RawConfig};

use crate::admission::Admission;
use crate::receive::Intake;
use crate::series::Store;

/// What the collector says of itself.
pub const ABOUT: About = About {
    name: "signalbox-collector",
    version: env!("CARGO_PKG_VERSION"),
    summary: "OTLP in, Prometheus out",
    help: "\
Takes metrics over OTLP and serves them to Prometheus.

  4317  OTLP over gRPC            listen.grpc
  4318  OTLP over HTTP            listen.http
  8889  what is collected         listen.data
  8888  the collector itself      listen.self_metrics

  signalbox-collector
  signalbox-collector --config stack/collector/collector.toml --set environment=prod
  SIGNALBOX_COLLECTOR__LISTEN__DATA=0.0.0.0:8889 signalbox-collector",
    env_prefix: "SIGNALBOX_COLLECTOR__",
};

/// How often series are looked through for expired ones.
const SWEEP: Duration = Duration::from_secs(5);

/// A sweep that takes longer than this is stuck.
const SWEEP_DEADLINE: Duration = Duration::from_secs(30);

/// A collector whose ports are open and which does not serve yet.
#[derive(Debug)]
pub struct Collector {
    config: Config,
    grpc: TcpListener,
    http: TcpListener,
    data: TcpListener,
    self_metrics: TcpListener,
}

/// Where a collector listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// OTLP over gRPC.
    pub grpc: SocketAddr,
    /// OTLP over HTTP.
    pub http: SocketAddr,
    /// What is collected.
    pub data: SocketAddr,
    /// The collector itself.
    pub self_metrics: SocketAddr,
}

impl Collector {
    /// Opens the ports.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let listen = &config.listen;
        Ok(Self {
            grpc: bind(listen.grpc, "listen.grpc").await?,
            http: bind(listen.http, "listen.http").await?,
            data: bind(listen.data, "listen.data").await?,
            self_metrics: bind(listen.self_metrics, "listen.self_metrics").await?,
            config,
        })
    }

    /// The addresses that were bound, with the ports that the kernel chose where the configuration says 0.
    pub fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            grpc: self.grpc.local_addr()?,
            http: self.http.local_addr()?,
            data: self.data.local_addr()?,
            self_metrics: self.self_metrics.local_addr()?,
        })
    }

    /// Serves until `life` ends. Then the receivers finish what they have begun, and only after them the scrape ports
    /// close. They do not wait for a scrape: what came since the last one is gone, and a sender's next cumulative points
    /// make up for it.
    pub async fn run(self, life: Life) -> anyhow::Result<()> {
        let Self {
            config,
            grpc,
            http,
            data,
            self_metrics,
        } = self;
        self_metrics::describe();
        let store = Arc::new(Store::new(config.limits, config.expiry, Instant::now()));
        let admission = Admission::new(config.max_in_flight);
        let intake = Intake::new(
            Arc::clone(&store),
            config.promotions,
            Arc::clone(&admission),
            config.max_request,
        );
        let received_all = CancellationToken::new();
        let receivers = async {
            tokio::try_join!(
                service::http::serve(grpc, receive::grpc(intake.clone()), life.shutdown()),
                service::http::serve(http, receive::http(intake), life.shutdown()),
            )?;
            received_all.cancel();
            std::io::Result::Ok(())
        };
        tokio::try_join!(
            receivers,
            service::http::serve(
                data,
                expose::router(Arc::clone(&store), config.aliases),
                received_all.cancelled(),
            ),
            service::http::serve(
                self_metrics,
                service::http::health_routes(&life),
                received_all.cancelled()
            ),
            sweep(store, admission, &life, &received_all),
        )?;
        Ok(())
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address} ({key})"))
}

/// Removes what has expired, whether anybody scrapes or not, and keeps the collector's own gauges current.
async fn sweep(
    store: Arc<Store>,
    admission: Arc<Admission>,
    life: &Life,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let heartbeat = life.heartbeat("sweep", SWEEP_DEADLINE);
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let swept = Arc::clone(&store);
        let expired = tokio::task::spawn_blocking(move || swept.expire(Instant::now()));
        let expired = expired.await.map_err(std::io::Error::other)?;
        self_metrics::expired(expired);
        self_metrics::kept(store.counts(), admission.in_flight());
        heartbeat.beat();
    }
}
