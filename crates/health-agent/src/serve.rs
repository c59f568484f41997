//! The agent as a service: rounds of checks, and who may look at their outcome.

mod exposition;
mod page;
mod status;
mod unit_metrics;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use service::Life;
use service::http::health_routes;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

use crate::advice::Advice;
use crate::board::{Board, Change, Summary};
use crate::canary::{self, Canaries};
use crate::config::Config;
use crate::facts::Facts;
use crate::facts::host::Clock;
use crate::gate;
use crate::probe::{self, Client};
use crate::reaper;
use crate::verify;
use unit_metrics::UnitMetrics;

/// A health agent that listens, and does not serve yet.
pub struct Agent {
    listener: TcpListener,
    config: Config,
    client: Client,
}

/// What the rounds write and requests read.
#[derive(Clone)]
struct Shared {
    box_name: Arc<str>,
    advice: Arc<Advice>,
    board: Arc<Mutex<Board>>,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent {
    /// Takes its port, and serves nothing yet.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("failed to listen on {}", config.listen))?;
        let client = Client::new(config.timeout).context("failed to make an HTTP client")?;
        Ok(Self {
            listener,
            config,
            client,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the service is to stop.
    pub async fn run(self, life: Life) -> anyhow::Result<()> {
        exposition::describe();
        UnitMetrics::describe();
        canary::exposition::describe();
        reaper::describe();
        gate::exposition::describe();
        verify::exposition::describe();
        let shared = Shared {
            box_name: self.config.box_name.clone().into(),
            advice: Advice::of(&self.config).into(),
            board: Arc::default(),
        };
        let canaries = Canaries::new(&self.config);
        let clock_is_off = AtomicBool::new(false);
        let router = router(shared.clone())
            .merge(canary::router(canaries.clone()))
            .merge(health_routes(&life));
        tokio::select! {
            served = service::http::serve(self.listener, router, life.shutdown()) => served.context("failed to serve HTTP"),
            // a box without collectors has no canaries to send, and one without Pushgateway nothing to tidy: judging goes on
            _ = async {
                tokio::join!(
                    judge(&self.client, &self.config, &shared, &life, &clock_is_off),
                    canaries.send(&self.client, &self.config),
                    reaper::run(&self.client, &self.config, &clock_is_off),
                )
            } => Ok(()),
        }
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route(
            "/",
            get(async |State(shared): State<Shared>| page::render(&shared)),
        )
        .route(
            "/status",
            get(async |State(shared): State<Shared>| status::render(&shared)),
        )
        .with_state(shared)
}

/// The rounds. The watchdog hears of each: a round ends within a few of a request's time-outs.
async fn judge(client: &Client, config: &Config, shared: &Shared, life: &Life, clock_is_off: &AtomicBool) {
    let heartbeat = life.heartbeat(
        "rounds",
        config.interval + 10 * config.timeout + Duration::from_secs(10),
    );
    let mut ages = canary::exposition::Ages::default();
    let mut unit_metrics = UnitMetrics::default();
    let mut ticks = interval(config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let facts = probe::round(client, config).await;
        clock_is_off.store(is_off(&facts), Ordering::Relaxed);
        let (changes, summary, red) = {
            let mut board = shared.board();
            let changes = board.take(&facts);
            exposition::record(&board, &changes);
            unit_metrics.record(&facts);
            ages.record(&facts);
            let summary = Summary::of(board.all().map(|(check, held)| (check, held.reading.verdict)));
            (changes, summary, gate::red::lasting(&board, facts.at))
        };
        gate::exposition::record(&facts);
        verify::exposition::record(&facts);
        for change in &changes {
            log(change, &shared.advice);
        }
        life.status(&summary.line);
        gate::red::record(config, red).await;
        heartbeat.beat();
    }
}

/// Whether the clock is known not to be kept by a time server.
fn is_off(facts: &Facts) -> bool {
    let clock = facts.host.as_ref().and_then(|host| host.clock.as_ref());
    clock.is_some_and(|clock| matches!(clock, Ok(Clock { synchronized: false })))
}

/// One event for each transition, with fields that the journal can be searched by.
fn log(change: &Change, advice: &Advice) {
    let (from, to) = (change.transition.from, change.transition.to);
    let before = from.map_or("unseen", |verdict| verdict.word());
    if to.is_good() && from.is_none() {
        return;
    }
    // the level is part of a call's place, so there is one for each
    macro_rules! event {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                check.id = change.check.id,
                check.category = change.check.category.word(),
                verdict.from = before,
                verdict.to = to.word(),
                evidence = change.evidence,
                fix = change.check.advice(to, advice),
                $message
            )
        };
    }
    match change.check.level(to) {
        0 => event!(info, "check passes"),
        1 => event!(warn, "check needs attention"),
        _ => event!(error, "check fails"),
    }
}
