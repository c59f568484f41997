use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::endpoint::{Endpoint, Mix};
use crate::schedule::Schedule;

/// Which request starts when: an iterator, so that the whole run is decided by the configuration and the seed.
#[derive(Debug)]
pub(crate) struct Plan {
    schedule: Schedule,
    mix: Mix,
    paths: Vec<usize>,
    fault_ratio: f64,
    rng: StdRng,
}

/// One request of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    /// When it is meant to start. Its latency counts from here.
    pub(crate) at: Instant,
    /// Indices into the endpoints, and into the paths of that endpoint.
    pub(crate) endpoint: usize,
    pub(crate) path: usize,
    /// Whether it asks for an error.
    pub(crate) faulty: bool,
}

impl Plan {
    pub(crate) fn new(schedule: Schedule, endpoints: &[Endpoint], fault_ratio: f64, seed: u64) -> Self {
        Self {
            schedule,
            mix: Mix::new(endpoints.iter().map(|endpoint| endpoint.weight)),
            paths: endpoints.iter().map(|endpoint| endpoint.paths.len()).collect(),
            fault_ratio,
            rng: StdRng::seed_from_u64(seed.rotate_left(32)),
        }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let at = self.schedule.next()?;
        let endpoint = self.mix.draw(&mut self.rng);
        let path = self.rng.random_range(0..self.paths[endpoint]);
        let faulty = self.rng.random_bool(self.fault_ratio);
        Some(Planned {
            at,
            endpoint,
            path,
            faulty,
        })
    }
}
