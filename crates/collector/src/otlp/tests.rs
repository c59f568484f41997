use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyText;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::metrics::v1 as model;
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::*;

/// What is read of a request, in a form that both sides can be brought to.
#[derive(Debug, PartialEq)]
struct Read {
    resource: Attributes,
    scope: (String, String, Attributes, String),
    name: String,
    description: String,
    unit: String,
    kind: &'static str,
    temporality: i32,
    points: Vec<Point>,
}

type Attributes = Vec<(String, String)>;

/// Count, sum, bucket counts, bounds.
type Distribution = (u64, Option<u64>, Vec<u64>, Vec<u64>);

#[derive(Debug, PartialEq)]
struct Point {
    attributes: Attributes,
    time: u64,
    ended: bool,
    /// Bits, because NaN is equal to NaN here.
    value: Option<u64>,
    histogram: Option<Distribution>,
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).expect("UTF-8").to_owned()
}

fn read_attributes(message: &[u8], number: u32) -> Attributes {
    attributes(message, number)
        .map(|attribute| attribute.map(|(key, value)| (key.to_owned(), value)))
        .collect::<Result<_, _>>()
        .expect("attributes that were encoded can be read")
}

/// Reads a request by the views.
fn read(request: &[u8]) -> Result<Vec<Read>, Malformed> {
    let mut all = Vec::new();
    for resource in resource_metrics(request) {
        let resource = resource?;
        for scope in resource.scopes() {
            let scope = scope?;
            for metric in scope.metrics() {
                all.push(read_metric(&resource, &scope, &metric?)?);
            }
        }
    }
    Ok(all)
}

fn read_metric(
    resource: &ResourceMetrics<'_>,
    scope: &ScopeMetrics<'_>,
    metric: &Metric<'_>,
) -> Result<Read, Malformed> {
    let (name, version) = scope_name_and_version(scope.scope()).expect("UTF-8");
    let (kind, temporality) = match metric.data {
        None => ("none", Temporality::Unspecified),
        Some(Data::Gauge(_)) => ("gauge", Temporality::Unspecified),
        Some(Data::Sum {
            temporality,
            monotonic: true,
            ..
        }) => ("counter", temporality),
        Some(Data::Sum { temporality, .. }) => ("up-down", temporality),
        Some(Data::Histogram { temporality, .. }) => ("histogram", temporality),
        Some(Data::ExponentialHistogram(_)) => ("exponential", Temporality::Unspecified),
        Some(Data::Summary(_)) => ("summary", Temporality::Unspecified),
    };
    let mut points = Vec::new();
    match metric.data {
        Some(data @ (Data::Gauge(_) | Data::Sum { .. })) => {
            for point in data.points().numbers() {
                let point = point?;
                points.push(Point {
                    attributes: read_attributes(&point.attributes, NumberPoint::ATTRIBUTES),
                    time: point.time,
                    ended: point.flags.no_recorded_value(),
                    value: point.value.map(f64::to_bits),
                    histogram: None,
                });
            }
        }
        Some(data @ Data::Histogram { .. }) => {
            for point in data.points().histograms() {
                let point = point?;
                points.push(Point {
                    attributes: read_attributes(&point.attributes, HistogramPoint::ATTRIBUTES),
                    time: point.time,
                    ended: point.flags.no_recorded_value(),
                    value: None,
                    histogram: Some((
                        point.count,
                        point.sum.map(f64::to_bits),
                        point.bucket_counts.integers().collect(),
                        point.explicit_bounds.integers().collect(),
                    )),
                });
            }
        }
        _ => {}
    }
    if let Some(data) = metric.data {
        assert_eq!(data.points().is_empty(), data.points().count() == 0);
        assert!(points.is_empty() || points.len() == data.points().count());
    }
    Ok(Read {
        resource: read_attributes(resource.resource(), 1),
        scope: (
            name.to_owned(),
            version.to_owned(),
            read_attributes(scope.scope(), 3),
            text(scope.schema_url()),
        ),
        name: text(metric.name),
        description: text(metric.description),
        unit: text(metric.unit),
        kind,
        temporality: match temporality {
            Temporality::Unspecified => 0,
            Temporality::Delta => 1,
            Temporality::Cumulative => 2,
        },
        points,
    })
}

/// The same from prost's model.
fn modelled(request: &ExportMetricsServiceRequest) -> Vec<Read> {
    let mut all = Vec::new();
    for resource in &request.resource_metrics {
        for scope_metrics in &resource.scope_metrics {
            let scope = scope_metrics.scope.clone().unwrap_or_default();
            for metric in &scope_metrics.metrics {
                let (kind, temporality, points) = modelled_data(metric.data.as_ref());
                all.push(Read {
                    resource: modelled_attributes(&resource.resource.clone().unwrap_or_default().attributes),
                    scope: (
                        scope.name.clone(),
                        scope.version.clone(),
                        modelled_attributes(&scope.attributes),
                        scope_metrics.schema_url.clone(),
                    ),
                    name: metric.name.clone(),
                    description: metric.description.clone(),
                    unit: metric.unit.clone(),
                    kind,
                    temporality,
                    points,
                });
            }
        }
    }
    all
}

fn modelled_data(data: Option<&model::metric::Data>) -> (&'static str, i32, Vec<Point>) {
    use model::metric::Data;
    let numbers = |points: &[model::NumberDataPoint]| points.iter().map(modelled_number).collect();
    match data {
        None => ("none", 0, Vec::new()),
        Some(Data::Gauge(gauge)) => ("gauge", 0, numbers(&gauge.data_points)),
        Some(Data::Sum(sum)) => {
            let kind = if sum.is_monotonic { "counter" } else { "up-down" };
            (kind, sum.aggregation_temporality, numbers(&sum.data_points))
        }
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.iter().map(modelled_histogram).collect();
            ("histogram", histogram.aggregation_temporality, points)
        }
        Some(Data::ExponentialHistogram(_)) => ("exponential", 0, Vec::new()),
        Some(Data::Summary(_)) => ("summary", 0, Vec::new()),
    }
}

fn modelled_number(point: &model::NumberDataPoint) -> Point {
    use model::number_data_point::Value;
    Point {
        attributes: modelled_attributes(&point.attributes),
        time: point.time_unix_nano,
        ended: point.flags & 1 == 1,
        value: point.value.map(|value| match value {
            Value::AsDouble(value) => value.to_bits(),
            Value::AsInt(value) => (value as f64).to_bits(),
        }),
        histogram: None,
    }
}

fn modelled_histogram(point: &model::HistogramDataPoint) -> Point {
    let bounds = point.explicit_bounds.iter().map(|bound| bound.to_bits());
    Point {
        attributes: modelled_attributes(&point.attributes),
        time: point.time_unix_nano,
        ended: point.flags & 1 == 1,
        value: None,
        histogram: Some((
            point.count,
            point.sum.map(f64::to_bits),
            point.bucket_counts.clone(),
            bounds.collect(),
        )),
    }
}

fn modelled_attributes(attributes: &[KeyValue]) -> Attributes {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(AnyText::StringValue(text)) => text.clone(),
        other => modelled_json(other).unwrap_or_default(),
    };
    attributes
        .iter()
        .map(|attribute| (attribute.key.clone(), text(attribute)))
        .collect()
}

fn modelled_json(value: Option<&AnyText>) -> Option<String> {
    let inner = |value: Option<&AnyValue>| {
        modelled_json(value.and_then(|value| value.value.as_ref())).unwrap_or_else(|| "null".to_owned())
    };
    Some(match value? {
        AnyText::StringValue(text) => format!("{text:?}"),
        AnyText::BoolValue(value) => value.to_string(),
        AnyText::IntValue(value) => value.to_string(),
        AnyText::DoubleValue(value) => format!("{value}"),
        AnyText::ArrayValue(list) => {
            let values: Vec<_> = list.values.iter().map(|value| inner(Some(value))).collect();
            format!("[{}]", values.join(","))
        }
        AnyText::KvlistValue(map) => {
            let entry = |entry: &KeyValue| format!("{:?}:{}", entry.key, inner(entry.value.as_ref()));
            format!(
                "{{{}}}",
                map.values.iter().map(entry).collect::<Vec<_>>().join(",")
            )
        }
        _ => unreachable!("not generated"),
    })
}

fn any_value() -> impl Strategy<Value = Option<AnyText>> {
    let leaf = prop_oneof![
        "[a-zA-Z0-9 äß/]{0,12}".prop_map(AnyText::StringValue),
        any::<bool>().prop_map(AnyText::BoolValue),
        any::<i64>().prop_map(AnyText::IntValue),
        (-1000_i32..1000).prop_map(|value| AnyText::DoubleValue(f64::from(value) / 8.0)),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        let value = inner.prop_map(|value| AnyValue { value: Some(value) });
        prop_oneof![
            vec(value.clone(), 0..4).prop_map(|values| AnyText::ArrayValue(ArrayValue { values })),
            vec(("[a-z]{0,4}", value), 0..4).prop_map(|values| {
                let entry = |(key, value)| KeyValue {
                    key,
                    value: Some(value),
                    ..KeyValue::default()
                };
                AnyText::KvlistValue(KeyValueList {
                    values: values.into_iter().map(entry).collect(),
                })
            }),
        ]
    });
    prop::option::weighted(0.95, nested)
}

fn some_attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let attribute = ("[a-z.é]{0,8}", any_value()).prop_map(|(key, value)| KeyValue {
        key,
        value: Some(AnyValue { value }),
        ..KeyValue::default()
    });
    vec(attribute, 0..4)
}

fn number_points() -> impl Strategy<Value = Vec<model::NumberDataPoint>> {
    use model::number_data_point::Value;
    let value = prop::option::of(prop_oneof![
        any::<u64>().prop_map(|bits| Value::AsDouble(f64::from_bits(bits))),
        any::<i64>().prop_map(Value::AsInt),
    ]);
    let exemplars = vec(any::<u64>(), 0..2).prop_map(|times| {
        let exemplar = |time_unix_nano| model::Exemplar {
            time_unix_nano,
            ..model::Exemplar::default()
        };
        times.into_iter().map(exemplar).collect::<Vec<_>>()
    });
    let point = (some_attributes(), any::<(u64, u64)>(), value, 0..4_u32, exemplars);
    let point =
        point.prop_map(
            |(attributes, (start, time), value, flags, exemplars)| model::NumberDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: time,
                value,
                flags,
                exemplars,
            },
        );
    vec(point, 0..4)
}

fn histogram_points() -> impl Strategy<Value = Vec<model::HistogramDataPoint>> {
    let numbers = (
        any::<(u64, u64)>(),
        prop::option::of(any::<f64>()),
        vec(any::<u64>(), 0..6),
    );
    let point = (some_attributes(), numbers, vec(any::<f64>(), 0..5), 0..4_u32);
    let point = point.prop_map(|(attributes, ((time, count), sum, counts), bounds, flags)| {
        model::HistogramDataPoint {
            attributes,
            time_unix_nano: time,
            count,
            sum,
            bucket_counts: counts,
            explicit_bounds: bounds,
            flags,
            min: Some(1.0),
            max: sum,
            ..model::HistogramDataPoint::default()
        }
    });
    vec(point, 0..4)
}

fn some_metric() -> impl Strategy<Value = model::Metric> {
    use model::metric::Data;
    let data = prop_oneof![
        Just(None),
        number_points().prop_map(|data_points| Some(Data::Gauge(model::Gauge { data_points }))),
        (number_points(), 0..3, any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Some(Data::Sum(model::Sum {
                    data_points,
                    aggregation_temporality,
                    is_monotonic,
                }))
            }
        ),
        (histogram_points(), 0..3).prop_map(|(data_points, aggregation_temporality)| {
            Some(Data::Histogram(model::Histogram {
                data_points,
                aggregation_temporality,
            }))
        }),
        Just(Some(Data::ExponentialHistogram(model::ExponentialHistogram {
            data_points: vec![model::ExponentialHistogramDataPoint::default(); 2],
            aggregation_temporality: 2,
        }))),
        Just(Some(Data::Summary(model::Summary {
            data_points: Vec::new()
        }))),
    ];
    let texts = ("[a-z.]{0,12}", "[a-zA-Z ]{0,200}", "(|s|By|\\{x\\})");
    (texts, data, some_attributes()).prop_map(|((name, description, unit), data, metadata)| model::Metric {
        name,
        description,
        unit,
        metadata,
        data,
    })
}

fn some_request() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope = (
        prop::option::of(("[a-z]{0,5}", "[0-9.]{0,3}", some_attributes())),
        "[a-z]{0,3}",
        vec(some_metric(), 0..4),
    );
    let scope = scope.prop_map(|(scope, schema_url, metrics)| model::ScopeMetrics {
        scope: scope.map(|(name, version, attributes)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count: 1,
        }),
        metrics,
        schema_url,
    });
    let resource = (prop::option::of(some_attributes()), vec(scope, 0..3));
    let resource = resource.prop_map(|(attributes, scope_metrics)| model::ResourceMetrics {
        resource: attributes.map(|attributes| Resource {
            attributes,
            ..Resource::default()
        }),
        scope_metrics,
        schema_url: "s".to_owned(),
    });
    vec(resource, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}

proptest! {
    #[test]
    fn views_and_prost_read_the_same(request in some_request()) {
        let encoded = request.encode_to_vec();
        prop_assert_eq!(read(&encoded), Ok(modelled(&request)));
    }

    #[test]
    fn a_damaged_request_never_panics(request in some_request(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut encoded = request.encode_to_vec();
        if !encoded.is_empty() {
            let at = at.index(encoded.len());
            encoded[at] = byte;
            encoded.truncate(cut.index(encoded.len()) + 1);
        }
        walk(&encoded);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        walk(&bytes);
        let _ = NumberPoint::new(&bytes);
        let _ = HistogramPoint::new(&bytes);
    }
}

/// Looks at everything that can be looked at.
fn walk(request: &[u8]) {
    for resource in resource_metrics(request).flatten() {
        let _ = attributes(resource.resource(), 1).count();
        for scope in resource.scopes().flatten() {
            let _ = scope_name_and_version(scope.scope());
            for metric in scope.metrics().flatten() {
                let Some(data) = metric.data else { continue };
                for point in data.points().numbers().flatten() {
                    let _ = attributes(&point.attributes, NumberPoint::ATTRIBUTES).count();
                }
                for point in data.points().histograms().flatten() {
                    let _ = attributes(&point.attributes, HistogramPoint::ATTRIBUTES).count();
                    let _ = point.explicit_bounds.doubles().count();
                }
            }
        }
    }
}

/// The text of one value.
fn as_text(value: AnyText) -> Result<String, AttributeError> {
    let attribute = KeyValue {
        key: "k".to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let message = Resource {
        attributes: vec![attribute],
        ..Resource::default()
    }
    .encode_to_vec();
    let (_, text) = attributes(&message, 1).next().expect("one attribute")?;
    Ok(text)
}

#[test]
fn values_become_text_as_the_specification_says() {
    use AnyText::{ArrayValue as List, BytesValue, DoubleValue, StringValue};
    let list = |values: Vec<AnyText>| {
        let values = values
            .into_iter()
            .map(|value| AnyValue { value: Some(value) })
            .collect();
        List(ArrayValue { values })
    };
    for (value, expected) in [
        (StringValue("hello \"world\"".to_owned()), "hello \"world\""),
        (DoubleValue(3.5), "3.5"),
        (DoubleValue(f64::NAN), "NaN"),
        (DoubleValue(f64::NEG_INFINITY), "-Infinity"),
        (BytesValue(b"hello world".to_vec()), "aGVsbG8gd29ybGQ="),
        (BytesValue(b"12".to_vec()), "MTI="),
        (BytesValue(b"1".to_vec()), "MQ=="),
        (
            list(vec![
                DoubleValue(f64::INFINITY),
                StringValue("a\"\n\u{1}".to_owned()),
                BytesValue(vec![0]),
            ]),
            "[\"Infinity\",\"a\\\"\\n\\u0001\",\"AA==\"]",
        ),
    ] {
        assert_eq!(as_text(value).as_deref(), Ok(expected));
    }
}

#[test]
fn values_nested_without_end_are_refused() {
    let mut value = AnyText::BoolValue(true);
    for _ in 0..90 {
        value = AnyText::ArrayValue(ArrayValue {
            values: vec![AnyValue { value: Some(value) }],
        });
    }
    assert_eq!(as_text(value), Err(AttributeError::TooDeep));
}

#[test]
fn attributes_that_stand_apart_are_gathered() {
    let one = model::NumberDataPoint {
        attributes: crate::requests::attributes(&[("a", "1")]),
        flags: 1,
        ..model::NumberDataPoint::default()
    };
    let other = model::NumberDataPoint {
        attributes: crate::requests::attributes(&[("b", "2")]),
        ..one.clone()
    };
    // the fields of both messages after each other are one message, by the rules of protobuf
    let message = [one.encode_to_vec(), other.encode_to_vec()].concat();
    let point = NumberPoint::new(&message).expect("a point");
    let found = read_attributes(&point.attributes, NumberPoint::ATTRIBUTES);
    assert_eq!(
        found,
        [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]
    );
}

#[test]
fn unpacked_and_split_numbers_are_read() {
    let mut message = Vec::new();
    for number in [1_u64, 2] {
        message.push(6 << 3 | 1);
        message.extend_from_slice(&number.to_le_bytes());
    }
    wire::write_bytes(&mut message, 6, &3_u64.to_le_bytes());
    let point = HistogramPoint::new(&message).expect("a point");
    assert_eq!(point.bucket_counts.integers().collect::<Vec<_>>(), [1, 2, 3]);
}
