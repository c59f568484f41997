//! How values move from one export to the next. Bytes per sample depend on it, so there are three ways.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::shape::{BOUNDS, BUCKETS, Kind};

/// How much there is to write down in the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Values {
    /// Every counter grows by the same in each interval, gauges stand still.
    Steady,
    /// A third of the counters hardly ever move, the others count arrivals at rates of 0.1 to 1000 in an interval,
    /// histograms up to 100 observations; half of the integer gauges move in an interval, and all gauges of doubles do, in
    /// their last digits too.
    Typical,
    /// All counters count arrivals at rates of 100 to 100,000 in an interval, histograms 5 to 500 observations, and all
    /// gauges are doubles that move.
    Noisy,
}

impl Values {
    pub(crate) const ALL: [Self; 3] = [Self::Steady, Self::Typical, Self::Noisy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Typical => "typical",
            Self::Noisy => "noisy",
        }
    }
}

/// Arrivals in an interval at a counter that hardly ever moves.
const IDLE: f64 = 0.02;

/// What a steady observation takes: exact in binary, as the sum of all of them is.
const STEADY_SECONDS: f64 = 1.0 / 64.0;

/// The state of one point.
#[derive(Debug, Clone)]
pub(crate) enum Point {
    /// Counts arrivals, `mean` of them in an interval.
    Counter {
        count: u64,
        mean: f64,
    },
    /// Takes steps of at most `step`, now and then.
    Integer {
        value: i64,
        step: i64,
    },
    /// Goes about `home`, and never far from it.
    Double {
        value: f64,
        home: f64,
    },
    Histogram(Box<Histogram>),
}

#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// In each bucket alone.
    pub(crate) buckets: [u64; BUCKETS],
    /// Observations in an interval.
    mean: f64,
    /// The natural logarithm of the median, in seconds.
    median: f64,
}

/// Moves values.
#[derive(Debug)]
pub(crate) struct Motion {
    values: Values,
    random: SmallRng,
}

impl Motion {
    /// The same seed moves the same way.
    pub(crate) fn new(values: Values, seed: u64) -> Self {
        Self {
            values,
            random: SmallRng::seed_from_u64(seed),
        }
    }

    /// A point as it is when its service has started.
    pub(crate) fn start(&mut self, kind: Kind) -> Point {
        match (kind, self.values) {
            (Kind::Counter, _) => Point::Counter {
                count: 0,
                mean: self.mean(1000.0, [100.0, 100_000.0]),
            },
            (Kind::UpDown, _) => Point::Integer { value: 5, step: 3 },
            (Kind::Integer, Values::Steady | Values::Typical) => Point::Integer {
                value: 1 << self.random.random_range(4..24),
                step: 1 << self.random.random_range(0..8),
            },
            (Kind::Integer, Values::Noisy) | (Kind::Double, _) => {
                let home = self.log_uniform(0.1, 1000.0);
                Point::Double { value: home, home }
            }
            (Kind::Histogram, _) => Point::Histogram(Box::new(Histogram {
                count: 0,
                sum: 0.0,
                buckets: [0; BUCKETS],
                mean: self.mean(100.0, [5.0, 500.0]),
                median: self.log_uniform(0.004, 0.4).ln(),
            })),
        }
    }

    /// One interval later.
    pub(crate) fn advance(&mut self, point: &mut Point) {
        match point {
            Point::Counter { count, mean } => *count += self.arrivals(*mean),
            Point::Integer { value, step } => {
                if self.values != Values::Steady && self.random.random_bool(0.5) {
                    let next = *value + self.random.random_range(-*step..=*step);
                    *value = next.max(0);
                }
            }
            Point::Double { value, home } => {
                if self.values != Values::Steady {
                    *value += 0.1 * (*home - *value) + 0.02 * *home * self.normal();
                }
            }
            Point::Histogram(histogram) => self.observe(histogram),
        }
    }

    fn observe(&mut self, histogram: &mut Histogram) {
        for _ in 0..self.arrivals(histogram.mean) {
            let seconds = if self.values == Values::Steady {
                STEADY_SECONDS
            } else {
                (histogram.median + 0.8 * self.normal()).exp()
            };
            let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
            histogram.buckets[bucket] += 1;
            histogram.count += 1;
            histogram.sum += seconds;
        }
    }

    /// The mean number of arrivals in an interval: of a typical service up to `most`, of a noisy one within `noisy`.
    fn mean(&mut self, most: f64, noisy: [f64; 2]) -> f64 {
        match self.values {
            Values::Steady => self.log_uniform(1.0, most).round(),
            Values::Typical if self.random.random_bool(0.3) => IDLE,
            Values::Typical => self.log_uniform(0.1, most),
            Values::Noisy => self.log_uniform(noisy[0], noisy[1]),
        }
    }

    fn arrivals(&mut self, mean: f64) -> u64 {
        if self.values == Values::Steady {
            mean as u64
        } else {
            self.poisson(mean)
        }
    }

    fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + self.random.random::<f64>() * (high / low).ln()).exp()
    }

    /// By multiplying uniform numbers, or by the normal distribution where that takes too long and differs little.
    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let limit = (-mean).exp();
        let mut product = self.random.random::<f64>();
        let mut arrivals = 0;
        while product > limit {
            product *= self.random.random::<f64>();
            arrivals += 1;
        }
        arrivals
    }

    /// By the method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.random::<f64>()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_the_mean_and_the_variance_of_poisson() {
        let mut motion = Motion::new(Values::Typical, 1);
        for mean in [0.02, 1.0, 20.0, 40.0, 2000.0] {
            let draws = 20_000;
            let all: Vec<f64> = (0..draws).map(|_| motion.poisson(mean) as f64).collect();
            let found = all.iter().sum::<f64>() / f64::from(draws);
            let variance = all.iter().map(|draw| (draw - found).powi(2)).sum::<f64>() / f64::from(draws);
            // five standard errors of the mean
            assert!(
                (found - mean).abs() < 5.0 * (mean / f64::from(draws)).sqrt(),
                "{mean}: {found}"
            );
            assert!((variance / mean - 1.0).abs() < 0.2, "{mean}: {variance}");
        }
    }

    #[test]
    fn steady_counters_grow_by_the_same_each_time_and_gauges_stand_still() {
        let mut motion = Motion::new(Values::Steady, 2);
        let mut points =
            [Kind::Counter, Kind::Integer, Kind::Double, Kind::Histogram].map(|kind| motion.start(kind));
        let mut numbers = |motion: &mut Motion| {
            points.each_mut().map(|point| {
                motion.advance(point);
                match point {
                    Point::Counter { count, .. } => *count as f64,
                    Point::Integer { value, .. } => *value as f64,
                    Point::Double { value, .. } => *value,
                    Point::Histogram(histogram) => histogram.sum,
                }
            })
        };
        let first = numbers(&mut motion);
        let second = numbers(&mut motion);
        let third = numbers(&mut motion);
        for index in 0..4 {
            let bits = [second[index] - first[index], third[index] - second[index]].map(f64::to_bits);
            assert_eq!(bits[0], bits[1], "{first:?} {second:?} {third:?}");
            assert_eq!(second[index] > first[index], index == 0 || index == 3);
        }
    }

    #[test]
    fn histograms_add_up() {
        for values in Values::ALL {
            let mut motion = Motion::new(values, 3);
            let (mut count, mut sum) = (0, 0.0);
            for _ in 0..20 {
                let mut point = motion.start(Kind::Histogram);
                for _ in 0..200 {
                    motion.advance(&mut point);
                }
                let Point::Histogram(histogram) = point else {
                    panic!("a histogram")
                };
                assert_eq!(histogram.count, histogram.buckets.iter().sum::<u64>());
                count += histogram.count;
                sum += histogram.sum;
            }
            let mean = sum / count as f64;
            assert!(mean > 0.01 && mean < 0.5, "{values:?}: {mean}");
        }
    }

    #[test]
    fn gauges_stay_where_they_are_at_home() {
        let mut motion = Motion::new(Values::Noisy, 4);
        let mut point = motion.start(Kind::Double);
        for _ in 0..10_000 {
            motion.advance(&mut point);
            let Point::Double { value, home } = point else {
                panic!("a double")
            };
            assert!(value > 0.0 && value < 2.0 * home, "{value} {home}");
        }
    }

    #[test]
    fn the_same_seed_moves_the_same_way() {
        let end = |seed| {
            let mut motion = Motion::new(Values::Typical, seed);
            let mut point = motion.start(Kind::Histogram);
            for _ in 0..100 {
                motion.advance(&mut point);
            }
            format!("{point:?}")
        };
        assert_eq!(end(5), end(5));
        assert_ne!(end(5), end(6));
    }
}
