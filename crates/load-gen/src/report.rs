//! What the run amounted to, as numbers and as a table.

use std::fmt;
use std::time::Duration;

use crate::config::Load;
use crate::tally::{Counts, Failure, Tally};

mod table;

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of the configuration.
    pub targets: Vec<TargetReport>,
}

/// What became of the requests to one target.
#[derive(Debug)]
pub struct TargetReport {
    /// Its URL.
    pub target: String,
    /// The environment whose pattern it got.
    pub environment: String,
    pattern: String,
    elapsed: Duration,
    endpoints: Vec<String>,
    tally: Tally,
}

/// Requests, failures and latencies of an endpoint, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Those that were meant to start and came to an end, dropped ones included.
    pub requests: u64,
    /// Those that were answered with a status from 400 on, or not at all.
    pub failed: u64,
    /// Half of the requests took no longer.
    pub p50: Option<Duration>,
    /// 95 % of the requests took no longer.
    pub p95: Option<Duration>,
    /// 99 % of the requests took no longer.
    pub p99: Option<Duration>,
    /// No request took longer.
    pub max: Option<Duration>,
}

impl TargetReport {
    pub(crate) fn new(load: &Load, elapsed: Duration, endpoints: Vec<String>, tally: Tally) -> Self {
        Self {
            target: load.target.to_string(),
            environment: load.environment.clone(),
            pattern: load.pattern.shape.to_string(),
            elapsed,
            endpoints,
            tally,
        }
    }

    /// Of one endpoint, by its name: `GET /api/search`.
    pub fn endpoint(&self, name: &str) -> Option<Summary> {
        let index = self.endpoints.iter().position(|endpoint| endpoint == name)?;
        Some(Summary::of(&self.tally.endpoints[index]))
    }

    /// Of all endpoints together.
    pub fn all(&self) -> Summary {
        Summary::of(&self.tally.all())
    }

    /// How many requests were answered with this status.
    pub fn answered_with(&self, status: u16) -> u64 {
        self.tally.all().of(Failure::Status(status))
    }

    /// How many requests were never sent, because there was no room for them within their time-out.
    pub fn dropped(&self) -> u64 {
        self.tally.all().of(Failure::Dropped)
    }

    /// How many requests were not answered in time.
    pub fn timed_out(&self) -> u64 {
        self.tally.all().of(Failure::TimedOut)
    }

    /// How many requests started noticeably later than they were meant to.
    pub fn late(&self) -> u64 {
        self.tally.late
    }

    /// How many requests were cut off at the end.
    pub fn unfinished(&self) -> u64 {
        self.tally.unfinished
    }
}

impl Summary {
    fn of(counts: &Counts) -> Self {
        Self {
            requests: counts.requests(),
            failed: counts.failed(),
            p50: counts.latencies.quantile(0.50),
            p95: counts.latencies.quantile(0.95),
            p99: counts.latencies.quantile(0.99),
            max: counts.latencies.max(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, target) in self.targets.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            table::write(f, target)?;
        }
        Ok(())
    }
}
