//! Serves the web app and its typed API.
//!
//! ```text
//! browser ─► assets (embedded)
//!         ├► runbooks (embedded)
//!         └► api ─► answers ─► cache ─► overview | panels | fleet ─► queries (PromQL) ─► upstream ─► the metrics store
//!                                           └► state, verdict, resolution: pure
//! ```
//!
//! The server judges; the browser shows. Each question that can be asked is a route with a type, each PromQL text is
//! in `queries`.

mod assets;
mod runbooks;
mod headers;
mod api;
mod answers;
mod cache;
mod overview;
mod panels;
mod fleet;
mod queries;
mod upstream;
mod resolution;
mod state;
mod verdict;
mod format;
mod config;
mod self_metrics;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{from_fn, map_response};
use axum::{Router, routing};
use service::{About, Life, http::health_routes};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};
use tower::ServiceExt;

pub use assets::Assets;
pub use config::{Config, Flags, RawConfig};

use answers::Answers;
use fleet::Roster;
use resolution::Cadence;
use upstream::Upstream;

/// What `--help` and `--version` say.
pub const ABOUT: About = About {
    name: "signalbox-dashboard",
    env_prefix: "SIGNALBOX_DASHBOARD__",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Serves the web app and its typed API",
    help: "\
Shows the state of all environments, out of one metrics store: Prometheus, or Thanos over several.

Examples:
  signalbox-dashboard
  signalbox-dashboard --listen 0.0.0.0:3000 --upstream http://127.0.0.1:10908
  SIGNALBOX_DASHBOARD__ENVIRONMENTS='[\"prod\", \"qa\"]' signalbox-dashboard check-config

There is no login yet: listen on an address that only its viewers reach.",
};

/// A dashboard that listens, and does not serve yet.
pub struct Dashboard {
    listener: TcpListener,
    upstream: Upstream,
    cadence: Cadence,
    roster: Roster,
    clock: fn() -> f64,
    /// Those that were built into the program, if none are given.
    assets: Option<Assets>,
}

/// How often it asks itself for the environments, and the longest that a round may take: a query waits for up to a minute
/// and takes up to another, if it is configured so.
const SELF_TEST_INTERVAL: Duration = Duration::from_secs(10);
const SELF_TEST_DEADLINE: Duration = Duration::from_secs(150);

impl Dashboard {
    /// Takes its port, and serves nothing yet.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("failed to listen on {}", config.listen))?;
        let upstream = Upstream::new(upstream::Config {
            url: config.upstream,
            query_timeout: config.query_timeout,
            max_concurrent_queries: config.max_concurrent_queries,
        })
        .context("failed to make a client of the metrics store")?;
        Ok(Self {
            listener,
            upstream,
            cadence: Cadence {
                scrape: config.scrape_interval.as_secs() as u32,
                export: config.export_interval.as_secs() as u32,
            },
            roster: Roster::new(config.environments),
            clock: unix_time,
            assets: None,
        })
    }

    /// Serves these files as the web app.
    #[must_use]
    pub fn with_assets(self, assets: Assets) -> Self {
        Self {
            assets: Some(assets),
            ..self
        }
    }

    /// Takes the time, in Unix seconds, from `clock`.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> f64) -> Self {
        Self { clock, ..self }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the service is to stop.
    pub async fn run(self, life: Life) -> anyhow::Result<()> {
        self_metrics::describe();
        let answers = Answers::new(self.upstream, self.cadence, self.roster, self.clock);
        let api = api::router(answers);
        let assets = self.assets.unwrap_or_else(Assets::embedded);
        let router = router(api.clone(), assets, &life);
        tokio::select! {
            served = service::http::serve(self.listener, router, life.shutdown()) => {
                served.context("failed to serve HTTP")
            }
            () = self_test(api, &life) => Ok(()),
        }
    }
}

fn router(api: Router, assets: Assets, life: &Life) -> Router {
    let web_app = routing::any(async move |request: Request| {
        assets.serve(request.method(), request.uri().path(), request.headers())
    });
    Router::new()
        .merge(api)
        .merge(runbooks::router())
        .merge(health_routes(life))
        .fallback_service(web_app)
        .layer(from_fn(self_metrics::measure))
        .layer(map_response(headers::secure))
}

/// The watchdog hears of each round through the API. That the store does not answer is no fault of ours: the
/// environments are answered then too.
async fn self_test(api: Router, life: &Life) {
    let heartbeat = life.heartbeat("self-test", SELF_TEST_DEADLINE);
    let mut ticks = interval(SELF_TEST_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let request = Request::get("/api/v1/environments").body(Body::empty());
        let Ok(request) = request else {
            unreachable!("the request is a constant")
        };
        let Ok(response) = api.clone().oneshot(request).await;
        if response.status().is_success() {
            heartbeat.beat();
        }
    }
}

/// Whole milliseconds are exact enough, and short enough to be read.
fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_millis() as f64 / 1000.0)
}
