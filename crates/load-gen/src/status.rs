use std::time::Duration;

use crate::config::Load;
use crate::tally::{Counts, Failure, Tally};

/// The lines in the log about one target.
#[derive(Debug)]
pub(crate) struct Status {
    target: String,
    environment: String,
    presence: Presence,
}

/// Whether the target answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Answering,
    Silent,
}

impl Presence {
    /// What these requests say of it: nothing, if there were none. An answer that says no is one, too.
    fn shown_by(counts: &Counts) -> Option<Self> {
        let unanswered = [
            Failure::NoConnection,
            Failure::TimedOut,
            Failure::Broken,
            Failure::Dropped,
        ];
        let unanswered: u64 = unanswered.map(|failure| counts.of(failure)).iter().sum();
        match counts.requests() {
            0 => None,
            requests if unanswered < requests => Some(Self::Answering),
            _ => Some(Self::Silent),
        }
    }

    /// Takes over what the requests say, and returns it if it is news.
    fn follow(&mut self, counts: &Counts) -> Option<Self> {
        let shown = Self::shown_by(counts).filter(|shown| shown != self)?;
        *self = shown;
        Some(shown)
    }
}

impl Status {
    pub(crate) fn new(load: &Load) -> Self {
        Self {
            target: load.target.to_string(),
            environment: load.environment.clone(),
            presence: Presence::Answering,
        }
    }

    /// Tells how the last stretch of time went. A target that is down is told of once, and not at each request.
    pub(crate) fn tell(&mut self, window: &Tally, length: Duration, in_flight: usize) {
        let all = window.all();
        let (requests, failed) = (all.requests(), all.failed());
        match self.presence.follow(&all) {
            Some(Presence::Silent) => tracing::warn!(
                target.url = self.target,
                "the target does not answer any more, trying on"
            ),
            Some(Presence::Answering) => {
                tracing::info!(target.url = self.target, "the target answers again");
            }
            None => {}
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(results: &[Result<(), Failure>]) -> Counts {
        let mut tally = Tally::of(1);
        for &result in results {
            tally.record(0, Duration::from_millis(1), result);
        }
        tally.all()
    }

    #[test]
    fn a_target_is_silent_if_no_request_has_an_answer() {
        let refused = Err(Failure::NoConnection);
        for failure in [Failure::TimedOut, Failure::Broken, Failure::Dropped] {
            assert_eq!(
                Presence::shown_by(&counts(&[refused, Err(failure)])),
                Some(Presence::Silent),
                "{failure:?}"
            );
        }
        for answer in [Ok(()), Err(Failure::Status(503))] {
            assert_eq!(
                Presence::shown_by(&counts(&[refused, answer])),
                Some(Presence::Answering),
                "{answer:?}"
            );
        }
    }

    #[test]
    fn silence_lasts_until_something_answers() {
        let nothing = counts(&[]);
        let refused = counts(&[Err(Failure::NoConnection)]);
        let answered = counts(&[Ok(())]);
        let mut presence = Presence::Answering;
        let news = [
            &nothing, &answered, &refused, &nothing, &refused, &nothing, &answered,
        ]
        .map(|window| presence.follow(window));
        assert_eq!(
            news,
            [
                None,
                None,
                Some(Presence::Silent),
                None,
                None,
                None,
                Some(Presence::Answering)
            ]
        );
    }
}
