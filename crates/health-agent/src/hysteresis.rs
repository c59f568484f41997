//! From single readings to a verdict that does not flap.
//!
//! Pure: it is told the time. The first reading is believed at once. From then on, a change is believed when it was read
//! twice in a row; what is held to be well also falls when it is well only every other time.

use crate::facts::Timestamp;
use crate::verdict::{Reading, Verdict};

/// How much a reading that says otherwise weighs, and at which weight it is believed: two in a row.
const DOUBT: u32 = 2;
const BELIEVED: u32 = 4;

/// What is held of one check.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The verdict that is shown, with the newest evidence for it.
    pub(crate) reading: Reading,
    /// Since when it is held.
    pub(crate) since: Timestamp,
    /// When it was last read, whatever the outcome.
    pub(crate) read_at: Timestamp,
    /// The weight of the readings that have said otherwise.
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
            // a thing that comes and goes is not well: there, doubts fade, and are not forgotten
            let fading = if reading.verdict.is_good() { 1 } else { BELIEVED };
            self.doubts = self.doubts.saturating_sub(fading);
            self.reading = reading;
            return None;
        }
        self.doubts += DOUBT;
        if self.doubts < BELIEVED {
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
        assert_eq!(held.reading, Reading::ok("fine again"));
        assert_eq!((held.since, held.read_at), (100.0, 130.0));
    }

    #[test]
    fn what_comes_and_goes_is_not_well_and_not_well_again() {
        let mut held = held();
        let changes: Vec<_> = (0..20_u32)
            .filter_map(|round| {
                let reading = if round % 2 == 0 {
                    Reading::down("dead")
                } else {
                    Reading::ok("fine")
                };
                held.read(reading, 115.0 + 15.0 * f64::from(round))
            })
            .collect();
        assert_eq!(
            changes,
            [Transition {
                from: Some(Verdict::Ok),
                to: Verdict::Down
            }]
        );
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
