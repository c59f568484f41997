use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{NumberDataPoint, number_data_point};
use prost::Message as _;

use super::*;
use crate::shape::EXPOSED;

const START: u64 = 1_763_700_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

fn decode(instance: &Instance) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest::decode(instance.bytes()).expect("an ExportMetricsServiceRequest")
}

fn id(instance: &Instance) -> String {
    let resource = decode(instance).resource_metrics.remove(0).resource;
    let attributes = resource.expect("a resource").attributes;
    let id = attributes
        .into_iter()
        .find(|attribute| attribute.key == shape::INSTANCE);
    match id.and_then(|id| id.value).and_then(|value| value.value) {
        Some(Value::StringValue(id)) => id,
        other => panic!("{other:?}"),
    }
}

/// What a scrape of the decoded request has: the sum of all numbers under each metric's name, of histograms the sums of
/// count, sum and cumulated buckets.
fn decoded(instance: &Instance) -> HashMap<String, f64> {
    let mut found = HashMap::new();
    let scope = decode(instance)
        .resource_metrics
        .remove(0)
        .scope_metrics
        .remove(0);
    for metric in scope.metrics {
        let numbers = |points: Vec<NumberDataPoint>| -> f64 {
            points
                .into_iter()
                .map(|point| match point.value {
                    Some(number_data_point::Value::AsDouble(value)) => value,
                    Some(number_data_point::Value::AsInt(value)) => value as f64,
                    None => panic!("a value"),
                })
                .sum()
        };
        let sum = match metric.data.expect("data") {
            Data::Gauge(gauge) => numbers(gauge.data_points),
            Data::Sum(sum) => numbers(sum.data_points),
            Data::Histogram(histogram) => {
                let points = histogram.data_points.into_iter().map(|point| {
                    assert_eq!(point.explicit_bounds, BOUNDS);
                    assert_eq!(point.count, point.bucket_counts.iter().sum::<u64>());
                    let below = point.bucket_counts.iter().scan(0, |below, bucket| {
                        *below += bucket;
                        Some(*below as f64)
                    });
                    below.sum::<f64>() + point.count as f64 + point.sum.expect("a sum")
                });
                points.sum()
            }
            other => panic!("{other:?}"),
        };
        found.insert(metric.name, sum);
    }
    found
}

#[test]
fn what_is_encoded_is_what_is_said_to_be_exposed() {
    for values in Values::ALL {
        let mut instance = Instance::new(7, values, START);
        for interval in 1..=20 {
            instance.advance(START + interval * 10 * SECOND);
        }
        let decoded = decoded(&instance);
        let expected: f64 = METRICS
            .iter()
            .map(|metric| metric.names as f64 * decoded[metric.name])
            .sum();
        let exposed: Vec<f64> = instance.exposed().collect();
        assert_eq!(exposed.len(), EXPOSED, "{values:?}");
        let found = exposed.iter().sum::<f64>() - 1.0;
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{values:?}: {found} {expected}"
        );
        assert!(decoded["shop.network.io"] > 0.0, "{values:?}");
    }
}

#[test]
fn points_say_when_they_were_measured_and_since_when() {
    let mut instance = Instance::new(1, Values::Typical, START);
    instance.advance(START + 5);
    let scope = decode(&instance)
        .resource_metrics
        .remove(0)
        .scope_metrics
        .remove(0);
    let mut points = 0;
    for metric in scope.metrics {
        let times: Vec<_> = match metric.data.expect("data") {
            Data::Gauge(gauge) => gauge.data_points.iter().map(times).collect(),
            Data::Sum(sum) => sum.data_points.iter().map(times).collect(),
            Data::Histogram(histogram) => histogram
                .data_points
                .iter()
                .map(|point| (point.start_time_unix_nano, point.time_unix_nano))
                .collect(),
            other => panic!("{other:?}"),
        };
        assert!(
            times.iter().all(|times| *times == (START, START + 5)),
            "{}",
            metric.name
        );
        points += times.len() as u64;
    }
    assert_eq!(points, instance.points());
}

fn times(point: &NumberDataPoint) -> (u64, u64) {
    (point.start_time_unix_nano, point.time_unix_nano)
}

#[test]
fn an_instance_is_replaced_by_another_that_begins_anew() {
    let mut instance = Instance::new(12, Values::Typical, START);
    assert!(id(&instance).ends_with("-00000012"), "{}", id(&instance));
    for interval in 1..=50 {
        instance.advance(START + interval * 10 * SECOND);
    }
    let before = decoded(&instance)["shop.network.io"];
    instance.replace(1012, START + 600 * SECOND);
    instance.advance(START + 610 * SECOND);
    assert!(id(&instance).ends_with("-00001012"), "{}", id(&instance));
    assert!(decoded(&instance)["shop.network.io"] < before / 5.0);
    assert_eq!(instance.number(), 1012);
}
