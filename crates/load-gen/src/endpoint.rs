use bytes::Bytes;
use http::{Method, Uri};
use rand::{Rng, RngExt};

/// A kind of request that is sent.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// What the report calls it: `GET /api/search`.
    pub(crate) name: String,
    pub(crate) method: Method,
    /// Paths with their queries; each request takes one of them. Not empty.
    pub(crate) paths: Vec<Uri>,
    /// JSON, or nothing.
    pub(crate) body: Option<Bytes>,
    /// How often, in proportion to the others. Not negative.
    pub(crate) weight: f64,
}

/// Draws endpoints by their weights.
#[derive(Debug, Clone)]
pub(crate) struct Mix {
    /// The sum of the weights up to each endpoint.
    cumulative: Vec<f64>,
}

impl Mix {
    /// Needs at least one weight above 0.
    pub(crate) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let sum = |sum: &mut f64, weight: f64| {
            *sum += weight;
            Some(*sum)
        };
        Self {
            cumulative: weights.into_iter().scan(0.0, sum).collect(),
        }
    }

    /// The index of an endpoint.
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let point = rng.random::<f64>() * total;
        let index = self.cumulative.partition_point(|sum| *sum <= point);
        // the product may be rounded up to the total
        index.min(self.cumulative.partition_point(|sum| *sum < total))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn draws_in_proportion_to_the_weights() {
        let weights = [40.0, 30.0, 15.0, 10.0, 5.0, 5.0, 0.0];
        let mix = Mix::new(weights);
        let mut rng = StdRng::seed_from_u64(9);
        let draws = 100_000;
        let mut counts = [0_u32; 7];
        (0..draws).for_each(|_| counts[mix.draw(&mut rng)] += 1);
        for (weight, count) in weights.into_iter().zip(counts) {
            let share = weight / 105.0;
            // five standard deviations of the binomial distribution
            let bound = 5.0 * (f64::from(draws) * share * (1.0 - share)).sqrt();
            let error = (f64::from(count) - f64::from(draws) * share).abs();
            assert!(
                error <= bound,
                "weight {weight}: {count}, off by {error}, at most {bound}"
            );
        }
    }

    #[test]
    fn what_weighs_nothing_is_never_drawn() {
        let mix = Mix::new([0.0, 1.0, 0.0]);
        let mut rng = StdRng::seed_from_u64(9);
        assert!((0..1000).all(|_| mix.draw(&mut rng) == 1));
    }
}
