//! Exponential histograms, summaries, types that a gauge says of itself, exemplars.

use super::*;
use crate::fixtures::scrape;

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

/// The samples of one metric in `OpenMetrics`, without the labels of its origin.
fn openmetrics(metric: model::Metric) -> String {
    let store = store();
    let outcome = take(&store, &request(&[("service.name", "api")], vec![metric]));
    assert_eq!(outcome.rejections, Rejections::default());
    let text = String::from_utf8(scrape(&store, OPENMETRICS, &[])).expect("UTF-8");
    let origin = "instance=\"\",job=\"api\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\"";
    let text = text.replace(&format!("{origin},"), "").replace(origin, "");
    text.lines()
        .filter(|line| !line.contains("target"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[test]
fn a_counter_says_when_it_began_and_shows_an_exemplar() {
    let exemplar = model::Exemplar {
        time_unix_nano: 3_500_000_000,
        trace_id: vec![0xab; 16],
        span_id: vec![0x01; 8],
        filtered_attributes: attributes(&[
            ("user.id", "7"),
            ("trace_id", "forged"),
            ("long", &"x".repeat(100)),
        ]),
        value: Some(model::exemplar::Value::AsInt(2)),
    };
    let point = model::NumberDataPoint {
        start_time_unix_nano: 1_500_000_000,
        time_unix_nano: 4_000_000_000,
        exemplars: vec![exemplar],
        ..point(&[("k", "v")], 7.0)
    };
    assert_eq!(
        openmetrics(metric("requests", "{request}", sum(true, vec![point]))),
        format!(
            "# TYPE requests counter\n# HELP requests What requests means.\n\
             requests_total{{k=\"v\"}} 7 # {{trace_id=\"{}\",span_id=\"{}\",user_id=\"7\"}} 2 3.5\n\
             requests_created{{k=\"v\"}} 1.5\n# EOF\n",
            "ab".repeat(16),
            "01".repeat(8)
        )
    );
}

#[test]
fn a_histogram_shows_the_newest_exemplar_of_each_bucket() {
    let exemplar = |value, time: u64| model::Exemplar {
        time_unix_nano: time * 1_000_000_000,
        span_id: vec![time as u8],
        value: Some(model::exemplar::Value::AsDouble(value)),
        ..model::Exemplar::default()
    };
    let point = model::HistogramDataPoint {
        exemplars: vec![
            exemplar(0.5, 2),
            exemplar(1.0, 3),
            exemplar(0.2, 1),
            exemplar(9.0, 4),
        ],
        ..distribution(&[], &[1.0, 2.0], &[3, 0, 1])
    };
    let text = openmetrics(metric("h", "", histogram(vec![point])));
    let buckets: Vec<_> = text.lines().filter(|line| line.contains("_bucket")).collect();
    assert_eq!(
        buckets,
        [
            "h_bucket{le=\"1.0\"} 3 # {span_id=\"03\"} 1 3",
            "h_bucket{le=\"2.0\"} 3",
            "h_bucket{le=\"+Inf\"} 4 # {span_id=\"04\"} 9 4",
        ]
    );
}

#[test]
fn a_summary_keeps_its_quantiles() {
    let quantile = |quantile, value| model::summary_data_point::ValueAtQuantile { quantile, value };
    let data = model::metric::Data::Summary(model::Summary {
        data_points: vec![model::SummaryDataPoint {
            count: 4,
            sum: 10.5,
            quantile_values: vec![quantile(0.5, 2.0), quantile(0.99, 4.5)],
            attributes: attributes(&[("k", "v"), ("quantile", "mine")]),
            ..model::SummaryDataPoint::default()
        }],
    });
    check(
        metric("s", "s", data),
        "s_seconds{exported_quantile=\"mine\",k=\"v\",quantile=\"0.5\"} 2\n\
         s_seconds{exported_quantile=\"mine\",k=\"v\",quantile=\"0.99\"} 4.5\n\
         s_seconds_sum{exported_quantile=\"mine\",k=\"v\"} 10.5\n\
         s_seconds_count{exported_quantile=\"mine\",k=\"v\"} 4\n",
    );
}

#[test]
fn a_gauge_may_say_that_it_is_something_else() {
    for (said, of_text, of_openmetrics) in [
        ("unknown", "untyped", "unknown"),
        ("unkown", "untyped", "unknown"),
        ("stateset", "gauge", "stateset"),
    ] {
        let of = |name: &str| model::Metric {
            metadata: attributes(&[("prometheus.type", said)]),
            ..metric(name, "1", gauge(vec![point(&[("k", "v")], 1.0)]))
        };
        let store = store();
        take(&store, &request(&[], vec![of("g")]));
        let shown = text(&store, &[]);
        assert!(shown.contains(&format!("# TYPE g {of_text}\n")), "{shown}");
        let shown = openmetrics(of("g"));
        assert!(shown.contains(&format!("# TYPE g {of_openmetrics}\n")), "{shown}");
    }
}

#[test]
fn an_exponential_histogram_that_cannot_be_told_is_rejected() {
    let good = model::ExponentialHistogramDataPoint {
        count: 3,
        sum: Some(3.0),
        scale: 2,
        zero_count: 1,
        positive: Some(model::exponential_histogram_data_point::Buckets {
            offset: -1,
            bucket_counts: vec![0, 2, 0],
        }),
        ..Default::default()
    };
    let store = store();
    let send = |point: model::ExponentialHistogramDataPoint| {
        let data = model::metric::Data::ExponentialHistogram(model::ExponentialHistogram {
            data_points: vec![point],
            aggregation_temporality: model::AggregationTemporality::Cumulative.into(),
        });
        let outcome = take(&store, &request(&[], vec![metric("e", "", data)]));
        outcome.rejections.by_reason().map(|(reason, _)| reason).next()
    };
    let change = |change: fn(&mut model::ExponentialHistogramDataPoint)| {
        let mut point = good.clone();
        change(&mut point);
        point
    };
    assert_eq!(send(good.clone()), None);
    assert_eq!(send(change(|point| point.sum = None)), Some(Reason::NoSum));
    assert_eq!(
        send(change(|point| point.scale = -5)),
        Some(Reason::ScaleOutOfRange)
    );
    assert_eq!(
        send(change(|point| point.scale = 21)),
        Some(Reason::ScaleOutOfRange)
    );
    assert_eq!(
        send(change(|point| point.count = 4)),
        Some(Reason::InvalidHistogram)
    );
    assert_eq!(
        send(change(|point| point.zero_threshold = -1.0)),
        Some(Reason::InvalidHistogram)
    );
    let wide = change(|point| {
        point.positive = Some(model::exponential_histogram_data_point::Buckets {
            offset: 0,
            bucket_counts: vec![1; 11],
        });
        point.count = 12;
    });
    assert_eq!(send(wide), Some(Reason::TooManyBuckets));
    let far = change(|point| {
        point.positive = Some(model::exponential_histogram_data_point::Buckets {
            offset: i32::MAX,
            bucket_counts: vec![1, 1],
        });
    });
    assert_eq!(send(far), Some(Reason::InvalidHistogram));
}
