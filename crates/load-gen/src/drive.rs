//! Drives one target: starts each request of the plan at its time, and counts what becomes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use service::Heartbeat;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::config::{Limits, Load};
use crate::endpoint::Endpoint;
use crate::plan::{Plan, Planned};
use crate::status::Status;
use crate::tally::{Failure, Tally};

/// How often a line in the log says how it goes.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// After the end, requests on their way have this long, less than the 10 s that a service has to stop.
const DRAIN: Duration = Duration::from_secs(6);

/// tokio's timer is that coarse. A start that is late by no more is late because of us, and not because of the target:
/// its latency counts from when it really began.
const TIMER_RESOLUTION: Duration = Duration::from_millis(2);

/// From here on a start counts as late.
const LATE: Duration = Duration::from_millis(10);

/// A target under load.
pub(crate) struct Drive {
    load: Load,
    client: Client,
    endpoints: usize,
    limits: Limits,
    heartbeat: Heartbeat,
    in_flight: JoinSet<Finished>,
    /// Since the last status line.
    window: Tally,
    total: Tally,
    status: Status,
}

/// A request that has come to its end.
struct Finished {
    endpoint: usize,
    latency: Duration,
    result: Result<(), Failure>,
}

impl Drive {
    pub(crate) fn new(load: Load, endpoints: Arc<[Endpoint]>, limits: Limits, heartbeat: Heartbeat) -> Self {
        let count = endpoints.len();
        Self {
            client: Client::new(&load.target, endpoints, limits),
            status: Status::new(&load),
            load,
            endpoints: count,
            limits,
            heartbeat,
            in_flight: JoinSet::new(),
            window: Tally::of(count),
            total: Tally::of(count),
        }
    }

    /// Follows the plan to its end or until `stop`, and returns what was counted.
    ///
    /// Requests that find all places taken wait in the plan, which is no queue in memory; those that wait longer than
    /// their time-out are dropped, and counted as failed.
    pub(crate) async fn run(mut self, plan: Plan, stop: &CancellationToken) -> Tally {
        let mut plan = plan.peekable();
        let first = tokio::time::Instant::now() + STATUS_INTERVAL;
        let mut ticks = tokio::time::interval_at(first, STATUS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut window_began = Instant::now();
        loop {
            let room = self.in_flight.len() < self.limits.concurrency.get();
            let next = plan.peek().copied();
            if next.is_none() && self.in_flight.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(finished) = self.in_flight.join_next() => self.count(finished.ok()),
                () = until(next), if room && next.is_some() => self.start_due(&mut plan),
                _ = ticks.tick() => {
                    self.close_window(window_began.elapsed());
                    window_began = Instant::now();
                }
            }
        }
        self.finish().await
    }

    /// Starts all requests whose time has come, as far as there is room.
    fn start_due(&mut self, plan: &mut std::iter::Peekable<Plan>) {
        let now = Instant::now();
        while self.in_flight.len() < self.limits.concurrency.get() {
            let Some(planned) = plan.next_if(|planned| planned.at <= now) else {
                return;
            };
            let lag = now.saturating_duration_since(planned.at);
            if lag > LATE {
                self.window.started_late(lag);
            }
            if lag > self.limits.timeout {
                self.window.record(planned.endpoint, lag, Err(Failure::Dropped));
            } else {
                let from = if lag > TIMER_RESOLUTION { planned.at } else { now };
                self.in_flight.spawn(request(self.client.clone(), planned, from));
            }
        }
    }

    /// `None` is a request whose task ended without an outcome: it was aborted.
    fn count(&mut self, finished: Option<Finished>) {
        match finished {
            Some(Finished {
                endpoint,
                latency,
                result,
            }) => self.window.record(endpoint, latency, result),
            None => self.window.unfinished += 1,
        }
    }

    fn close_window(&mut self, length: Duration) {
        self.heartbeat.beat();
        self.status.tell(&self.window, length, self.in_flight.len());
        let window = std::mem::replace(&mut self.window, Tally::of(self.endpoints));
        self.total.merge(&window);
    }

    /// Lets requests on their way come to their end.
    async fn finish(mut self) -> Tally {
        let drained = async {
            while let Some(finished) = self.in_flight.join_next().await {
                self.count(finished.ok());
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(target.url = %self.load.target, requests = self.in_flight.len(), "requests were cut off");
        }
        self.window.unfinished += self.in_flight.len() as u64;
        self.total.merge(&self.window);
        self.total
    }
}

async fn until(next: Option<Planned>) {
    if let Some(planned) = next {
        tokio::time::sleep_until(planned.at.into()).await;
    }
}

async fn request(client: Client, planned: Planned, from: Instant) -> Finished {
    let result = client.send(planned).await;
    Finished {
        endpoint: planned.endpoint,
        latency: from.elapsed(),
        result,
    }
}
