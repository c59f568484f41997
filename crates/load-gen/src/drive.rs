//! Drives one target: starts each request of the plan at its time, and counts what becomes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use service::Heartbeat;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};
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

/// What the loop has to do next.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Stop,
    Tick,
    /// `None` is a request whose task ended without an outcome: it was aborted.
    Finished(Option<Finished>),
    /// It is time for the next start of the plan.
    Due,
}

/// A request that has come to its end.
#[derive(Debug, PartialEq, Eq)]
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
            match self.event(next.filter(|_| room), &mut ticks, stop).await {
                Event::Stop => break,
                Event::Tick => {
                    self.close_window(window_began.elapsed());
                    window_began = Instant::now();
                }
                Event::Finished(finished) => self.count(finished),
                Event::Due => self.start_due(&mut plan),
            }
        }
        self.finish().await
    }

    /// What comes first. Of several at once, the rare ones go first: under full load there is always a request that
    /// has finished or is due, and neither the end nor the heartbeat may wait for a pause.
    async fn event(
        &mut self,
        next: Option<Planned>,
        ticks: &mut Interval,
        stop: &CancellationToken,
    ) -> Event {
        tokio::select! {
            biased;
            () = stop.cancelled() => Event::Stop,
            _ = ticks.tick() => Event::Tick,
            Some(finished) = self.in_flight.join_next() => Event::Finished(finished.ok()),
            () = until(next), if next.is_some() => Event::Due,
        }
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use service::Life;

    use super::*;
    use crate::pattern::Pattern;
    use crate::rate::Rate;

    fn idle() -> Drive {
        let load = Load {
            target: "http://127.0.0.1:9".parse().unwrap(),
            environment: "qa".to_owned(),
            pattern: Pattern::steady(Rate::try_from(1.0).unwrap()),
        };
        let limits = Limits {
            timeout: Duration::from_secs(1),
            concurrency: NonZeroUsize::MIN,
        };
        let heartbeat = Life::detached().heartbeat("target loop", Duration::from_secs(30));
        Drive::new(load, Arc::new([]), limits, heartbeat)
    }

    #[tokio::test]
    async fn the_end_and_the_heartbeat_do_not_wait_for_requests() {
        let mut drive = idle();
        let finished = || Finished {
            endpoint: 0,
            latency: Duration::ZERO,
            result: Ok(()),
        };
        drive.in_flight.spawn(async move { finished() });
        // on the one thread of this test the task has ended when we go on
        tokio::task::yield_now().await;
        let overdue = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        let next = Some(Planned {
            at: overdue,
            endpoint: 0,
            path: 0,
            faulty: false,
        });
        let mut ticks = tokio::time::interval_at(overdue.into(), STATUS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = CancellationToken::new();
        // all three are there from the beginning
        let mut events = Vec::new();
        for _ in 0..3 {
            events.push(drive.event(next, &mut ticks, &stop).await);
        }
        assert_eq!(
            events,
            [Event::Tick, Event::Finished(Some(finished())), Event::Due]
        );
        stop.cancel();
        assert_eq!(drive.event(next, &mut ticks, &stop).await, Event::Stop);
    }
}
