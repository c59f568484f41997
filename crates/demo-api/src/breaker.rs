//! A circuit breaker as a pure state machine: it is asked before each call and told its outcome, with the time.
//!
//! ```text
//!            `failures` in a row                 after `open_for`, one call is let through
//!  closed ─────────────────────────► open ─────────────────────────────────► half-open
//!    ▲                                ▲                                          │   │
//!    │                                └───────────────── it failed ──────────────┘   │
//!    └─────────────────────────────────── it succeeded ──────────────────────────────┘
//! ```

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thresholds {
    /// This many failures in a row open it.
    pub(crate) failures: NonZeroU32,
    /// After this time one call may try again.
    pub(crate) open_for: Duration,
}

#[derive(Debug)]
pub(crate) struct Breaker {
    thresholds: Thresholds,
    state: State,
}

/// What the breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Lets all through; so many failed in a row.
    Closed { failures: u32 },
    /// Lets none through before `until`.
    Open { until: Instant },
    /// One call is on its way. If its outcome is not known by `deadline` (the caller went away), another may try.
    HalfOpen { deadline: Instant },
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half-open",
        }
    }
}

/// The breaker does not let this call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Not worth trying again earlier.
    pub(crate) retry_after: Duration,
}

impl Breaker {
    pub(crate) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            state: State::Closed { failures: 0 },
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// May a call go out now?
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), Refused> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until: wait } | State::HalfOpen { deadline: wait } if now < wait => Err(Refused {
                retry_after: wait - now,
            }),
            State::Open { .. } | State::HalfOpen { .. } => {
                self.state = State::HalfOpen {
                    deadline: now + self.thresholds.open_for,
                };
                Ok(())
            }
        }
    }

    /// A call succeeded. One that went out before the breaker opened proves nothing about now.
    pub(crate) fn succeeded(&mut self) {
        if !matches!(self.state, State::Open { .. }) {
            self.state = State::Closed { failures: 0 };
        }
    }

    /// A call failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        let open = State::Open {
            until: now + self.thresholds.open_for,
        };
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < self.thresholds.failures.get() => State::Closed {
                failures: failures + 1,
            },
            State::Closed { .. } | State::HalfOpen { .. } => open,
            still_open @ State::Open { .. } => still_open,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_FOR: Duration = Duration::from_secs(10);

    fn breaker() -> Breaker {
        let failures = NonZeroU32::new(3).unwrap();
        Breaker::new(Thresholds {
            failures,
            open_for: OPEN_FOR,
        })
    }

    #[test]
    fn opens_after_failures_in_a_row_and_not_by_their_sum() {
        let (mut breaker, now) = (breaker(), Instant::now());
        for _ in 0..10 {
            breaker.failed(now);
            breaker.failed(now);
            breaker.succeeded();
        }
        assert_eq!(breaker.state(), State::Closed { failures: 0 });
        for _ in 0..3 {
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.failed(now);
        }
        assert_eq!(
            breaker.state(),
            State::Open {
                until: now + OPEN_FOR
            }
        );
        let later = now + Duration::from_secs(4);
        assert_eq!(
            breaker.admit(later),
            Err(Refused {
                retry_after: Duration::from_secs(6)
            })
        );
    }

    #[test]
    fn half_open_lets_one_through_and_believes_it() {
        let (mut breaker, now) = (breaker(), Instant::now());
        (0..3).for_each(|_| breaker.failed(now));
        let trial = now + OPEN_FOR;
        assert_eq!(breaker.admit(trial), Ok(()));
        assert_eq!(breaker.state().name(), "half-open");
        assert_eq!(
            breaker.admit(trial),
            Err(Refused {
                retry_after: OPEN_FOR
            })
        );
        breaker.failed(trial);
        assert_eq!(
            breaker.state(),
            State::Open {
                until: trial + OPEN_FOR
            }
        );

        let again = trial + OPEN_FOR;
        assert_eq!(breaker.admit(again), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.state(), State::Closed { failures: 0 });
    }

    #[test]
    fn stragglers_do_not_move_an_open_breaker() {
        let (mut breaker, now) = (breaker(), Instant::now());
        (0..3).for_each(|_| breaker.failed(now));
        breaker.succeeded();
        breaker.failed(now + Duration::from_secs(5));
        assert_eq!(
            breaker.state(),
            State::Open {
                until: now + OPEN_FOR
            }
        );
    }

    #[test]
    fn a_trial_that_never_reports_does_not_keep_it_half_open() {
        let (mut breaker, now) = (breaker(), Instant::now());
        (0..3).for_each(|_| breaker.failed(now));
        assert_eq!(breaker.admit(now + OPEN_FOR), Ok(()));
        assert_eq!(breaker.admit(now + OPEN_FOR * 2), Ok(()));
    }
}
