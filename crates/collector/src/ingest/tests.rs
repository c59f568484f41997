use opentelemetry_proto::tonic::metrics::v1 as model;
use prost::Message;

use service::Settings;

use super::*;
use crate::config::RawConfig;
use crate::fixtures::{LIMITS, rules, store, take, text};
use crate::process::Pipeline;
use crate::process::Promotion;
use crate::requests::*;
use crate::series::Rules;

/// The samples of a scrape, without comments and without `target_info`.
fn samples(store: &Store) -> String {
    let text = text(store, &[]);
    let sample = |line: &&str| !line.starts_with('#') && !line.starts_with("target_info");
    text.lines()
        .filter(sample)
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// One metric comes in, and these samples come out, of a service `api` without the labels of its origin.
fn check(metric: model::Metric, expected: &str) {
    let store = store();
    let outcome = take(&store, &request(&[("service.name", "api")], vec![metric]));
    assert_eq!(outcome.rejections, Rejections::default());
    let origin = "instance=\"\",job=\"api\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"";
    assert_eq!(
        samples(&store)
            .replace(&format!("{origin},"), "")
            .replace(origin, ""),
        expected
    );
}

#[test]
fn sums_gauges_and_histograms_come_out_as_prometheus_wants_them() {
    check(
        metric("g", "By", gauge(vec![point(&[("k", "v")], 1.5)])),
        "g_bytes{k=\"v\"} 1.5\n",
    );
    check(
        metric("requests", "{request}", sum(true, vec![point(&[], 7.0)])),
        "requests_total{} 7\n",
    );
    check(
        metric("queue", "1", sum(false, vec![point(&[], -2.0)])),
        "queue{} -2\n",
    );
    check(
        metric(
            "rtt",
            "s",
            histogram(vec![distribution(&[("k", "v")], &[0.1, 1.0], &[3, 2, 1])]),
        ),
        "rtt_seconds_bucket{k=\"v\",le=\"0.1\"} 3\n\
         rtt_seconds_bucket{k=\"v\",le=\"1\"} 5\n\
         rtt_seconds_bucket{k=\"v\",le=\"+Inf\"} 6\n\
         rtt_seconds_sum{k=\"v\"} 6\n\
         rtt_seconds_count{k=\"v\"} 6\n",
    );
}

#[test]
fn a_histogram_may_lack_buckets_or_its_sum() {
    let point = model::HistogramDataPoint {
        count: 4,
        ..model::HistogramDataPoint::default()
    };
    check(
        metric("h", "", histogram(vec![point])),
        "h_bucket{le=\"+Inf\"} 4\nh_count{} 4\n",
    );
}

#[test]
fn the_bounds_of_a_histogram_may_change() {
    let store = store();
    for (bounds, counts) in [(&[1.0][..], &[1, 1][..]), (&[2.0, 4.0], &[1, 1, 1])] {
        let data = histogram(vec![distribution(&[], bounds, counts)]);
        assert_eq!(
            take(&store, &request(&[], vec![metric("h", "", data)])).accepted,
            1
        );
    }
    let text = samples(&store);
    let les: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once("le=\"")?.1.split_once('"'))
        .collect();
    assert_eq!(les, [("2", "} 1"), ("4", "} 2"), ("+Inf", "} 3")]);
}

#[test]
fn attributes_in_another_order_are_the_same_series() {
    let store = store();
    for (attributes, value) in [([("a", "1"), ("b", "2")], 1.0), ([("b", "2"), ("a", "1")], 2.0)] {
        take(
            &store,
            &request(&[], vec![metric("g", "", gauge(vec![point(&attributes, value)]))]),
        );
    }
    let text = samples(&store);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.ends_with("a=\"1\",b=\"2\"} 2\n"), "{text}");
}

#[test]
fn resources_that_differ_in_no_label_are_one_source() {
    let store = store();
    for (host, value) in [("one", 1.0), ("other", 2.0)] {
        let resource = [("service.name", "api"), ("host.name", host)];
        take(
            &store,
            &request(&resource, vec![metric("g", "", gauge(vec![point(&[], value)]))]),
        );
    }
    let text = samples(&store);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.ends_with("} 2\n"), "{text}");
}

#[test]
fn an_ended_series_goes_and_its_neighbours_stay() {
    let store = store();
    let series = |label| [("k", label)];
    let points = ["a", "b", "c"].map(|label| point(&series(label), 1.0));
    take(
        &store,
        &request(&[], vec![metric("g", "", gauge(points.to_vec()))]),
    );
    let ended = model::NumberDataPoint {
        flags: 1,
        value: None,
        ..point(&series("a"), 0.0)
    };
    let outcome = take(
        &store,
        &request(
            &[],
            vec![metric("g", "", gauge(vec![ended, point(&series("b"), 2.0)]))],
        ),
    );
    assert_eq!(outcome.accepted, 2);
    let text = samples(&store);
    let values: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once("k="))
        .map(|(_, rest)| rest)
        .collect();
    assert_eq!(values, ["\"b\"} 2", "\"c\"} 1"]);
}

#[test]
fn everything_that_is_not_taken_is_counted_with_its_reason() {
    let store = store();
    let exponential = model::metric::Data::ExponentialHistogram(model::ExponentialHistogram {
        data_points: vec![model::ExponentialHistogramDataPoint::default(); 3],
        aggregation_temporality: 2,
    });
    let quantile = |quantile| model::summary_data_point::ValueAtQuantile { quantile, value: 1.0 };
    let summary = model::metric::Data::Summary(model::Summary {
        data_points: vec![model::SummaryDataPoint {
            quantile_values: vec![quantile(0.9), quantile(0.5)],
            ..model::SummaryDataPoint::default()
        }],
    });
    let up_down = model::metric::Data::Sum(model::Sum {
        data_points: vec![point(&[], 1.0)],
        aggregation_temporality: 1,
        is_monotonic: false,
    });
    let negative = delta(vec![point(&[], -1.0), point(&[], f64::NAN)]);
    let unspecified = model::metric::Data::Histogram(model::Histogram {
        data_points: vec![distribution(&[], &[], &[1])],
        aggregation_temporality: 0,
    });
    let valueless = model::NumberDataPoint {
        value: None,
        ..point(&[], 0.0)
    };
    let uncounted = model::HistogramDataPoint {
        count: 100,
        ..distribution(&[], &[1.0], &[3, 5])
    };
    let nan = distribution(&[], &[f64::NAN], &[1, 1]);
    let metrics = vec![
        metric("good", "", gauge(vec![point(&[], 1.0), valueless])),
        metric("d", "", up_down),
        metric("n", "", negative),
        metric("e", "", exponential),
        metric("s", "", summary),
        metric("u", "", unspecified),
        metric(
            "h",
            "",
            histogram(vec![distribution(&[], &[1.0], &[1]), nan, uncounted]),
        ),
        metric(
            "h",
            "",
            histogram(vec![distribution(&[], &[2.0, 1.0], &[1, 2, 3])]),
        ),
        metric(
            "h",
            "",
            histogram(vec![distribution(&[], &[1.0, f64::INFINITY], &[1, 2, 3])]),
        ),
        metric("h", "", histogram(vec![distribution(&[], &[1.0; 10], &[1; 11])])),
        metric("up", "", gauge(vec![point(&[], 1.0)])),
        metric("", "", gauge(vec![point(&[], 1.0)])),
        metric("good", "", histogram(vec![distribution(&[], &[], &[])])),
        metric("none", "", gauge(Vec::new())),
        model::Metric::default(),
    ];
    let outcome = take(&store, &request(&[], metrics));
    assert_eq!((outcome.accepted, outcome.malformed), (1, None));
    let reasons: Vec<_> = outcome.rejections.by_reason().collect();
    assert_eq!(
        reasons,
        [
            (Reason::DeltaOfUpDownCounter, 1),
            (Reason::NegativeDelta, 2),
            (Reason::UnspecifiedTemporality, 1),
            (Reason::NoValue, 1),
            (Reason::NoSum, 3),
            (Reason::InvalidHistogram, 5),
            (Reason::InvalidSummary, 1),
            (Reason::InvalidName, 1),
            (Reason::ReservedName, 1),
            (Reason::TypeConflict, 1),
            (Reason::TooManyBuckets, 1),
        ]
    );
    assert_eq!(outcome.rejections.points(), 18);
    let message = outcome.rejections.message();
    let first = "1 rejected (delta_of_up_down_counter), first of metric `d`: the sum of an up-down counter's deltas is not \
                 its value; set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE to lowmemory or cumulative | ";
    assert!(message.starts_with(first), "{message}");
    assert_eq!(samples(&store).lines().count(), 1);
}

#[test]
fn points_of_an_unreadable_resource_are_counted_and_those_beside_it_taken() {
    let store = store();
    let metrics = || {
        vec![metric(
            "g",
            "",
            gauge(vec![point(&[], 1.0), point(&[("k", "v")], 1.0)]),
        )]
    };
    let mut broken = of_resource(&[("k", "01234567")], metrics());
    broken.scope_metrics.extend(broken.scope_metrics.clone());
    let mut bytes = encode(vec![broken, of_resource(&[], metrics())]);
    let at = bytes
        .windows(8)
        .position(|window| window == b"01234567")
        .expect("the value");
    bytes[at] = 0xff;
    let outcome = take(&store, &bytes);
    assert_eq!((outcome.accepted, outcome.malformed), (2, None));
    assert_eq!(
        outcome.rejections.by_reason().collect::<Vec<_>>(),
        [(Reason::InvalidAttributes, 4)]
    );
}

#[test]
fn origins_never_share_a_series() {
    let promotions = vec![Promotion {
        label: "data_plane_id".to_owned(),
        from: vec!["data_plane_id".to_owned()],
        fixed: None,
    }];
    let pipeline = Pipeline {
        promotions,
        ..Pipeline::default()
    };
    let of_scope = |name: &str, resource: &[(&str, &str)], attributes: &[(&str, &str)]| {
        let metrics = vec![metric("g", "", gauge(vec![point(attributes, 1.0)]))];
        let mut sent = of_resource(resource, metrics);
        let scope = sent.scope_metrics[0].scope.as_mut().expect("a scope");
        scope.name = name.to_owned();
        encode(vec![sent])
    };
    let api = ("service.name", "api");
    for pair in [
        [
            of_scope("lib", &[api], &[("instance", "i1")]),
            of_scope("lib", &[api, ("service.instance.id", "i1")], &[]),
        ],
        [
            of_scope("lib", &[], &[("job", "api")]),
            of_scope("lib", &[api], &[]),
        ],
        [
            of_scope("lib", &[api], &[("data_plane_id", "d")]),
            of_scope("lib", &[api, ("data_plane_id", "d")], &[]),
        ],
        [
            of_scope("lib", &[api], &[("otel_scope_name", "")]),
            of_scope("", &[api], &[]),
        ],
        [
            of_scope("lib", &[api], &[("otel.scope.name", "a")]),
            of_scope("a;lib", &[api], &[]),
        ],
    ] {
        let rules = Rules {
            pipeline: pipeline.clone(),
            ..rules(LIMITS)
        };
        let store = Store::new(rules, Instant::now());
        for request in &pair {
            let outcome = take(&store, request);
            assert_eq!(outcome.accepted, 1);
        }
        let text = samples(&store);
        let mut series: Vec<_> = text
            .lines()
            .map(|line| {
                let (_, labels) = line.split_once('{').expect("labels");
                let mut labels: Vec<_> = labels.trim_end_matches("} 1").split(',').collect();
                labels.sort_unstable();
                labels
            })
            .collect();
        series.dedup();
        assert_eq!(series.len(), 2, "{text}");
    }
}

#[test]
fn what_is_broken_within_its_bounds_is_rejected_alone() {
    // a field 3 that is a varint, appended to a message; in a point it is the time, in a metric the unit
    let broken = |message: &[u8]| [message, &[0x18, 1]].concat();
    let nested = |number: u32, message: &[u8]| {
        let mut out = Vec::new();
        crate::otlp::wire::write_bytes(&mut out, number, message);
        out
    };
    let good = |name: &str| metric(name, "", gauge(vec![point(&[], 1.0)])).encode_to_vec();
    let points = [
        nested(1, &broken(&point(&[("k", "a")], 1.0).encode_to_vec())),
        nested(1, &point(&[("k", "b")], 1.0).encode_to_vec()),
    ];
    let half = [nested(1, b"half"), nested(5, &points.concat())].concat();
    let metrics = [half, broken(&good("none")), good("last")].map(|metric| nested(2, &metric));
    let request = nested(1, &nested(2, &metrics.concat()));
    let store = store();
    let outcome = take(&store, &request);
    assert_eq!((outcome.accepted, outcome.malformed), (2, None));
    assert_eq!(
        outcome.rejections.by_reason().collect::<Vec<_>>(),
        [(Reason::Malformed, 2)]
    );
    let text = samples(&store);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        outcome
            .rejections
            .message()
            .starts_with("2 rejected (malformed), first of metric `half`: ")
    );
}

#[test]
fn what_is_overtaken_is_accepted_and_counted() {
    let store = store();
    let at = |time| model::NumberDataPoint {
        time_unix_nano: time,
        ..point(&[], time as f64)
    };
    let points = gauge(vec![at(2), at(1)]);
    let outcome = take(&store, &request(&[], vec![metric("g", "", points)]));
    assert_eq!((outcome.accepted, outcome.overtaken), (2, 1));
    // the same, begun later
    let restarted = model::NumberDataPoint {
        start_time_unix_nano: 1,
        ..at(1)
    };
    let histogram_of = |start, time| {
        let point = model::HistogramDataPoint {
            start_time_unix_nano: start,
            time_unix_nano: time,
            ..distribution(&[], &[1.0], &[1, 1])
        };
        metric("h", "", histogram(vec![point]))
    };
    let metrics = vec![
        metric("g", "", gauge(vec![restarted])),
        histogram_of(0, 2),
        histogram_of(1, 1),
    ];
    let outcome = take(&store, &request(&[], metrics));
    assert_eq!((outcome.accepted, outcome.overtaken), (3, 0));
}

#[test]
fn a_request_that_breaks_off_is_malformed_and_what_came_before_is_taken() {
    let store = store();
    let metrics = |name| vec![metric(name, "", gauge(vec![point(&[], 1.0)]))];
    let mut bytes = encode(vec![
        of_resource(&[], metrics("first")),
        of_resource(&[], metrics("second")),
    ]);
    bytes.truncate(bytes.len() - 3);
    let outcome = take(&store, &bytes);
    assert_eq!(
        (outcome.accepted, outcome.malformed),
        (1, Some(Malformed::Truncated))
    );
}

#[test]
fn what_is_filtered_is_counted_and_nothing_is_rejected() {
    let steps: RawConfig = toml::from_str(
        "[[process]]\nstep = \"filter_resources\"\nexclude = [{ \"service.name\" = \"canary\" }]\n\
         [[process]]\nstep = \"filter_metrics\"\nexclude = [\"dropped.*\"]\n\
         [[process]]\nstep = \"rename_metrics\"\nfrom = \"old.*\"\nto = \"new.*\"\n\
         [[process]]\nstep = \"filter_points\"\nexclude = [{ k = \"x\" }]",
    )
    .expect("settings");
    let pipeline = steps.into_config().expect("right settings").rules.pipeline;
    let store = Store::new(
        Rules {
            pipeline,
            ..rules(LIMITS)
        },
        Instant::now(),
    );
    let take = |resource, metrics| take(&store, &request(resource, metrics));
    let two = || gauge(vec![point(&[("k", "x")], 1.0), point(&[("k", "y")], 2.0)]);
    let metrics = || vec![metric("dropped.a", "", two()), metric("old.a", "", two())];
    let expected = |accepted, filtered| Outcome {
        accepted,
        filtered,
        ..Outcome::default()
    };
    assert_eq!(take(&[("service.name", "api")], metrics()), expected(1, 3));
    assert_eq!(take(&[("service.name", "canary")], metrics()), expected(0, 4));
    // once more, when the spellings are known
    assert_eq!(take(&[("service.name", "api")], metrics()), expected(1, 3));
    assert!(samples(&store).starts_with("new_a{"));
    assert_eq!(samples(&store).lines().count(), 1);
}

mod accounts;
mod deltas;
mod kinds;
mod rules;
