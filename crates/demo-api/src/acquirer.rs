//! The bank's side of a payment, simulated: it takes its time, sometimes fails, and is called through a circuit
//! breaker.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::breaker::{Breaker, Refused, Thresholds};
use crate::latency::Latency;
use crate::ratio::Ratio;

#[derive(Debug)]
pub(crate) struct Acquirer {
    latency: Latency,
    failure_ratio: Ratio,
    breaker: Mutex<Breaker>,
}

/// The money was not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChargeError {
    /// The bank failed.
    Failed,
    /// The circuit breaker is open; the bank was not asked.
    Refused { retry_after: Duration },
}

impl Acquirer {
    pub(crate) fn new(latency: Latency, failure_ratio: Ratio, thresholds: Thresholds) -> Self {
        Self {
            latency,
            failure_ratio,
            breaker: Mutex::new(Breaker::new(thresholds)),
        }
    }

    /// Moves the money. `on_transition` hears the name of each state that the breaker goes into.
    pub(crate) async fn charge(&self, on_transition: impl Fn(&'static str)) -> Result<(), ChargeError> {
        self.with_breaker(&on_transition, |breaker| breaker.admit(Instant::now()))
            .map_err(|Refused { retry_after }| ChargeError::Refused { retry_after })?;
        self.latency.pass().await;
        let failed = rand::rng().random_bool(self.failure_ratio.get());
        self.with_breaker(&on_transition, |breaker| {
            if failed {
                breaker.failed(Instant::now());
            } else {
                breaker.succeeded();
            }
        });
        if failed { Err(ChargeError::Failed) } else { Ok(()) }
    }

    fn with_breaker<T>(
        &self,
        on_transition: impl Fn(&'static str),
        act: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let before = breaker.state().name();
        let result = act(&mut breaker);
        let after = breaker.state().name();
        if before != after {
            on_transition(after);
        }
        result
    }
}
