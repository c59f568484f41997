use std::collections::BTreeMap;
use std::time::Duration;

use crate::histogram::Histogram;

/// What became of the requests to one target. One task owns it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// In the order of the endpoints.
    pub(crate) endpoints: Vec<Counts>,
    /// So many began later than they were meant to.
    pub(crate) late: u64,
    /// The largest delay between the intended and the real start.
    pub(crate) latest: Duration,
    /// So many were still on their way at the end.
    pub(crate) unfinished: u64,
}

/// What became of the requests to one endpoint.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) succeeded: u64,
    pub(crate) failures: BTreeMap<Failure, u64>,
    /// From the intended start to the end of the response, of all but those that found no connection: these fail at
    /// once, and would make a target that is down look fast.
    pub(crate) latencies: Histogram,
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// The status of the answer, from 400 on.
    Status(u16),
    /// There was no answer in time.
    TimedOut,
    /// The connection broke during the exchange.
    Broken,
    /// There was no connection.
    NoConnection,
    /// It was never sent: when there was room for it, its time-out was over.
    Dropped,
}

impl Tally {
    pub(crate) fn of(endpoints: usize) -> Self {
        Self {
            endpoints: vec![Counts::default(); endpoints],
            ..Self::default()
        }
    }

    pub(crate) fn record(&mut self, endpoint: usize, latency: Duration, result: Result<(), Failure>) {
        let counts = &mut self.endpoints[endpoint];
        match result {
            Ok(()) => counts.succeeded += 1,
            Err(failure) => *counts.failures.entry(failure).or_default() += 1,
        }
        if result != Err(Failure::NoConnection) {
            counts.latencies.record(latency);
        }
    }

    pub(crate) fn started_late(&mut self, by: Duration) {
        self.late += 1;
        self.latest = self.latest.max(by);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.endpoints
            .iter_mut()
            .zip(&other.endpoints)
            .for_each(|(counts, more)| counts.merge(more));
        self.late += other.late;
        self.latest = self.latest.max(other.latest);
        self.unfinished += other.unfinished;
    }

    /// All endpoints together.
    pub(crate) fn all(&self) -> Counts {
        let mut all = Counts::default();
        self.endpoints.iter().for_each(|counts| all.merge(counts));
        all
    }
}

impl Counts {
    pub(crate) fn requests(&self) -> u64 {
        self.succeeded + self.failed()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    pub(crate) fn of(&self, failure: Failure) -> u64 {
        self.failures.get(&failure).copied().unwrap_or(0)
    }

    fn merge(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        self.latencies.merge(&other.latencies);
    }
}
