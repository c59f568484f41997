//! Whatever happens, in whatever order and at once: what is counted is what is there, and all of it is given back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1 as model;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{LIMITS, rules, scrape, take};
use crate::requests::*;

const HOUR: Duration = Duration::from_hours(1);

/// A request that is like others and yet not the same, of every kind that there is.
fn chaos(seed: u64) -> Vec<u8> {
    let (a, b, c) = (seed % 5, seed / 5 % 7, seed / 35 % 11);
    let key = format!("v{b}");
    let of = [("k", key.as_str()), ("x", "y")];
    let times = |point: model::NumberDataPoint| model::NumberDataPoint {
        start_time_unix_nano: 1 + seed * 10,
        time_unix_nano: 11 + seed * 10,
        flags: u32::from(c == 3),
        exemplars: vec![model::Exemplar {
            time_unix_nano: seed,
            trace_id: vec![7; 16],
            ..Default::default()
        }],
        ..point
    };
    let bounds: Vec<f64> = (0..c).map(|bound| bound as f64).collect();
    let mut observed = distribution(&of, &bounds, &vec![1; bounds.len() + 1]);
    observed.time_unix_nano = 11 + seed * 10;
    let exponential = model::ExponentialHistogramDataPoint {
        attributes: attributes(&of),
        count: 1 + c,
        sum: Some(1.0),
        scale: (b as i32) - 3,
        time_unix_nano: 11 + seed * 10,
        positive: Some(model::exponential_histogram_data_point::Buckets {
            offset: (seed % 40) as i32 - 20,
            bucket_counts: vec![1; 1 + c as usize],
        }),
        ..Default::default()
    };
    let temporality = if c % 2 == 0 { 1 } else { 2 };
    let data = match a {
        0 => gauge(vec![times(point(&of, 1.0)), times(point(&of[..1], 2.0))]),
        1 => sum(true, vec![times(point(&of, 1.0))]),
        2 => delta(vec![times(point(&of, 1.0)), times(point(&of, 1.0))]),
        3 => model::metric::Data::Histogram(model::Histogram {
            data_points: vec![observed],
            aggregation_temporality: temporality,
        }),
        _ => model::metric::Data::ExponentialHistogram(model::ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: temporality,
        }),
    };
    let mut metric = metric(
        &format!("m{}", seed / 3 % 4),
        ["", "s", "1"][seed as usize % 3],
        data,
    );
    metric.description = format!("Help {}.", seed % 2);
    request(&[("service.name", &format!("api{}", seed % 6))], vec![metric])
}

/// Nothing is left of the store's series after they have expired.
fn assert_given_back(store: &Store, now: Instant) {
    store.expire(now + 3 * HOUR);
    store.expire(now + 3 * HOUR);
    let Counts {
        series,
        families,
        sources,
        bytes,
        ..
    } = store.counts();
    assert_eq!((series, families, sources, bytes), (0, 0, 0, 0));
    assert_eq!(store.groups.load(Ordering::Relaxed), 0);
}

/// Series that are there, whether or not they have a value, as the limits count them.
fn assert_counted(store: &Store) {
    let counts = store.counts();
    assert!(
        counts.bytes < usize::MAX / 2 && counts.sources < 1000,
        "{counts:?}"
    );
    let of_families: usize = store
        .families()
        .iter()
        .map(|family| family.series.load(Ordering::Relaxed))
        .sum();
    assert_eq!(counts.series, of_families);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_counted_is_given_back(
        seeds in prop::collection::vec((any::<u16>(), 0..20_u8), 1..120),
        bytes in prop_oneof![Just(LIMITS.bytes), 3_000..60_000_usize],
    ) {
        let limits = Limits { bytes, series_per_metric: 9, ..LIMITS };
        let mut now = Instant::now();
        let store = Store::new(rules(limits.clone()), now);
        for (seed, deed) in seeds {
            match deed {
                0 => now += HOUR / 12,
                1 => { store.expire(now); }
                2 => store.reconfigure(rules(limits.clone())),
                3 => store.press(seed % 2 == 0),
                _ => { crate::ingest::ingest(&chaos(seed.into()), &store, &crate::debug::Debug::default(), now); }
            }
            assert_counted(&store);
        }
        assert_given_back(&store, now);
    }
}

#[test]
fn everything_at_once_and_all_is_given_back() {
    let store = Store::new(rules(LIMITS), Instant::now());
    let (over, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let until_over = |deed: &dyn Fn()| {
        while !over.load(Ordering::Relaxed) {
            deed();
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..4000 {
                        take(&store, &chaos(next.fetch_add(1, Ordering::Relaxed)));
                    }
                })
            })
            .collect();
        let (store, until_over) = (&store, &until_over);
        // what came a moment ago is two hours old to these
        scope.spawn(move || {
            until_over(&|| {
                store.expire(Instant::now() + 2 * HOUR);
            });
        });
        scope.spawn(move || until_over(&|| store.reconfigure(rules(LIMITS))));
        scope.spawn(move || {
            until_over(&|| {
                for accept in ["text/plain", "application/openmetrics-text"] {
                    scrape(store, accept, &[]);
                }
            });
        });
        for sender in senders {
            sender.join().expect("a sender");
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_counted(&store);
    assert_given_back(&store, Instant::now());
}
