//! When ages are not believed: what was pushed is gone for good once it is deleted, and a wrong clock makes all of it old. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::facts::Timestamp;

/// Of so many groups or fewer, all may be given up in one round.
const FEW: usize = 10;

/// A clock that is kept is put by less, in seconds.
const JUMP: f64 = 60.0;

/// Whether the clock can be believed.
#[derive(Debug)]
pub(super) struct Caution {
    /// How long ages are watched before they are believed.
    after: Duration,
    /// One moment by a clock that runs evenly, and by the one that tells the time.
    clock: (Instant, Timestamp),
    /// Ages are not believed earlier: what the clock did before the agent's start, nobody saw.
    not_before: Instant,
    /// Since when most groups are old.
    most_since: Option<Instant>,
}

/// Why nothing is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The agent has only just started, or the clock was put.
    TooEarly,
    /// No time server keeps it.
    ClockIsOff,
    /// Most groups are old, all at once.
    Most,
}

impl Why {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::TooEarly => {
                "the agent has only just started, or the clock was put: ages are watched for reaper.after first"
            }
            Self::ClockIsOff => "no time server keeps the clock: see the check clock-synchronized",
            Self::Most => {
                "more than half of them would be deleted: they are, if they are still old after another reaper.after"
            }
        }
    }
}

impl Caution {
    /// At the agent's start.
    pub(super) fn new(after: Duration, even: Instant, told: Timestamp) -> Self {
        Self {
            after,
            clock: (even, told),
            not_before: even + after,
            most_since: None,
        }
    }

    /// By how much the clock was put since the last time, if it was.
    pub(super) fn jump(&mut self, even: Instant, told: Timestamp) -> Option<f64> {
        let (was_even, was_told) = std::mem::replace(&mut self.clock, (even, told));
        let jump = told - was_told - (even - was_even).as_secs_f64();
        if jump.abs() <= JUMP {
            return None;
        }
        self.not_before = even + self.after;
        Some(jump)
    }

    /// Why so many of so many groups are not deleted now; `None`: they are.
    pub(super) fn waits(
        &mut self,
        even: Instant,
        clock_is_off: bool,
        old: usize,
        groups: usize,
    ) -> Option<Why> {
        let most = groups > FEW && old * 2 > groups;
        let most_since = *self.most_since.get_or_insert(even);
        if !most {
            self.most_since = None;
        }
        if clock_is_off {
            Some(Why::ClockIsOff)
        } else if even < self.not_before {
            Some(Why::TooEarly)
        } else if most && even < most_since + self.after {
            Some(Why::Most)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn nothing_is_old_before_the_agent_has_watched_it_for_that_long() {
        let start = Instant::now();
        let mut caution = Caution::new(HOUR, start, 1e9);
        assert_eq!(caution.waits(start, false, 3, 3), Some(Why::TooEarly));
        assert_eq!(
            caution.waits(start + HOUR - MINUTE, false, 3, 3),
            Some(Why::TooEarly)
        );
        assert_eq!(caution.waits(start + HOUR, false, 3, 3), None);
    }

    #[test]
    fn a_clock_that_was_put_begins_it_anew() {
        for put in [86_400.0, -86_400.0] {
            let start = Instant::now();
            let mut caution = Caution::new(HOUR, start, 1e9);
            let now = start + 2 * HOUR;
            assert_eq!(
                caution.jump(now, 1e9 + 7200.0 + 2.0),
                None,
                "it was two seconds off"
            );
            assert_eq!(caution.waits(now, false, 1, 3), None);
            let now = now + MINUTE;
            let jump = caution.jump(now, 1e9 + 7262.0 + put).unwrap();
            assert!((jump - put).abs() < 1e-3, "{jump}");
            assert_eq!(caution.jump(now + MINUTE, 1e9 + 7322.0 + put), None);
            assert_eq!(caution.waits(now + MINUTE, false, 1, 3), Some(Why::TooEarly));
            assert_eq!(caution.waits(now + HOUR, false, 1, 3), None);
        }
    }

    #[test]
    fn while_no_time_server_keeps_the_clock_nothing_is_deleted() {
        let start = Instant::now();
        let mut caution = Caution::new(HOUR, start, 1e9);
        assert_eq!(caution.waits(start + 2 * HOUR, true, 1, 3), Some(Why::ClockIsOff));
        assert_eq!(caution.waits(start + 2 * HOUR, false, 1, 3), None);
    }

    #[test]
    fn most_groups_at_once_are_watched_once_more() {
        let start = Instant::now();
        let mut caution = Caution::new(HOUR, start, 1e9);
        let now = start + 2 * HOUR;
        assert_eq!(
            caution.waits(now, false, 10, 10),
            None,
            "of a few, all may be old"
        );
        assert_eq!(caution.waits(now, false, 6, 12), None);
        assert_eq!(caution.waits(now, false, 7, 12), Some(Why::Most));
        assert_eq!(caution.waits(now + HOUR - MINUTE, false, 7, 12), Some(Why::Most));
        assert_eq!(caution.waits(now + HOUR, false, 7, 12), None);
        // most were pushed again in between: it was the clock
        assert_eq!(caution.waits(now + HOUR, false, 1, 12), None);
        assert_eq!(caution.waits(now + HOUR, false, 12, 12), Some(Why::Most));
    }
}
