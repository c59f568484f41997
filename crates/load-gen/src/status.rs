use std::time::Duration;

use crate::config::Load;
use crate::tally::{Failure, Tally};

/// The lines in the log about one target.
#[derive(Debug)]
pub(crate) struct Status {
    target: String,
    environment: String,
    /// Whether it answered anything of late.
    answers: bool,
}

impl Status {
    pub(crate) fn new(load: &Load) -> Self {
        Self {
            target: load.target.to_string(),
            environment: load.environment.clone(),
            answers: true,
        }
    }

    /// Tells how the last stretch of time went. A target that is down is told of once, and not at each request.
    pub(crate) fn tell(&mut self, window: &Tally, length: Duration, in_flight: usize) {
        let all = window.all();
        let (requests, failed) = (all.requests(), all.failed());
        let silent =
            [Failure::NoConnection, Failure::TimedOut, Failure::Dropped].map(|failure| all.of(failure));
        let answers = requests == 0 || silent.iter().sum::<u64>() < requests;
        if self.answers && !answers {
            tracing::warn!(
                target.url = self.target,
                "the target does not answer any more, trying on"
            );
        } else if answers && !self.answers {
            tracing::info!(target.url = self.target, "the target answers again");
        }
        self.answers = answers;
        let milliseconds = |q: f64| Some(tenths(all.latencies.quantile(q)?.as_secs_f64() * 1e3));
        tracing::info!(
            target.environment = self.environment,
            target.url = self.target,
            requests.per_second = tenths(requests as f64 / length.as_secs_f64()),
            requests.failed = failed,
            requests.in_flight = in_flight,
            starts.late = window.late,
            starts.dropped = all.of(Failure::Dropped),
            latency.p50_ms = milliseconds(0.50),
            latency.p95_ms = milliseconds(0.95),
            "load"
        );
    }
}

/// To be read, not to be reckoned with.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
