use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use service::{Heartbeat, Life};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::answer::{NoAnswer, wait_for_answer};
use crate::config::{Config, Limits, Load};
use crate::drive::Drive;
use crate::endpoint::Endpoint;
use crate::plan::Plan;
use crate::report::{Report, TargetReport};
use crate::schedule::Schedule;

/// A target's loop beats at least this often, whatever its target does.
const PULSE: Duration = Duration::from_secs(30);

/// Puts all targets under load until the time is over or the service is asked to stop. The report holds what was
/// counted even if the run failed.
pub async fn run(config: Config, life: Life) -> (Report, anyhow::Result<()>) {
    let Config {
        loads,
        limits,
        endpoints,
        duration,
        wait,
        seed,
    } = config;
    let names: Vec<String> = loads
        .iter()
        .map(|load| format!("{} {}", load.environment, load.target))
        .collect();
    tracing::info!(seed, "what is sent can be repeated with this seed");
    life.ready(&format!("sending to {}", names.join(", ")));

    // the end of the service ends the targets, and so does the failure of one
    let stop = CancellationToken::new();
    let mut targets = JoinSet::new();
    for (index, load) in loads.into_iter().enumerate() {
        let heartbeat = life.heartbeat("target loop", PULSE);
        let target = TargetRun {
            load,
            limits,
            endpoints: Arc::clone(&endpoints),
            duration,
            wait,
            heartbeat,
        };
        let stop = stop.clone();
        targets.spawn(async move { (index, target.run(seed.wrapping_add(index as u64), stop).await) });
    }
    let mut reports = Vec::new();
    let mut outcome = Ok(());
    let mut shutdown = std::pin::pin!(life.shutdown());
    loop {
        let ended = tokio::select! {
            () = &mut shutdown, if !stop.is_cancelled() => {
                stop.cancel();
                continue;
            }
            ended = targets.join_next() => ended,
        };
        let failure = match ended {
            None => break,
            Some(Ok((index, Ok(report)))) => {
                reports.extend(report.map(|report| (index, report)));
                continue;
            }
            Some(Ok((_, Err(no_answer)))) => anyhow::Error::from(no_answer),
            Some(Err(panicked)) => anyhow::Error::from(panicked),
        };
        stop.cancel();
        if outcome.is_ok() {
            outcome = Err(failure).context("failed to send load");
        }
    }
    reports.sort_unstable_by_key(|(index, _)| *index);
    (
        Report {
            targets: reports.into_iter().map(|(_, report)| report).collect(),
        },
        outcome,
    )
}

/// All that one target needs.
struct TargetRun {
    load: Load,
    limits: Limits,
    endpoints: Arc<[Endpoint]>,
    duration: Option<Duration>,
    wait: Option<Duration>,
    heartbeat: Heartbeat,
}

impl TargetRun {
    /// Waits for the target, then sends. `None` if it was stopped before the target answered.
    async fn run(self, seed: u64, stop: CancellationToken) -> Result<Option<TargetReport>, NoAnswer> {
        let Self {
            load,
            limits,
            endpoints,
            duration,
            wait,
            heartbeat,
        } = self;
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            answered = wait_for_answer(&load.target, wait, &heartbeat) => answered?,
        }
        tracing::info!(target.url = %load.target, pattern = %load.pattern.shape, "sending");
        let began = Instant::now();
        let schedule = Schedule::new(&load.pattern.shape, began, duration, seed);
        let plan = Plan::new(schedule, &endpoints, load.pattern.fault_ratio, seed);
        let names = endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
        let tally = Drive::new(load.clone(), endpoints, limits, heartbeat)
            .run(plan, &stop)
            .await;
        // a plan that came to its end has the length that was asked for, not that of its last answer
        let elapsed = duration
            .filter(|_| !stop.is_cancelled())
            .unwrap_or_else(|| began.elapsed());
        Ok(Some(TargetReport::new(&load, elapsed, names, tally)))
    }
}
