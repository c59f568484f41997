//! When to stop waiting. Pure.

use std::time::{Duration, Instant};

use super::standing::Standing;

/// Waits until nothing has stood in the way for a while, or until the time is over.
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
    /// However long something that takes its time takes.
    limit: Instant,
    settle: Duration,
    clear: Option<Clear>,
}

/// Rounds in a row in which nothing stood in the way.
#[derive(Debug, Clone, Copy)]
struct Clear {
    since: Instant,
    rounds: u32,
}

/// What to do after a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    On,
    Over(Standing),
}

/// However short the while is: a service that crashes again and again is up for a moment each time.
const ENOUGH: u32 = 2;

/// Whatever is still starting: somebody has to be told at last. A start of Prometheus after a power cut takes some minutes.
const LIMIT: Duration = Duration::from_mins(30);

impl Patience {
    pub(super) fn new(now: Instant, wait: Duration, settle: Duration) -> Self {
        Self {
            until: now + wait,
            limit: now + LIMIT.max(wait),
            settle,
            clear: None,
        }
    }

    /// `standing` is the worst of the round; `is_starting`: something takes its time, and that is no fault. After the time is over, what was
    /// clear so far may prove itself, and the next round that is not clear decides.
    pub(super) fn round(&mut self, standing: Standing, is_starting: bool, now: Instant) -> Wait {
        if standing == Standing::Clear {
            let clear = self.clear.get_or_insert(Clear {
                since: now,
                rounds: 0,
            });
            clear.rounds += 1;
            return if clear.rounds >= ENOUGH && now - clear.since >= self.settle {
                Wait::Over(Standing::Clear)
            } else {
                Wait::On
            };
        }
        self.clear = None;
        let until = if is_starting { self.limit } else { self.until };
        if now >= until {
            Wait::Over(standing)
        } else {
            Wait::On
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Against, Clear, Waited};

    const NEVER: (Wait, usize) = (Wait::On, 0);

    /// The outcome of rounds one second apart, and after how many it was there, with three seconds of time.
    fn outcome(settle: u64, rounds: &[Standing]) -> (Wait, usize) {
        let start = Instant::now();
        let mut patience = Patience::new(start, Duration::from_secs(3), Duration::from_secs(settle));
        for (index, &standing) in rounds.iter().enumerate() {
            let now = start + Duration::from_secs(index as u64);
            match patience.round(standing, false, now) {
                Wait::On => {}
                over @ Wait::Over(_) => return (over, index + 1),
            }
        }
        NEVER
    }

    #[test]
    fn it_is_well_when_it_was_so_for_a_while_without_a_break() {
        let well = |rounds| (Wait::Over(Clear), rounds);
        assert_eq!(outcome(0, &[Clear]), NEVER);
        assert_eq!(outcome(0, &[Clear, Clear]), well(2));
        assert_eq!(outcome(2, &[Clear, Clear]), NEVER);
        assert_eq!(outcome(2, &[Clear, Clear, Clear]), well(3));
        assert_eq!(outcome(1, &[Clear, Against, Clear, Clear]), well(4));
        assert_eq!(outcome(1, &[Clear, Waited, Clear, Clear]), well(4));
        // it may prove itself when the time is over
        assert_eq!(
            outcome(9, &[Clear; 10]),
            well(10),
            "the while is longer than the time"
        );
    }

    #[test]
    fn the_time_ends_it_and_what_is_clear_then_has_to_last() {
        let over = |standing, rounds| (Wait::Over(standing), rounds);
        assert_eq!(outcome(1, &[Against; 9]), over(Against, 4));
        assert_eq!(outcome(1, &[Waited; 9]), over(Waited, 4));
        assert_eq!(
            outcome(1, &[Against, Against, Against, Clear, Clear]),
            over(Clear, 5)
        );
        assert_eq!(
            outcome(5, &[Against, Against, Against, Clear, Clear, Against]),
            over(Against, 6)
        );
        // a service that is well for two seconds, again and again
        let comes_and_goes = [Clear, Clear, Against, Clear, Clear, Against];
        assert_eq!(outcome(2, &comes_and_goes), over(Against, 6));
    }

    #[test]
    fn what_is_still_starting_gets_its_time_and_no_more() {
        let start = Instant::now();
        let mut patience = Patience::new(start, Duration::from_secs(3), Duration::ZERO);
        let mut round =
            |is_starting, seconds| patience.round(Against, is_starting, start + Duration::from_secs(seconds));
        assert_eq!(round(true, 3), Wait::On);
        assert_eq!(round(true, 600), Wait::On);
        assert_eq!(round(false, 601), Wait::Over(Against), "it has ended");
        assert_eq!(round(true, LIMIT.as_secs()), Wait::Over(Against));
    }
}
