//! From single readings to a verdict that does not flap.
//!
//! Pure: it is told the time. The first reading is believed at once; from then on, a change is believed when it was read
//! [`ROUNDS`] times in a row.

use crate::facts::Timestamp;
use crate::verdict::{Reading, Verdict};

/// How many readings in a row it takes to change a verdict.
const ROUNDS: u32 = 2;

/// What is held of one check.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The verdict that is shown, with the newest evidence for it.
    pub(crate) reading: Reading,
    /// Since when it is held.
    pub(crate) since: Timestamp,
    /// When it was last read, whatever the outcome.
    pub(crate) read_at: Timestamp,
    /// How many readings in a row have said otherwise.
    doubts: u32,
}

/// A verdict that was changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transition {
    /// `None` with the first reading.
    pub(crate) from: Option<Verdict>,
    pub(crate) to: Verdict,
}

impl Held {
    /// Believes the first reading.
    pub(crate) fn first(reading: Reading, at: Timestamp) -> (Self, Transition) {
        let transition = Transition {
            from: None,
            to: reading.verdict,
        };
        let held = Self {
            reading,
            since: at,
            read_at: at,
            doubts: 0,
        };
        (held, transition)
    }

    /// Takes one more reading.
    pub(crate) fn read(&mut self, reading: Reading, at: Timestamp) -> Option<Transition> {
        self.read_at = at;
        if reading.verdict == self.reading.verdict {
            self.reading = reading;
            self.doubts = 0;
            return None;
        }
        self.doubts += 1;
        if self.doubts < ROUNDS {
            return None;
        }
        let transition = Transition {
            from: Some(self.reading.verdict),
            to: reading.verdict,
        };
        self.reading = reading;
        self.since = at;
        self.doubts = 0;
        Some(transition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Held {
        Held::first(Reading::ok("fine"), 100.0).0
    }

    #[test]
    fn the_first_reading_is_believed() {
        let (held, transition) = Held::first(Reading::down("dead"), 100.0);
        assert_eq!(held.reading.verdict, Verdict::Down);
        assert_eq!(
            transition,
            Transition {
                from: None,
                to: Verdict::Down
            }
        );
    }

    #[test]
    fn one_bad_reading_changes_nothing() {
        let mut held = held();
        assert_eq!(held.read(Reading::down("dead"), 115.0), None);
        assert_eq!(held.reading, Reading::ok("fine"));
        assert_eq!(held.read(Reading::ok("fine again"), 130.0), None);
        assert_eq!(held.read(Reading::down("dead"), 145.0), None);
        assert_eq!(held.reading, Reading::ok("fine again"));
        assert_eq!((held.since, held.read_at), (100.0, 145.0));
    }

    #[test]
    fn two_in_a_row_change_it_and_two_change_it_back() {
        let mut held = held();
        held.read(Reading::down("dead"), 115.0);
        let changed = held.read(Reading::stale("old"), 130.0);
        assert_eq!(
            changed,
            Some(Transition {
                from: Some(Verdict::Ok),
                to: Verdict::Stale
            })
        );
        assert_eq!((held.since, held.reading.evidence.as_str()), (130.0, "old"));
        held.read(Reading::ok("fine"), 145.0);
        assert_eq!(held.reading.verdict, Verdict::Stale);
        held.read(Reading::ok("fine"), 160.0);
        assert_eq!((held.reading.verdict, held.since), (Verdict::Ok, 160.0));
    }
}
