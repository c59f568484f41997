use std::time::Duration;

/// Counts durations in log-linear buckets: exact below 256 µs, and within 0.8 % above.
///
/// Each power of two is cut into 128 equal buckets, so the memory is fixed (32 KB) however long the run and however
/// slow the target.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    max: Duration,
}

/// Each power of two has `1 << PRECISION` buckets.
const PRECISION: u32 = 7;

/// Durations are counted up to 2^38 µs, three days; longer ones share the last bucket.
const MAX_BITS: u32 = 38;

const BUCKETS: usize = ((MAX_BITS - PRECISION + 1) as usize) << PRECISION;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS].into(),
            total: 0,
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, value: Duration) {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// Adds all that `other` has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(count, more)| *count += more);
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn max(&self) -> Option<Duration> {
        (self.total > 0).then_some(self.max)
    }

    /// The smallest duration that at least the share `q` of all durations does not exceed (the nearest rank); None if
    /// there are none.
    pub(crate) fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = ((self.total as f64 * q).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_micros(highest(index)).min(self.max))
    }
}

/// Which bucket counts `micros`.
fn bucket(micros: u64) -> usize {
    let micros = micros.min((1 << MAX_BITS) - 1);
    // how far the value must be shifted until only its first PRECISION + 1 bits are left
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(PRECISION + 1);
    ((shift as usize) << PRECISION) + (micros >> shift) as usize
}

/// The highest value that the bucket counts.
fn highest(bucket: usize) -> u64 {
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let leading = (bucket - (shift << PRECISION)) as u64;
    ((leading + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn buckets_adjoin_and_are_narrow() {
        for index in 0..BUCKETS {
            let high = highest(index);
            assert_eq!(bucket(high), index, "{high} is the highest of its bucket");
            if index + 1 < BUCKETS {
                assert_eq!(
                    bucket(high + 1),
                    index + 1,
                    "{high} is followed by the next bucket"
                );
                let width = highest(index + 1) - high;
                assert!(
                    width == 1 || (width as f64) < high as f64 * 0.008,
                    "bucket {index} is {width} wide at {high}"
                );
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_agree_with_the_exact_ones() {
        let mut rng = StdRng::seed_from_u64(11);
        let mut histogram = Histogram::default();
        // microseconds to minutes, as many of each magnitude
        let mut values: Vec<u64> = (0..20_000)
            .map(|_| 10_f64.powf(rng.random_range(0.0..8.0)) as u64)
            .collect();
        for &micros in &values {
            histogram.record(Duration::from_micros(micros));
        }
        values.sort_unstable();
        for q in [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
            let exact = values[((values.len() as f64 * q).ceil() as usize) - 1];
            let estimate = histogram.quantile(q).unwrap().as_micros() as u64;
            assert!(estimate >= exact, "q {q}: {estimate} is below {exact}");
            assert!(
                (estimate - exact) as f64 <= exact as f64 * 0.008,
                "q {q}: {estimate} instead of {exact}"
            );
        }
        assert_eq!(histogram.quantile(1.0), histogram.max());
    }

    #[test]
    fn merging_is_counting_together() {
        let (mut slow, mut fast, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for micros in 1..=1000 {
            slow.record(Duration::from_micros(micros * 100));
            fast.record(Duration::from_micros(micros));
            both.record(Duration::from_micros(micros * 100));
            both.record(Duration::from_micros(micros));
        }
        slow.merge(&fast);
        for q in [0.25, 0.5, 0.75, 1.0] {
            assert_eq!(slow.quantile(q), both.quantile(q));
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::default().max(), None);
    }
}
