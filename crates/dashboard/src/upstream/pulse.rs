use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::UpstreamError;

/// Whether the store answers.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    answered_at: Option<Instant>,
    /// Why the last query was not answered, if it was not.
    failure: Option<UpstreamError>,
}

impl Pulse {
    /// Takes note of a query's outcome. Logs when the store stops answering, and when it answers again: not each query
    /// that fails.
    pub(super) fn note<T>(&self, outcome: Result<T, UpstreamError>) -> Result<T, UpstreamError> {
        let mut state = self.state();
        match &outcome {
            Ok(_) => {
                state.answered_at = Some(Instant::now());
                if state.failure.take().is_some() {
                    tracing::info!("metrics store answers again");
                }
            }
            Err(error) => {
                if state.failure.replace(error.clone()).is_none() {
                    tracing::warn!(error = %error, "metrics store does not answer");
                }
            }
        }
        outcome
    }

    /// Why a query is turned away that has waited for others to end, for `limit` since `since`. Others end late when the
    /// store fails them: then that is the reason, and not that there are many.
    pub(super) fn refusal(&self, since: Instant, limit: Duration) -> UpstreamError {
        let state = self.state();
        match &state.failure {
            Some(failure) => failure.clone(),
            None if state.answered_at.is_some_and(|at| at >= since) => UpstreamError::Busy,
            None => UpstreamError::TimedOut(limit),
        }
    }

    /// A panic elsewhere leaves it whole: nothing between two changes of it can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    #[track_caller]
    fn check(pulse: &Pulse, since: Instant, kind: &str) {
        assert_eq!(pulse.refusal(since, LIMIT).kind(), kind);
    }

    #[test]
    fn many_queries_are_the_reason_only_while_the_store_answers() {
        let pulse = Pulse::default();
        let before = Instant::now();
        check(&pulse, before, "timed_out");
        let _ = pulse.note(Ok(()));
        check(&pulse, before, "busy");
        let after = Instant::now() + LIMIT;
        check(&pulse, after, "timed_out");
        let _ = pulse.note::<()>(Err(UpstreamError::Garbled("nothing".to_owned())));
        check(&pulse, before, "garbled");
        let _ = pulse.note(Ok(()));
        check(&pulse, before, "busy");
    }
}
