//! What unit tests begin with.

use std::time::{Duration, Instant};

use crate::debug::Debug;
use crate::expose::{Alias, Scrape, Shape};
use crate::ingest::{Outcome, ingest};
use crate::process::Pipeline;
use crate::series::{Expiry, Limits, Rules, Store};

pub(crate) const LIMITS: Limits = Limits {
    series: 100_000,
    series_per_metric: 100_000,
    series_per_environment: 100_000,
    sources: 1000,
    label_bytes: 1000,
    buckets: 10,
    bytes: 1 << 30,
    request_points: 100_000,
};

pub(crate) fn rules(limits: Limits) -> Rules {
    let expiry = Expiry {
        gauges: Some(Duration::from_mins(5)),
        counters: Some(Duration::from_hours(1)),
        overrides: Vec::new(),
    };
    Rules {
        limits,
        expiry,
        pipeline: Pipeline::default(),
    }
}

pub(crate) fn store() -> Store {
    Store::new(rules(LIMITS), Instant::now())
}

pub(crate) fn take(store: &Store, request: &[u8]) -> Outcome {
    ingest(request, store, &Debug::default(), Instant::now())
}

/// A scrape as `accept` asks for it.
pub(crate) fn scrape(store: &Store, accept: &str, aliases: &[Alias]) -> Vec<u8> {
    let shape = Shape {
        format: exposition::negotiate([accept].into_iter()),
        options: exposition::Options { created_series: true },
        classic_bounds: None,
    };
    Scrape::new(store, aliases, &shape).flatten().collect()
}

/// A scrape in the text format 0.0.4.
pub(crate) fn text(store: &Store, aliases: &[Alias]) -> String {
    String::from_utf8(scrape(store, "text/plain", aliases)).expect("UTF-8")
}
