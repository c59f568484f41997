use std::time::{Duration, Instant};

/// Watches whether something works, and says when that is worth a line in the log: at the first failure, once a minute
/// while it lasts, and at the end.
#[derive(Debug, Default)]
pub(crate) struct Outage(Option<Since>);

#[derive(Debug)]
struct Since {
    began: Instant,
    told: Instant,
}

/// How often a lasting outage is mentioned.
const REMINDER: Duration = Duration::from_mins(1);

impl Outage {
    /// It failed. For how long it has been failing, if that should be said now.
    pub(crate) fn failed(&mut self, now: Instant) -> Option<Duration> {
        let since = match &mut self.0 {
            Some(since) if now.saturating_duration_since(since.told) < REMINDER => return None,
            Some(since) => since,
            none => none.insert(Since {
                began: now,
                told: now,
            }),
        };
        since.told = now;
        Some(now.saturating_duration_since(since.began))
    }

    /// It worked. How long it had not, if it had not.
    pub(crate) fn worked(&mut self, now: Instant) -> Option<Duration> {
        self.0
            .take()
            .map(|since| now.saturating_duration_since(since.began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_at_the_beginning_every_minute_and_at_the_end() {
        let (mut outage, start) = (Outage::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(outage.worked(start), None);
        let told: Vec<u64> = (0..=130)
            .step_by(5)
            .filter_map(|second| Some(outage.failed(at(second))?.as_secs()))
            .collect();
        assert_eq!(told, [0, 60, 120]);
        assert_eq!(outage.worked(at(131)), Some(Duration::from_secs(131)));
        assert_eq!(outage.worked(at(132)), None);
        assert_eq!(outage.failed(at(133)), Some(Duration::ZERO));
    }
}
