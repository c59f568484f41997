//! Drives requests over several connections: each body once, as fast as they are taken, or at a rate that does not wait.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use bench_shared::send::{Answer, Sender, Transport, connect};

use crate::body::{Body, Totals};

/// A connection that fails this many times in a row is given up.
const MAX_FAILURES: u32 = 5;

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each body once.
    Once,
    /// As fast as they are answered, for a time.
    Saturating(Duration),
    /// At times that were fixed before, for a time: whatever waits behind a slow answer waits from then on.
    Rate { per_second: f64, duration: Duration },
}

/// Where bodies go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
}

/// The bodies that are not on their way.
#[derive(Debug)]
pub(crate) struct Bodies {
    waiting: Mutex<VecDeque<Body>>,
    /// Whether a body is made anew of other series each time: the next number.
    renumber: Option<AtomicU64>,
}

/// What became of the points that were sent.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Sent {
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    /// Points.
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) refused: u64,
    /// Points of which nobody knows.
    pub(crate) lost: u64,
    /// What was said first of those that were not accepted.
    pub(crate) reason: Option<String>,
    /// Whether every refusal said when to try again.
    pub(crate) has_retry_after: bool,
    /// From the moment at which a request was to start to its answer, in microseconds, sorted.
    #[serde(skip)]
    pub(crate) latencies: Vec<u32>,
}

impl Sent {
    /// Accepted points in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.accepted as f64 / self.seconds
    }

    pub(crate) fn points(&self) -> u64 {
        self.accepted + self.rejected + self.refused + self.lost
    }

    /// The latency that this share of requests did not exceed, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (self.latencies.len() as f64 * share).ceil() as usize;
        let micros = self.latencies.get(rank.max(1) - 1).copied().unwrap_or(0);
        f64::from(micros) / 1000.0
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.refused += other.refused;
        self.lost += other.lost;
        self.reason = self.reason.take().or(other.reason);
        self.has_retry_after &= other.has_retry_after;
        self.latencies.extend(other.latencies);
    }
}

impl Bodies {
    pub(crate) fn new(bodies: Vec<Body>) -> Self {
        Self {
            waiting: Mutex::new(bodies.into()),
            renumber: None,
        }
    }

    /// Bodies that are series never seen before, each time that they are sent.
    pub(crate) fn always_new(bodies: Vec<Body>) -> Self {
        Self {
            renumber: Some(AtomicU64::new(0)),
            ..Self::new(bodies)
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// What the collector is to show; `None` if nobody knows.
    pub(crate) fn expected(&self) -> Option<Totals> {
        let mut all = Totals::default();
        for body in self.lock().iter() {
            all += body.expected()?;
        }
        Some(all)
    }

    /// Sends bodies until the pace ends.
    pub(crate) fn drive(&self, target: Target, pace: Pace) -> anyhow::Result<Sent> {
        let schedule = Schedule::new(pace, self.len() as u64);
        let connections = target.connections.min(self.len());
        let mut sent = Sent {
            has_retry_after: true,
            ..Sent::default()
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..connections)
                .map(|_| scope.spawn(|| self.work(target, &schedule)))
                .collect();
            for worker in workers {
                sent.add(worker.join().expect("workers do not panic")?);
            }
            anyhow::Ok(())
        })?;
        sent.seconds = schedule.start.elapsed().as_secs_f64();
        sent.latencies.sort_unstable();
        Ok(sent)
    }

    fn work(&self, target: Target, schedule: &Schedule) -> anyhow::Result<Sent> {
        let Target {
            transport, address, ..
        } = target;
        let mut sender = connect(transport, address)?;
        let mut sent = Sent {
            has_retry_after: true,
            ..Sent::default()
        };
        let mut failures = 0;
        while let Some(intended) = schedule.next() {
            std::thread::sleep(intended.saturating_duration_since(Instant::now()));
            let mut body = self
                .lock()
                .pop_front()
                .context("there are as many bodies as connections")?;
            if let Some(next) = &self.renumber {
                let numbers = body.numbers();
                body.renumber(next.fetch_add(numbers as u64, Ordering::Relaxed) as usize);
            }
            match exchange(sender.as_mut(), &mut body, &mut sent) {
                Ok(()) => failures = 0,
                Err(error) => {
                    sent.lost += body.points;
                    sent.reason.get_or_insert_with(|| format!("{error:#}"));
                    failures += 1;
                    if failures == MAX_FAILURES {
                        return Err(error.context("requests go unanswered"));
                    }
                    sender = connect(transport, address)?;
                }
            }
            self.lock().push_back(body);
            sent.requests += 1;
            let micros = intended.elapsed().as_micros();
            sent.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
        Ok(sent)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Body>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn exchange(sender: &mut dyn Sender, body: &mut Body, sent: &mut Sent) -> anyhow::Result<()> {
    let now = now();
    body.advance(now);
    let answer = sender.send(&body.bytes).inspect_err(|_| body.doubt())?;
    match answer {
        Answer::Taken { rejected: 0, .. } => {
            sent.accepted += body.points;
            body.accept(now);
        }
        Answer::Taken { rejected, message } => {
            sent.accepted += body.points - rejected;
            sent.rejected += rejected;
            sent.reason.get_or_insert(message);
            body.doubt();
        }
        Answer::Refused {
            message,
            has_retry_after,
        } => {
            sent.refused += body.points;
            sent.reason.get_or_insert(message);
            sent.has_retry_after &= has_retry_after;
        }
    }
    Ok(())
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

/// When each request is to start.
struct Schedule {
    pace: Pace,
    start: Instant,
    bodies: u64,
    taken: AtomicU64,
}

impl Schedule {
    fn new(pace: Pace, bodies: u64) -> Self {
        Self {
            pace,
            start: Instant::now(),
            bodies,
            taken: AtomicU64::new(0),
        }
    }

    /// When the next request is to start; `None` after the last.
    fn next(&self) -> Option<Instant> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        match self.pace {
            Pace::Once => (number < self.bodies).then_some(now),
            Pace::Saturating(duration) => (now.duration_since(self.start) < duration).then_some(now),
            Pace::Rate { per_second, duration } => {
                let offset = Duration::from_secs_f64(number as f64 / per_second);
                // what could not be sent in time is not sent any more
                let is_over = offset >= duration || now.duration_since(self.start) >= duration;
                (!is_over).then(|| self.start + offset)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_does_not_depend_on_answers() {
        let duration = Duration::from_secs(2);
        let schedule = Schedule::new(
            Pace::Rate {
                per_second: 2.0,
                duration,
            },
            1,
        );
        let starts: Vec<_> = std::iter::from_fn(|| schedule.next()).collect();
        let half = Duration::from_millis(500);
        assert_eq!(starts, [0, 1, 2, 3].map(|number| schedule.start + number * half));
    }

    #[test]
    fn once_is_each_body_once() {
        let schedule = Schedule::new(Pace::Once, 3);
        assert_eq!(std::iter::from_fn(|| schedule.next()).count(), 3);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let sent = Sent {
            latencies: (1..=200).map(|millis| millis * 1000).collect(),
            ..Sent::default()
        };
        assert_eq!(
            [0.5, 0.99, 1.0].map(|share| sent.quantile(share).round() as u64),
            [100, 198, 200]
        );
        assert_eq!(Sent::default().quantile(0.5).round() as u64, 0);
    }
}
