//! When to stop waiting.

use std::time::{Duration, Instant};

/// Waits for two green rounds in a row, until the time is over.
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
    greens: u32,
}

/// What to do after a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    On,
    Green,
    Red,
}

/// One green round may be luck: a service that crashes again and again is up for a moment each time.
const ENOUGH: u32 = 2;

impl Patience {
    pub(super) fn new(now: Instant, wait: Duration) -> Self {
        Self {
            until: now + wait,
            greens: 0,
        }
    }

    /// After the time is over a round that was green gets another one, which decides.
    pub(super) fn round(&mut self, green: bool, now: Instant) -> Wait {
        self.greens = if green { self.greens + 1 } else { 0 };
        match self.greens {
            ENOUGH.. => Wait::Green,
            0 if now >= self.until => Wait::Red,
            _ => Wait::On,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome of rounds one second apart, and after how many it was there, with three seconds of time.
    fn outcome(rounds: &[bool]) -> (Wait, usize) {
        let start = Instant::now();
        let mut patience = Patience::new(start, Duration::from_secs(3));
        for (index, &green) in rounds.iter().enumerate() {
            let now = start + Duration::from_secs(index as u64);
            match patience.round(green, now) {
                Wait::On => {}
                over => return (over, index + 1),
            }
        }
        (Wait::On, rounds.len())
    }

    #[test]
    fn two_green_rounds_are_needed() {
        assert_eq!(outcome(&[true]), (Wait::On, 1));
        assert_eq!(outcome(&[true, true]), (Wait::Green, 2));
        assert_eq!(outcome(&[true, false, true, true]), (Wait::Green, 4));
    }

    #[test]
    fn the_time_ends_it_and_a_last_green_round_is_confirmed_or_not() {
        assert_eq!(outcome(&[false; 9]), (Wait::Red, 4));
        assert_eq!(outcome(&[false, false, false, true, true]), (Wait::Green, 5));
        assert_eq!(outcome(&[false, false, false, true, false]), (Wait::Red, 5));
        assert_eq!(outcome(&[true, false, true, false, true, false]), (Wait::Red, 4));
    }
}
