//! Limits, and what a new configuration does to what is there.

use std::time::Duration;

use super::*;
use crate::series::Limits;

fn points(range: std::ops::Range<u32>) -> Vec<model::Metric> {
    let points = range.map(|index| point(&[("id", &index.to_string())], f64::from(index)));
    vec![metric("g", "", gauge(points.collect()))]
}

fn reasons(outcome: &Outcome) -> Vec<(Reason, u64)> {
    outcome.rejections.by_reason().collect()
}

#[test]
fn a_request_may_have_so_many_points_and_the_rest_is_rejected() {
    let store = Store::new(
        rules(Limits {
            request_points: 5,
            ..LIMITS
        }),
        Instant::now(),
    );
    let outcome = take(&store, &request(&[], points(0..8)));
    assert_eq!(
        (outcome.accepted, reasons(&outcome)),
        (5, vec![(Reason::DatapointLimit, 3)])
    );
    assert_eq!(take(&store, &request(&[], points(5..8))).accepted, 3);
}

#[test]
fn one_environment_leaves_room_for_the_others() {
    let promotions = vec![Promotion {
        label: "environment".to_owned(),
        from: vec!["env".to_owned()],
        fixed: None,
    }];
    let rules = Rules {
        pipeline: Pipeline {
            promotions,
            ..Pipeline::default()
        },
        ..rules(Limits {
            series_per_environment: 3,
            ..LIMITS
        })
    };
    let store = Store::new(rules, Instant::now());
    let outcome = take(&store, &request(&[("env", "dev")], points(0..5)));
    assert_eq!(
        (outcome.accepted, reasons(&outcome)),
        (3, vec![(Reason::EnvironmentSeriesLimit, 2)])
    );
    assert_eq!(
        take(&store, &request(&[("env", "prod")], points(0..3))).accepted,
        3
    );
    // what goes makes room
    assert_eq!(store.expire(Instant::now() + Duration::from_mins(6)), 6);
    assert_eq!(
        take(&store, &request(&[("env", "dev")], points(5..8))).accepted,
        3
    );
}

#[test]
fn when_memory_is_used_up_known_series_are_updated_and_new_ones_refused() {
    let store = Store::new(
        rules(Limits {
            bytes: 200_000,
            ..LIMITS
        }),
        Instant::now(),
    );
    let outcome = take(&store, &request(&[], points(0..5000)));
    let taken = outcome.accepted;
    assert!((100..4000).contains(&taken), "{taken}");
    assert_eq!(reasons(&outcome), [(Reason::MemoryLimit, 5000 - taken)]);
    assert!(store.counts().bytes <= 200_000);
    assert_eq!(
        take(&store, &request(&[], points(0..taken as u32))).accepted,
        taken
    );
    // the process as a whole may be too large too
    let roomy = Store::new(rules(LIMITS), Instant::now());
    take(&roomy, &request(&[], points(0..10)));
    roomy.press(true);
    assert_eq!(take(&roomy, &request(&[], points(5..15))).accepted, 5);
    roomy.press(false);
    assert_eq!(take(&roomy, &request(&[], points(5..15))).accepted, 10);
    // and all of it is given back
    assert!(store.expire(Instant::now() + Duration::from_hours(2)) > 0);
    assert_eq!(store.counts().bytes, 0);
}

#[test]
fn all_bytes_are_given_back_whatever_was_kept() {
    let store = store();
    let exemplar = model::Exemplar {
        span_id: vec![1; 8],
        ..model::Exemplar::default()
    };
    let mut with_exemplar = point(&[("k", "v")], 1.0);
    with_exemplar.exemplars = vec![exemplar.clone(); 3];
    let mut distribution_with = distribution(&[], &[1.0, 2.0], &[1, 2, 3]);
    distribution_with.exemplars = vec![exemplar];
    for round in 0..3 {
        let resource = [("service.name", "api"), ("round", ["a", "b", "c"][round])];
        let metrics = vec![
            metric(
                "c",
                "",
                sum(true, vec![with_exemplar.clone(), point(&[("other", "x")], 2.0)]),
            ),
            metric("d", "", delta(vec![with_exemplar.clone()])),
            metric(
                "h",
                "",
                histogram(vec![
                    distribution_with.clone(),
                    distribution(&[("k", "v")], &[1.0], &[1, 2]),
                ]),
            ),
        ];
        assert_eq!(take(&store, &request(&resource, metrics)).accepted, 5);
    }
    assert!(store.counts().bytes > 1000);
    store.expire(Instant::now() + Duration::from_hours(2));
    assert_eq!((store.counts().bytes, store.counts().series), (0, 0));
}

#[test]
fn a_new_configuration_loses_no_series() {
    let store = store();
    let send = |value| {
        let metrics = vec![
            metric("c", "", delta(vec![point(&[("id", "1")], value)])),
            metric("g", "", gauge(vec![point(&[("id", "1")], value)])),
        ];
        take(
            &store,
            &request(&[("service.name", "api"), ("team", "core")], metrics),
        )
    };
    assert_eq!(send(1.0).accepted, 2);
    let before = samples(&store);
    store.reconfigure(rules(LIMITS));
    assert_eq!(samples(&store), before);
    // the same rules: the same series, and sums go on
    assert_eq!(send(2.0).accepted, 2);
    assert_eq!(
        samples(&store),
        before.replace("} 1\n", "} 2\n").replacen("} 2\n", "} 3\n", 1)
    );
    assert_eq!(store.counts().series, 2);
    // other rules: what is sent has other labels from now on
    let promotions = vec![Promotion {
        label: "team".to_owned(),
        from: vec!["team".to_owned()],
        fixed: None,
    }];
    let pipeline = Pipeline {
        promotions,
        ..Pipeline::default()
    };
    store.reconfigure(Rules {
        pipeline,
        ..rules(LIMITS)
    });
    assert_eq!(send(4.0).accepted, 2);
    let text = samples(&store);
    assert_eq!(text.matches("team=\"core\"").count(), 2, "{text}");
    assert_eq!(text.lines().count(), 4);
}
