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
//! - `state` writes down what no sender repeats, and reads it again after a restart;
//! - `expose` writes what is kept into a scrape.
//!
//! There is no queue between the rooms: an answer of success means that the points are in their series, and every
//! point that is not is counted and named in the answer.
//!
//! `config` is read again on SIGHUP; `reload` hands what changed to the rooms.

#[cfg(test)]
#[path = "../tests/it/requests.rs"]
mod requests;
#[cfg(test)]
mod fixtures;

mod receive;
mod admission;
mod ingest;
mod otlp;
mod process;
mod series;
mod state;
mod expose;
mod debug;
mod memory;
mod rejection;
mod config;
mod reload;
mod self_metrics;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use service::http::Server;
use service::{About, Life};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::config::{Config, RawConfig};

use crate::admission::Admission;
use crate::debug::Debug;
use crate::expose::Exposed;
use crate::receive::{Intake, Security};
use crate::reload::Running;
use crate::series::Store;
use crate::state::StateJournal;

/// What the collector says of itself.
pub const ABOUT: About = About {
    name: "signalbox-collector",
    version: env!("CARGO_PKG_VERSION"),
    summary: "OTLP in, Prometheus out",
    help: "\
Takes metrics over OTLP, in protobuf or JSON, and serves them to Prometheus as text, OpenMetrics or \
protobuf.

  4317  OTLP over gRPC            listen.grpc
  4318  OTLP over HTTP            listen.http
  8889  what is collected         listen.data
  8888  the collector itself      listen.self_metrics
        (/metrics, /livez, /readyz, /debug/series)

By default it listens on this machine only, without TLS (tls.cert_file, tls.key_file) and tokens \
(auth.bearer_token_file). As a unit of systemd it takes the ports of signalbox-collector.socket, which \
lists them in this order; listen.* must be the same or be left out. check-config says in words what a configuration does; SIGHUP puts a changed \
one in force.

  signalbox-collector
  signalbox-collector --config stack/collector/collector.toml --set environment=prod
  SIGNALBOX_COLLECTOR__LISTEN__DATA=0.0.0.0:8889 signalbox-collector",
    env_prefix: "SIGNALBOX_COLLECTOR__",
};

/// How often series are looked through for expired ones.
const SWEEP: Duration = Duration::from_secs(5);

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A sweep that takes longer than this is stuck.
const SWEEP_DEADLINE: Duration = Duration::from_secs(30);

/// A disk that takes longer than this to take a second's state, or a snapshot, is stuck.
const STATE_DEADLINE: Duration = Duration::from_mins(5);

/// Connections at once for scrapes of either kind.
const SCRAPE_CONNECTIONS: usize = 128;

/// Files that the collector has open beside connections.
const OTHER_FILES: usize = 64;

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

    /// Takes ports that are open already: those of OTLP over gRPC, OTLP over HTTP, what is collected, and the collector itself.
    pub fn on(config: Config, sockets: Vec<TcpListener>) -> anyhow::Result<Self> {
        let [grpc, http, data, self_metrics] = <[TcpListener; 4]>::try_from(sockets)
            .map_err(|sockets| anyhow::anyhow!("there must be 4 sockets, and there are {}", sockets.len()))?;
        Ok(Self {
            config,
            grpc,
            http,
            data,
            self_metrics,
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

    /// Takes up what an earlier process left, says that it is ready, and serves until `life` ends. Then the receivers finish
    /// what they have begun, and only after them the scrape ports close. They do not wait for a scrape: what came since the
    /// last one is gone, and a sender's next cumulative points make up for it.
    pub async fn run(self, life: Life) -> anyhow::Result<()> {
        let Addresses { grpc, http, data, .. } = self.addresses()?;
        let status = format!("taking OTLP on {grpc} (gRPC) and {http} (HTTP), serving it on {data}");
        let Self {
            config,
            grpc,
            http,
            data,
            self_metrics,
        } = self;
        self_metrics::describe();
        let store = Arc::new(Store::new(config.rules.clone(), Instant::now()));
        let journal = match &config.state_dir {
            Some(directory) => Some(state::open(directory, &store)?),
            None => None,
        };
        let admission = Admission::new(config.max_in_flight);
        let debug = Arc::new(Debug::default());
        debug.set_limit(config.debug_datapoints);
        let exposed = Exposed::new(Arc::clone(&store), config.view.clone());
        let security = Security::new(&config.security);
        let intake = Intake::new(
            Arc::clone(&store),
            Arc::clone(&debug),
            Arc::clone(&admission),
            config.max_request,
            security.clone(),
        );
        let connections = connections(config.max_connections, service::open_files_limit());
        let otlp = |name| {
            Server::new(name)
                .max_connections(connections)
                .tls(security.otlp())
        };
        let (over_grpc, over_http) = (otlp("grpc"), otlp("http"));
        let scraped = Server::new("data")
            .max_connections(SCRAPE_CONNECTIONS)
            .tls(security.data());
        let observed = Server::new("self_metrics").max_connections(SCRAPE_CONNECTIONS);
        let max_memory = Arc::new(AtomicUsize::new(config.max_memory));
        let running = Running {
            started_with: config,
            store: Arc::clone(&store),
            exposed: exposed.clone(),
            intake: intake.clone(),
            security,
            debug,
            max_memory: Arc::clone(&max_memory),
        };
        let reloads = life.reloads::<RawConfig>();
        life.ready(&status);
        let received_all = CancellationToken::new();
        let receivers = async {
            tokio::try_join!(
                over_grpc.serve(grpc, receive::grpc(intake.clone()), life.shutdown()),
                over_http.serve(http, receive::http(intake.clone()), life.shutdown()),
            )?;
            received_all.cancel();
            std::io::Result::Ok(())
        };
        tokio::try_join!(
            receivers,
            scraped.serve(data, expose::router(exposed), received_all.cancelled()),
            observed.serve(
                self_metrics,
                service::http::health_routes(&life).merge(expose::cardinality(Arc::clone(&store))),
                received_all.cancelled()
            ),
            sweep(
                Arc::clone(&store),
                admission,
                max_memory,
                &intake,
                &life,
                &received_all
            ),
            keep(journal, store, &life, &received_all),
            reload::follow(reloads, running, &received_all),
        )?;
        Ok(())
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address} ({key})"))
}

/// How many connections each port of OTLP may have, so that the collector does not run out of files.
fn connections(wanted: usize, open_files: usize) -> usize {
    let left = open_files.saturating_sub(2 * SCRAPE_CONNECTIONS + OTHER_FILES) / 2;
    if left < wanted {
        tracing::warn!(
            connections = left,
            open_files,
            "fewer connections than limits.connections says, because the process may open too few files; raise LimitNOFILE="
        );
    }
    wanted.min(left).max(1)
}

/// Hands the state to the disk once a second, until there is nothing more to come.
async fn keep(
    journal: Option<Arc<StateJournal>>,
    store: Arc<Store>,
    life: &Life,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let Some(journal) = journal else { return Ok(()) };
    let heartbeat = life.heartbeat("state", STATE_DEADLINE);
    let mut ticks = tokio::time::interval(state::SYNC);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        let (journal, store) = (Arc::clone(&journal), Arc::clone(&store));
        let kept = tokio::task::spawn_blocking(move || state::upkeep(&journal, &store));
        kept.await.map_err(std::io::Error::other)?;
        heartbeat.beat();
        if last {
            return Ok(());
        }
    }
}

/// Removes what has expired, whether anybody scrapes or not, and keeps an eye on memory.
async fn sweep(
    store: Arc<Store>,
    admission: Arc<Admission>,
    max_memory: Arc<AtomicUsize>,
    intake: &Intake,
    life: &Life,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let heartbeat = life.heartbeat("sweep", SWEEP_DEADLINE);
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut swept = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        // series are counted by what they should take; this is what everything takes indeed. What the allocator has kept of a
        // burst goes as well, so it keeps no series out where there are few
        let limit = max_memory.load(Ordering::Relaxed);
        let is_over = memory::resident_bytes().is_some_and(|resident| resident > limit);
        store.press(is_over && store.counts().bytes > limit / 2);
        self_metrics::kept(store.counts(), admission.in_flight());
        self_metrics::room(store.room());
        intake.flush_notices(Instant::now());
        if swept.elapsed() >= SWEEP {
            swept = Instant::now();
            let store = Arc::clone(&store);
            let expired = tokio::task::spawn_blocking(move || store.expire(Instant::now()));
            self_metrics::expired(expired.await.map_err(std::io::Error::other)?);
        }
        heartbeat.beat();
    }
}
