use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::rate::Rate;

/// How the load of an environment goes up and down, and how much of it asks for errors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    pub(crate) shape: Shape,
    /// This share of requests asks the target for an error.
    pub(crate) fault_ratio: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// The same rate all the time.
    Steady(Rate),
    /// Quiet times, and bursts of a random rate between the quiet one and the peak.
    Bursts { quiet: Rate, peak: Rate },
}

/// A stretch of time with one rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    pub(crate) rate: Rate,
    pub(crate) length: Duration,
}

/// A steady load is one segment after another, too.
const STEADY_LENGTH: Duration = Duration::from_mins(1);

const QUIET_SECONDS: RangeInclusive<f64> = 5.0..=20.0;

const BURST_SECONDS: RangeInclusive<f64> = 3.0..=10.0;

impl Pattern {
    pub(crate) fn steady(rate: Rate) -> Self {
        Self {
            shape: Shape::Steady(rate),
            fault_ratio: 0.0,
        }
    }
}

impl Shape {
    /// The segments of a load of this shape, without end. One seed, one course.
    pub(crate) fn segments(&self, seed: u64) -> Segments {
        Segments {
            shape: self.clone(),
            rng: StdRng::seed_from_u64(seed),
            burst: false,
        }
    }

    /// The same shape with another highest rate.
    pub(crate) fn with_peak(self, peak: Rate) -> Self {
        match self {
            Self::Steady(_) => Self::Steady(peak),
            Self::Bursts { quiet, peak: old } => Self::Bursts {
                quiet: quiet.scaled(peak, old),
                peak,
            },
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steady(rate) => write!(f, "steady {rate}"),
            Self::Bursts { quiet, peak } => write!(f, "bursts from {quiet} up to {peak}"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Segments {
    shape: Shape,
    rng: StdRng,
    /// Whether the next one is a burst.
    burst: bool,
}

impl Iterator for Segments {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        Some(match self.shape {
            Shape::Steady(rate) => Segment {
                rate,
                length: STEADY_LENGTH,
            },
            Shape::Bursts { quiet, peak } => {
                let burst = self.burst;
                self.burst = !burst;
                let (rate, seconds) = if burst {
                    (quiet.between(peak, self.rng.random()), BURST_SECONDS)
                } else {
                    (quiet, QUIET_SECONDS)
                };
                Segment {
                    rate,
                    length: Duration::from_secs_f64(self.rng.random_range(seconds)),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: f64) -> Rate {
        Rate::try_from(per_second).unwrap()
    }

    #[test]
    fn bursts_stay_within_their_bounds_and_use_them() {
        let quiet = rate(5.0);
        let shape = Shape::Bursts {
            quiet,
            peak: rate(20.0),
        };
        let segments: Vec<Segment> = shape.segments(1).take(2000).collect();
        for (index, Segment { rate, length }) in segments.iter().enumerate() {
            let (seconds, per_second) = (length.as_secs_f64(), rate.per_second());
            if index % 2 == 0 {
                assert_eq!(*rate, quiet);
                assert!(QUIET_SECONDS.contains(&seconds), "quiet for {seconds} s");
            } else {
                assert!((5.0..=20.0).contains(&per_second), "burst of {per_second}/s");
                assert!(BURST_SECONDS.contains(&seconds), "burst for {seconds} s");
            }
        }
        let highest = segments
            .iter()
            .map(|segment| segment.rate.per_second())
            .fold(0.0, f64::max);
        assert!(highest > 19.5, "no burst came near the peak: {highest}/s");
        assert_eq!(segments, shape.segments(1).take(2000).collect::<Vec<_>>());
        assert_ne!(segments, shape.segments(2).take(2000).collect::<Vec<_>>());
    }

    #[test]
    fn another_peak_keeps_the_proportions() {
        let bursts = Shape::Bursts {
            quiet: rate(5.0),
            peak: rate(20.0),
        }
        .with_peak(rate(200.0));
        assert_eq!(
            bursts,
            Shape::Bursts {
                quiet: rate(50.0),
                peak: rate(200.0)
            }
        );
        assert_eq!(bursts.to_string(), "bursts from 50/s up to 200/s");
        assert_eq!(
            Shape::Steady(rate(50.0)).with_peak(rate(7.5)).to_string(),
            "steady 7.5/s"
        );
    }
}
