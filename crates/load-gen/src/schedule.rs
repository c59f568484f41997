use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::pattern::{Segments, Shape};

/// When requests are meant to start: an iterator of instants, each later than the one before.
///
/// The load is open: the instants depend on the pattern alone, and not on how fast the target answers. A segment is cut
/// into slots of equal length, and each slot has one start at a random moment within it: neighbours are not in step, and
/// the rate is exact.
#[derive(Debug)]
pub(crate) struct Schedule {
    start: Instant,
    end: Option<Instant>,
    segments: Segments,
    rng: StdRng,
    /// Of the current segment.
    slots: Slots,
}

#[derive(Debug, Default)]
struct Slots {
    /// After the start of the schedule.
    begin: Duration,
    per_second: f64,
    /// The next one.
    next: u64,
    count: u64,
}

impl Slots {
    /// Where `slot` begins; a fraction is a moment within it.
    fn at(&self, slot: f64) -> Duration {
        if slot > 0.0 {
            self.begin + Duration::from_secs_f64(slot / self.per_second)
        } else {
            self.begin
        }
    }
}

impl Schedule {
    pub(crate) fn new(shape: &Shape, start: Instant, duration: Option<Duration>, seed: u64) -> Self {
        Self {
            start,
            end: duration.and_then(|duration| start.checked_add(duration)),
            segments: shape.segments(seed),
            // another course than that of the segments
            rng: StdRng::seed_from_u64(!seed),
            slots: Slots::default(),
        }
    }
}

impl Iterator for Schedule {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        if self.slots.next == self.slots.count {
            let segment = self.segments.next()?;
            let per_second = segment.rate.per_second();
            // whole slots, so that no part of one is lost between segments
            let count = (segment.length.as_secs_f64() * per_second).round().max(1.0) as u64;
            self.slots = Slots {
                begin: self.slots.at(self.slots.count as f64),
                per_second,
                next: 0,
                count,
            };
        }
        let moment = self.slots.next as f64 + self.rng.random::<f64>();
        self.slots.next += 1;
        let at = self.start + self.slots.at(moment);
        self.end.is_none_or(|end| at < end).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Rate;

    fn rate(per_second: f64) -> Rate {
        Rate::try_from(per_second).unwrap()
    }

    fn schedule(shape: Shape, seconds: u64, seed: u64) -> Vec<Duration> {
        let start = Instant::now();
        let schedule = Schedule::new(&shape, start, Some(Duration::from_secs(seconds)), seed);
        schedule.map(|at| at - start).collect()
    }

    #[test]
    fn a_steady_rate_is_exact() {
        for per_second in [0.5, 1.0, 7.0, 50.0, 5000.0] {
            let starts = schedule(Shape::Steady(rate(per_second)), 200, 1);
            assert_eq!(starts.len(), (per_second * 200.0) as usize, "{per_second}/s");
            let slot = 1.0 / per_second;
            for (index, at) in starts.iter().enumerate() {
                let expected = index as f64 * slot;
                let error = at.as_secs_f64() - expected;
                assert!(
                    (-1e-6..slot + 1e-6).contains(&error),
                    "start {index} at {at:?}, its slot at {expected}"
                );
            }
            assert!(starts.is_sorted());
        }
    }

    #[test]
    fn starts_are_not_in_step() {
        let starts = schedule(Shape::Steady(rate(100.0)), 10, 1);
        let gaps: Vec<f64> = starts
            .windows(2)
            .map(|pair| (pair[1].as_secs_f64() - pair[0].as_secs_f64()) * 100.0)
            .collect();
        assert!(
            gaps.iter().any(|gap| *gap < 0.2) && gaps.iter().any(|gap| *gap > 1.8),
            "{gaps:?}"
        );
    }

    #[test]
    fn bursts_stay_between_their_rates() {
        let starts = schedule(
            Shape::Bursts {
                quiet: rate(5.0),
                peak: rate(20.0),
            },
            1000,
            3,
        );
        assert!(starts.is_sorted());
        let mut windows = [0_u32; 1000];
        for at in &starts {
            windows[at.as_secs() as usize] += 1;
        }
        // a second may see a start more or less than its rate at either edge
        assert!(
            windows.iter().all(|count| (3..=22).contains(count)),
            "{windows:?}"
        );
        assert!(windows.iter().any(|count| *count >= 18), "no burst");
        let mean = starts.len() as f64 / 1000.0;
        assert!((6.0..11.0).contains(&mean), "{mean}/s on average");
    }

    #[test]
    fn one_seed_one_schedule() {
        let shape = Shape::Bursts {
            quiet: rate(5.0),
            peak: rate(20.0),
        };
        assert_eq!(schedule(shape.clone(), 100, 5), schedule(shape.clone(), 100, 5));
        assert_ne!(schedule(shape.clone(), 100, 5), schedule(shape, 100, 6));
    }
}
