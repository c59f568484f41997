use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines of the log on the same matter.
const INTERVAL: Duration = Duration::from_mins(1);

/// Counts what may happen often, so that the log tells of it at once but at most once a minute, and then of all of it.
#[derive(Debug, Default)]
pub struct Tally(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    untold: u64,
    told: Option<Instant>,
}

impl Tally {
    /// It has happened `times` more. How often it has happened since it was last told, if it is to be told now.
    pub fn count(&self, times: u64, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.untold = state.untold.saturating_add(times);
        let due = state
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= INTERVAL);
        if !due || state.untold == 0 {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together() {
        let tally = Tally::default();
        let start = Instant::now();
        assert_eq!(tally.count(0, start), None);
        assert_eq!(tally.count(3, start), Some(3));
        assert_eq!(tally.count(2, start + Duration::from_secs(1)), None);
        assert_eq!(tally.count(2, start + Duration::from_secs(59)), None);
        assert_eq!(tally.count(0, start + Duration::from_mins(1)), Some(4));
        assert_eq!(tally.count(0, start + Duration::from_mins(5)), None);
        assert_eq!(tally.count(1, start + Duration::from_mins(5)), Some(1));
    }
}
