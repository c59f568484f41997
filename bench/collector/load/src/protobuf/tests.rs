use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric, number_data_point};
use prost::Message as _;

use super::*;

const START: u64 = 1_763_700_000_000_000_000;
const NOW: u64 = START + 5_000_000_000;

fn decode(body: &Body) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest::decode(&body.bytes[..]).expect("an ExportMetricsServiceRequest")
}

/// All metrics of all bodies, after `passes` passes of which all but the first were accepted.
fn metrics(kind: Kind, passes: u64) -> (Vec<Metric>, Totals) {
    let mut expected = Totals::default();
    let mut metrics = Vec::new();
    for mut body in bodies(kind, Herd::Known, 2000, 1000, START) {
        for pass in 0..passes {
            body.advance(NOW + pass);
            if pass > 0 {
                body.accept(NOW + pass);
            }
        }
        expected += body.expected().expect("nothing is uncertain");
        let [resource] = <[_; 1]>::try_from(decode(&body).resource_metrics).expect("one resource");
        let [scope] = <[_; 1]>::try_from(resource.scope_metrics).expect("one scope");
        metrics.extend(scope.metrics);
    }
    (metrics, expected)
}

#[test]
fn resources_and_scopes_are_as_their_shape() {
    let bodies = bodies(Kind::Counter, Herd::Known, 3000, 2000, START);
    assert_eq!(
        bodies.iter().map(|body| body.points).collect::<Vec<_>>(),
        [2000, 1000]
    );
    let request = decode(&bodies[0]);
    let found: Vec<Vec<(String, Option<Value>)>> = request
        .resource_metrics
        .into_iter()
        .map(|resource| {
            let scope = resource.scope_metrics[0].scope.clone().expect("a scope");
            assert_eq!((scope.name.as_str(), scope.version.as_str()), SCOPE);
            let attributes = resource.resource.expect("a resource").attributes;
            attributes
                .into_iter()
                .map(|attribute| (attribute.key, attribute.value.and_then(|value| value.value)))
                .collect()
        })
        .collect();
    let shape = |number| {
        shape::resource(number).map(|(key, value)| (key.to_owned(), Some(Value::StringValue(value))))
    };
    assert_eq!(found, [shape(0), shape(1)]);
}

#[test]
fn a_batch_is_a_part_of_a_resource_or_several() {
    let points = |batch| -> Vec<u64> {
        let bodies = bodies(Kind::Counter, Herd::Known, 2000, batch, START);
        bodies.iter().map(|body| body.points).collect()
    };
    assert_eq!(points(100), [100; 20]);
    assert_eq!(points(1000), [1000; 2]);
    assert_eq!(points(8000), [2000]);
}

#[test]
fn counters_grow_by_one_and_say_when() {
    let (metrics, expected) = metrics(Kind::Counter, 3);
    assert_eq!(metrics.len(), 40);
    let mut sum = 0.0;
    for (index, metric) in metrics.into_iter().enumerate() {
        assert_eq!(
            metric.name,
            format!("bench.http.server.measure.{:02}", index % 20)
        );
        let Some(Data::Sum(data)) = metric.data else {
            panic!("a sum")
        };
        assert_eq!(data.aggregation_temporality(), AggregationTemporality::Cumulative);
        assert!(data.is_monotonic);
        assert_eq!(data.data_points.len(), SETS);
        for (set, point) in data.data_points.into_iter().enumerate() {
            assert_eq!(
                (point.start_time_unix_nano, point.time_unix_nano),
                (START, NOW + 2)
            );
            let value = FIRST_VALUE + ((index % 20) * SETS + set) as u64 + 3;
            assert_eq!(point.value, Some(number_data_point::Value::AsInt(value as i64)));
            sum += value as f64;
            let keys: Vec<_> = point
                .attributes
                .iter()
                .map(|attribute| attribute.key.as_str())
                .collect();
            assert_eq!(keys, shape::attributes(Herd::Known, set).map(|(key, _)| key));
        }
    }
    assert_eq!(
        expected,
        Totals {
            series: 2000,
            value: sum,
            ..Totals::default()
        }
    );
}

#[test]
fn gauges_have_fractions_and_an_exact_sum() {
    let (metrics, expected) = metrics(Kind::Gauge, 2);
    let mut sum = 0.0;
    for metric in metrics {
        let Some(Data::Gauge(data)) = metric.data else {
            panic!("a gauge")
        };
        for point in data.data_points {
            let Some(number_data_point::Value::AsDouble(value)) = point.value else {
                panic!("a double")
            };
            sum += value;
        }
    }
    assert_eq!(
        expected,
        Totals {
            series: 2000,
            value: sum,
            ..Totals::default()
        }
    );
    assert!(sum.fract() != 0.0 || (sum / 2000.0).fract() != 0.0);
}

#[test]
fn a_histogram_gets_one_observation_more_in_each_pass() {
    let passes = 20;
    let (metrics, expected) = metrics(Kind::Histogram, passes);
    let mut found = Totals::default();
    for metric in metrics {
        assert_eq!(metric.unit, "s");
        let Some(Data::Histogram(data)) = metric.data else {
            panic!("a histogram")
        };
        for point in data.data_points {
            assert_eq!(point.explicit_bounds, BOUNDS);
            assert_eq!(point.count, FIRST_BUCKET * 15 + passes);
            assert_eq!(point.count, point.bucket_counts.iter().sum::<u64>());
            assert_eq!(
                point.bucket_counts[..6],
                [FIRST_BUCKET + 2; 6][..5]
                    .iter()
                    .copied()
                    .chain([FIRST_BUCKET + 1])
                    .collect::<Vec<_>>()
            );
            let mut below = 0;
            found.series += 1;
            found.count += point.count;
            found.sum += point.sum.expect("a sum");
            for count in point.bucket_counts {
                below += count;
                found.buckets += below;
            }
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn an_exponential_histogram_adds_up() {
    let (metrics, expected) = metrics(Kind::Exponential, 5);
    let (mut count, mut sum) = (0, 0.0);
    for metric in metrics {
        let Some(Data::ExponentialHistogram(data)) = metric.data else {
            panic!("an exponential one")
        };
        assert_eq!(data.aggregation_temporality(), AggregationTemporality::Cumulative);
        for point in data.data_points {
            let positive = point.positive.expect("positive buckets");
            assert_eq!(
                (point.scale, positive.offset, positive.bucket_counts.len()),
                (3, -20, 40)
            );
            assert_eq!(
                point.count,
                point.zero_count + positive.bucket_counts.iter().sum::<u64>()
            );
            assert_eq!(point.attributes.len(), 4);
            count += point.count;
            sum += point.sum.expect("a sum");
        }
    }
    assert_eq!((count, expected.series), (expected.count, 2000));
    assert!((sum - expected.sum).abs() < 1e-6);
}

#[test]
fn delta_points_go_on_where_the_accepted_ones_ended() {
    let mut body = bodies(Kind::Delta, Herd::Known, 1000, 1000, START).remove(0);
    let times = |body: &Body| {
        let request = decode(body);
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[7];
        let Some(Data::Sum(data)) = &metric.data else {
            panic!("a sum")
        };
        assert_eq!(data.aggregation_temporality(), AggregationTemporality::Delta);
        let point = &data.data_points[3];
        assert_eq!(point.value, Some(number_data_point::Value::AsInt(DELTA as i64)));
        (point.start_time_unix_nano, point.time_unix_nano)
    };
    body.advance(NOW);
    assert_eq!(times(&body), (START, NOW));
    body.accept(NOW);
    body.advance(NOW + 1); // refused
    body.advance(NOW + 2);
    assert_eq!(times(&body), (NOW, NOW + 2));
    body.accept(NOW + 2);
    let expected = Totals {
        series: 1000,
        value: (2 * DELTA * 1000) as f64,
        ..Totals::default()
    };
    assert_eq!(body.expected(), Some(expected));
}

#[test]
fn points_have_the_size_that_is_reported() {
    for (kind, bytes) in [
        (Kind::Counter, 165..175),
        (Kind::Histogram, 405..425),
        (Kind::Exponential, 225..245),
    ] {
        let body = bodies(kind, Herd::Known, 1000, 1000, START).remove(0);
        let each = body.bytes.len() as u64 / body.points;
        assert!(bytes.contains(&each), "{kind:?}: {each}");
    }
}

#[test]
fn a_body_becomes_series_of_new_resources_by_their_numbers() {
    let mut body = bodies(Kind::Counter, Herd::NewResources, 2000, 2000, START).remove(0);
    assert_eq!(body.numbers(), 2);
    body.renumber(12_345);
    let request = decode(&body);
    for (resource, number) in request.resource_metrics.iter().zip(12_345..) {
        let attributes = &resource.resource.as_ref().expect("a resource").attributes;
        let instance = attributes[2].value.clone().and_then(|value| value.value);
        let expected = format!("{}{number:08}", shape::INSTANCE);
        assert_eq!(instance, Some(Value::StringValue(expected)));
        assert!(resource.scope_metrics[0].metrics[0].name.starts_with("fresh."));
    }
}

#[test]
fn a_body_becomes_series_with_new_attributes_by_their_numbers() {
    let mut body = bodies(Kind::Counter, Herd::NewAttributes, 1000, 1000, START).remove(0);
    assert_eq!(body.numbers(), 1000);
    body.renumber(70_000);
    let request = decode(&body);
    let Some(Data::Sum(data)) = &request.resource_metrics[0].scope_metrics[0].metrics[1].data else {
        panic!("a sum")
    };
    for (point, number) in data.data_points.iter().zip(70_050..) {
        let route = point.attributes[1].value.clone().and_then(|value| value.value);
        let expected = format!("{}{number:08}", shape::ROUTE);
        assert_eq!(route, Some(Value::StringValue(expected)));
    }
}

#[test]
fn nobody_knows_what_a_body_shows_that_was_taken_in_part() {
    let mut body = bodies(Kind::Counter, Herd::Known, 1000, 1000, START).remove(0);
    body.doubt();
    assert_eq!(body.expected(), None);
}
