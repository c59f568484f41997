//! Which deltas are still to be added, and which were added already.
//!
//! A delta tells what happened between its start and its time. Requests overtake each other, and are sent again when an
//! answer got lost, so a series remembers up to where it has added, and which stretches before that are missing.

use super::group::Times;

/// What a series of deltas remembers beside its value.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// The attributes of its points, as they stood on the wire: with them it is written down.
    pub(super) attributes: Box<[u8]>,
    /// Stretches between start and time that nothing was heard of; in order.
    pub(super) gaps: Vec<Gap>,
}

/// More gaps than this are not remembered: what would fall into the oldest comes too late.
const MAX_GAPS: usize = 32;

/// From and to, nanoseconds after 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    from: u64,
    to: u64,
}

/// What is to become of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is to be added.
    New,
    /// It was added already, or another one that ends at the same moment.
    Repeated,
    /// It ends before what was added, in a stretch that was added or that is not known any more.
    Late,
}

impl Delta {
    pub(super) fn new(attributes: &[u8]) -> Self {
        Self {
            attributes: attributes.into(),
            gaps: Vec::new(),
        }
    }

    /// The bytes that it takes.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.attributes.len() + self.gaps.len() * size_of::<Gap>() + 32
    }

    /// Whether it is a delta's turn, and if it is, takes its stretch into `added`, the stretch of all that was added.
    pub(super) fn take(&mut self, added: &mut Times, delta: Times) -> Turn {
        // without times there is nothing to be told apart by
        if delta.time == 0 || added.time == 0 {
            *added = if added.time == 0 { delta } else { *added };
            return Turn::New;
        }
        if delta.time > added.time {
            if delta.start > added.time {
                self.remember(Gap {
                    from: added.time,
                    to: delta.start,
                });
            }
            added.time = delta.time;
            return Turn::New;
        }
        if delta.time == added.time {
            return Turn::Repeated;
        }
        let has_start = delta.start != 0 && delta.start < delta.time;
        if has_start && added.start != 0 && delta.time <= added.start {
            if delta.time < added.start {
                self.gaps.insert(
                    0,
                    Gap {
                        from: delta.time,
                        to: added.start,
                    },
                );
                self.gaps.truncate(MAX_GAPS);
            }
            added.start = delta.start;
            return Turn::New;
        }
        let gap = self
            .gaps
            .iter()
            .position(|gap| gap.from <= delta.start && delta.time <= gap.to);
        let Some(index) = gap.filter(|_| has_start) else {
            return Turn::Late;
        };
        let Gap { from, to } = self.gaps.remove(index);
        let after = Gap { from: delta.time, to };
        let before = Gap {
            from,
            to: delta.start,
        };
        for left in [after, before].into_iter().filter(|gap| gap.from < gap.to) {
            self.gaps.insert(index, left);
        }
        if self.gaps.len() > MAX_GAPS {
            self.gaps.remove(0);
        }
        Turn::New
    }

    /// Counting began anew.
    pub(super) fn restart(&mut self) {
        self.gaps.clear();
    }

    fn remember(&mut self, gap: Gap) {
        if self.gaps.len() == MAX_GAPS {
            self.gaps.remove(0);
        }
        self.gaps.push(gap);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(start: u64, time: u64) -> Times {
        Times { start, time }
    }

    #[test]
    fn every_delta_is_added_once() {
        let mut delta = Delta::new(b"");
        let mut added = Times::default();
        for (stretch, turn) in [
            ((10, 20), Turn::New),
            ((10, 20), Turn::Repeated),
            ((30, 40), Turn::New),
            // into the gap, in pieces, and again
            ((22, 25), Turn::New),
            ((20, 22), Turn::New),
            ((20, 22), Turn::Late),
            ((25, 30), Turn::New),
            ((25, 30), Turn::Late),
            ((10, 20), Turn::Late),
            // from before the first one
            ((1, 5), Turn::New),
            ((5, 10), Turn::New),
            ((1, 5), Turn::Late),
            ((40, 41), Turn::New),
            // overlaps what was added, but ends later: clocks are not that exact
            ((40, 45), Turn::New),
            // no start: only the end counts
            ((0, 44), Turn::Late),
            ((0, 46), Turn::New),
            ((0, 0), Turn::New),
        ] {
            assert_eq!(
                delta.take(&mut added, times(stretch.0, stretch.1)),
                turn,
                "{stretch:?}"
            );
        }
        assert_eq!(added, times(1, 46));
        assert_eq!(delta.gaps, []);
    }

    proptest! {
        #[test]
        fn in_any_order_each_of_a_row_is_added_once(
            order in Just((0..30_u64).collect::<Vec<_>>()).prop_shuffle(),
            repeated in prop::collection::vec(0..30_usize, 0..30),
        ) {
            let mut delta = Delta::new(b"");
            let mut added = Times::default();
            for (place, index) in order.iter().enumerate() {
                let stretch = times(100 + index * 10, 110 + index * 10);
                prop_assert_eq!(delta.take(&mut added, stretch), Turn::New);
                for earlier in repeated.iter().filter(|earlier| **earlier <= place) {
                    let stretch = times(100 + order[*earlier] * 10, 110 + order[*earlier] * 10);
                    prop_assert_ne!(delta.take(&mut added, stretch), Turn::New);
                }
            }
            prop_assert_eq!(added, times(100, 400));
        }
    }
}
