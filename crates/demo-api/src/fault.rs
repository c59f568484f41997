//! What goes wrong on purpose. Faults are configuration: handlers know nothing of them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::{Rng, RngExt};

use crate::api_error::ApiError;
use crate::latency::Latency;
use crate::ratio::Ratio;

mod control;

pub(crate) use control::control_routes;

/// The faults of all requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Faults {
    /// This share of requests fails with 500.
    pub(crate) error_ratio: Ratio,
    /// This share of requests takes `latency` longer.
    pub(crate) latency_ratio: Ratio,
    pub(crate) latency: Latency,
    /// Whether a client may ask for an error.
    pub(crate) accept_header: bool,
}

/// What happens to one request before it is served, or instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) delay: Duration,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Serve,
    Fail(Cause),
}

/// Who wanted the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Configured,
    Requested,
}

/// A request asks for an error by `x-signalbox-fault: error`.
pub(crate) const HEADER: &str = "x-signalbox-fault";

impl Faults {
    /// Decides the fate of a request.
    pub(crate) fn draw(&self, headers: &HeaderMap, rng: &mut impl Rng) -> Fault {
        let slow = rng.random_bool(self.latency_ratio.get());
        let delay = if slow {
            self.latency.draw(rng)
        } else {
            Duration::ZERO
        };
        let requested = self.accept_header && headers.get(HEADER).is_some_and(|value| value == "error");
        let outcome = if requested {
            Outcome::Fail(Cause::Requested)
        } else if rng.random_bool(self.error_ratio.get()) {
            Outcome::Fail(Cause::Configured)
        } else {
            Outcome::Serve
        };
        Fault { delay, outcome }
    }
}

/// The faults in force, which may be changed while requests are served. Clones share one value.
#[derive(Debug, Clone)]
pub(crate) struct Switch(Arc<RwLock<Faults>>);

impl Switch {
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Arc::new(RwLock::new(faults)))
    }

    pub(crate) fn get(&self) -> Faults {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }
}

/// Middleware: lets requests suffer the faults in force.
pub(crate) async fn inject(State(switch): State<Switch>, request: Request, next: Next) -> Response {
    let fault = switch.get().draw(request.headers(), &mut rand::rng());
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match fault.outcome {
        Outcome::Serve => next.run(request).await,
        Outcome::Fail(Cause::Configured) => ApiError::internal("an injected fault").into_response(),
        Outcome::Fail(Cause::Requested) => {
            ApiError::internal("the fault that the request asked for").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const QUIET: Faults = Faults {
        error_ratio: Ratio::ZERO,
        latency_ratio: Ratio::ONE,
        latency: Latency::NONE,
        accept_header: true,
    };

    fn asking(fault: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER.parse().unwrap(), HeaderValue::from_static(fault))])
    }

    #[test]
    fn errors_come_at_their_ratio() {
        let faults = Faults {
            error_ratio: "0.1".parse().unwrap(),
            ..QUIET
        };
        let mut rng = StdRng::seed_from_u64(3);
        let failed = |fault: &Fault| fault.outcome == Outcome::Fail(Cause::Configured);
        let count = (0..10_000)
            .map(|_| faults.draw(&HeaderMap::new(), &mut rng))
            .filter(failed)
            .count();
        assert!((910..1090).contains(&count), "{count} of 10000");
    }

    #[test]
    fn a_share_of_requests_is_slow() {
        let latency = Latency::Fixed(Duration::from_secs(2));
        let faults = Faults {
            latency,
            latency_ratio: "0.25".parse().unwrap(),
            ..QUIET
        };
        let mut rng = StdRng::seed_from_u64(3);
        let draws: Vec<Fault> = (0..10_000)
            .map(|_| faults.draw(&HeaderMap::new(), &mut rng))
            .collect();
        let slow = draws
            .iter()
            .filter(|fault| fault.delay == Duration::from_secs(2))
            .count();
        assert!((2370..2630).contains(&slow), "{slow} of 10000");
        assert!(draws.iter().all(|fault| fault.outcome == Outcome::Serve));
    }

    #[test]
    fn the_header_asks_for_an_error_where_it_is_accepted() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut outcome = |faults: Faults, headers| faults.draw(&headers, &mut rng).outcome;
        assert_eq!(outcome(QUIET, asking("error")), Outcome::Fail(Cause::Requested));
        assert_eq!(outcome(QUIET, asking("none")), Outcome::Serve);
        assert_eq!(
            outcome(
                Faults {
                    accept_header: false,
                    ..QUIET
                },
                asking("error")
            ),
            Outcome::Serve
        );
    }
}
