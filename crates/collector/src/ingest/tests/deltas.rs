//! Deltas become what they add up to.

use proptest::prelude::*;

use super::*;

/// A delta of the series `id` that lasts from one moment to another.
fn added(id: &str, from: u64, to: u64, value: f64) -> model::NumberDataPoint {
    model::NumberDataPoint {
        start_time_unix_nano: from,
        time_unix_nano: to,
        ..point(&[("id", id)], value)
    }
}

fn send(store: &Store, points: Vec<model::NumberDataPoint>) -> Outcome {
    take(store, &request(&[], vec![metric("c", "", delta(points))]))
}

fn value(store: &Store, id: &str) -> Option<f64> {
    let text = samples(store);
    let line = text.lines().find(|line| line.contains(&format!("id=\"{id}\"")))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn deltas_add_up_once_each() {
    let store = store();
    assert_eq!(
        send(&store, vec![added("a", 10, 20, 1.5), added("b", 10, 20, 4.0)]).accepted,
        2
    );
    assert_eq!(send(&store, vec![added("a", 20, 30, 2.0)]).accepted, 1);
    assert_eq!((value(&store, "a"), value(&store, "b")), (Some(3.5), Some(4.0)));
    // the answer got lost, and it is sent again
    let outcome = send(&store, vec![added("a", 20, 30, 2.0)]);
    assert_eq!((outcome.accepted, outcome.overtaken), (1, 1));
    let late = send(&store, vec![added("a", 12, 18, 2.0)]);
    assert_eq!(
        late.rejections.by_reason().collect::<Vec<_>>(),
        [(Reason::LateDelta, 1)]
    );
    assert_eq!(value(&store, "a"), Some(3.5));
}

#[test]
fn a_sender_may_change_its_mind_about_temporality() {
    let store = store();
    let cumulative = |value, time| {
        let point = model::NumberDataPoint {
            time_unix_nano: time,
            ..point(&[("id", "a")], value)
        };
        take(
            &store,
            &request(&[], vec![metric("c", "", sum(true, vec![point]))]),
        )
    };
    assert_eq!(cumulative(100.0, 5).accepted, 1);
    // nobody knows what a delta would add to
    assert_eq!(send(&store, vec![added("a", 5, 10, 1.0)]).accepted, 1);
    assert_eq!(value(&store, "a"), Some(1.0));
    assert_eq!(cumulative(7.0, 20).accepted, 1);
    assert_eq!(value(&store, "a"), Some(7.0));
}

#[test]
fn a_delta_without_value_ends_the_sum() {
    let store = store();
    send(&store, vec![added("a", 10, 20, 1.0)]);
    let ended = model::NumberDataPoint {
        flags: 1,
        value: None,
        ..added("a", 20, 30, 0.0)
    };
    assert_eq!(send(&store, vec![ended]).accepted, 1);
    assert_eq!(value(&store, "a"), None);
    send(&store, vec![added("a", 30, 40, 5.0)]);
    assert_eq!(value(&store, "a"), Some(5.0));
}

#[test]
fn histograms_of_deltas_add_up_bucket_by_bucket() {
    let store = store();
    let send = |bounds: &[f64], counts: &[u64], time: u64| {
        let point = model::HistogramDataPoint {
            start_time_unix_nano: time - 1,
            time_unix_nano: time,
            ..distribution(&[], bounds, counts)
        };
        let data = model::metric::Data::Histogram(model::Histogram {
            data_points: vec![point],
            aggregation_temporality: model::AggregationTemporality::Delta.into(),
        });
        assert_eq!(
            take(&store, &request(&[], vec![metric("h", "", data)])).accepted,
            1
        );
    };
    send(&[1.0], &[1, 2], 10);
    send(&[1.0], &[3, 4], 11);
    let buckets = |store: &Store| -> Vec<String> {
        let text = samples(store);
        text.lines()
            .filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned()))
            .collect()
    };
    assert_eq!(buckets(&store), ["4", "10", "10", "10"]);
    // other bounds: counting begins anew
    send(&[2.0], &[1, 1], 12);
    assert_eq!(buckets(&store), ["1", "2", "2", "2"]);
}

#[test]
fn exponential_histograms_of_deltas_add_up() {
    let store = store();
    let send = |scale, offset, counts: Vec<u64>, time: u64| {
        let count = counts.iter().sum();
        let point = model::ExponentialHistogramDataPoint {
            start_time_unix_nano: time - 1,
            time_unix_nano: time,
            scale,
            count,
            sum: Some(count as f64),
            positive: Some(model::exponential_histogram_data_point::Buckets {
                offset,
                bucket_counts: counts,
            }),
            ..Default::default()
        };
        let data = model::metric::Data::ExponentialHistogram(model::ExponentialHistogram {
            data_points: vec![point],
            aggregation_temporality: model::AggregationTemporality::Delta.into(),
        });
        assert_eq!(
            take(&store, &request(&[], vec![metric("e", "", data)])).accepted,
            1
        );
    };
    send(1, 0, vec![1, 2, 3, 4], 10);
    send(0, 1, vec![5], 11);
    let text = samples(&store);
    assert!(
        text.contains("e_count{instance=\"\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"} 15\n"),
        "{text}"
    );
    assert!(
        text.contains("e_sum{instance=\"\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"} 15\n"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Threads send one row of deltas in disorder, some of them twice, and all of it is there in the end, once.
    #[test]
    fn concurrent_batches_lose_nothing(
        order in Just((0..24_u64).collect::<Vec<_>>()).prop_shuffle(),
        threads in 2..5_usize,
    ) {
        let store = store();
        let ids = ["a", "b", "c"];
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (store, order) = (&store, &order);
                scope.spawn(move || {
                    for index in order.iter().skip(thread).step_by(threads) {
                        let points: Vec<_> =
                            ids.iter().map(|id| added(id, 10 + index, 11 + index, f64::from(1_u32 << index))).collect();
                        let outcome = send(store, points.clone());
                        assert_eq!((outcome.accepted, outcome.overtaken), (3, 0));
                        let again = send(store, points);
                        assert_eq!(again.overtaken + again.rejections.points(), 3);
                    }
                });
            }
        });
        for id in ids {
            prop_assert_eq!(value(&store, id), Some(((1_u64 << 24) - 1) as f64));
        }
    }
}
