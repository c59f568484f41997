//! Random requests, with everything in them that OTLP knows.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Held;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::metrics::v1 as model;
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::collection::vec;
use proptest::prelude::*;

/// Every bit pattern, but only one NaN, and those more often that mean something.
pub(crate) fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_map(|value| if value.is_nan() { f64::NAN } else { value }),
        (-1000_i32..1000).prop_map(|value| f64::from(value) / 8.0),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e21,
            1e-128,
        ]),
    ]
}

/// The same without a negative zero, which prost takes for a default and leaves out.
fn implicit_double() -> impl Strategy<Value = f64> {
    double().prop_map(|value| value + 0.0)
}

fn integer() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..300_u64, Just(u64::MAX)]
}

fn signed() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -300..300_i64,
        Just(i64::MIN),
        Just(i64::MAX),
        Just((1 << 53) + 1)
    ]
}

/// Any characters, those among them that JSON escapes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z.]{0,8}",
        "[a-zA-Z0-9 äß€😀\"\\\\/\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}\u{fffd}\u{ffff}]{0,12}",
        ".{0,8}"
    ]
}

fn leaf() -> impl Strategy<Value = Held> {
    prop_oneof![
        text().prop_map(Held::StringValue),
        any::<bool>().prop_map(Held::BoolValue),
        signed().prop_map(Held::IntValue),
        double().prop_map(Held::DoubleValue),
        vec(any::<u8>(), 0..8).prop_map(Held::BytesValue),
    ]
}

/// A value, its leaves as given.
pub(crate) fn value_of(leaf: impl Strategy<Value = Held> + 'static) -> impl Strategy<Value = AnyValue> {
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        let value = prop::option::weighted(0.95, inner).prop_map(|value| AnyValue { value });
        prop_oneof![
            vec(value.clone(), 0..4).prop_map(|values| Held::ArrayValue(ArrayValue { values })),
            vec(("[a-z]{0,4}", value), 0..4).prop_map(|values| {
                let values = values.into_iter().map(|(key, value)| key_value(key, value));
                Held::KvlistValue(KeyValueList {
                    values: values.collect(),
                })
            }),
        ]
    });
    prop::option::weighted(0.95, nested).prop_map(|value| AnyValue { value })
}

fn key_value(key: String, value: AnyValue) -> KeyValue {
    KeyValue {
        key,
        value: Some(value),
        ..KeyValue::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(
        (text(), value_of(leaf())).prop_map(|(key, value)| key_value(key, value)),
        0..3,
    )
}

fn exemplars() -> impl Strategy<Value = Vec<model::Exemplar>> {
    use model::exemplar::Value;
    let value = prop::option::weighted(
        0.9,
        prop_oneof![
            double().prop_map(Value::AsDouble),
            signed().prop_map(Value::AsInt)
        ],
    );
    let ids = (vec(any::<u8>(), 0..17), vec(any::<u8>(), 0..9));
    let exemplar = (attributes(), integer(), value, ids);
    let exemplar = exemplar.prop_map(
        |(filtered_attributes, time_unix_nano, value, (trace_id, span_id))| model::Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    );
    vec(exemplar, 0..3)
}

/// Attributes, start, time, flags.
type Head = (Vec<KeyValue>, u64, u64, u32);

fn head() -> impl Strategy<Value = Head> {
    (
        attributes(),
        integer(),
        integer(),
        prop_oneof![0..4_u32, any::<u32>()],
    )
}

fn numbers() -> impl Strategy<Value = Vec<model::NumberDataPoint>> {
    use model::number_data_point::Value;
    let value = prop_oneof![
        double().prop_map(Value::AsDouble),
        signed().prop_map(Value::AsInt)
    ];
    let point = (head(), prop::option::of(value), exemplars());
    let point =
        point.prop_map(
            |((attributes, start, time, flags), value, exemplars)| model::NumberDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: time,
                exemplars,
                flags,
                value,
            },
        );
    vec(point, 0..4)
}

fn histograms() -> impl Strategy<Value = Vec<model::HistogramDataPoint>> {
    let optional = || prop::option::of(double());
    let values = (integer(), optional(), optional(), optional());
    let buckets = (vec(integer(), 0..6), vec(double(), 0..5));
    let point = (head(), values, buckets, exemplars());
    let point = point.prop_map(
        |((attributes, start, time, flags), (count, sum, min, max), (counts, bounds), exemplars)| {
            model::HistogramDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: time,
                count,
                sum,
                bucket_counts: counts,
                explicit_bounds: bounds,
                exemplars,
                flags,
                min,
                max,
            }
        },
    );
    vec(point, 0..4)
}

fn exponential_histograms() -> impl Strategy<Value = Vec<model::ExponentialHistogramDataPoint>> {
    use model::exponential_histogram_data_point::Buckets;
    let offset = || prop_oneof![any::<i32>(), -20..20_i32];
    let buckets = move || {
        prop::option::of(
            (offset(), vec(integer(), 0..6)).prop_map(|(offset, bucket_counts)| Buckets {
                offset,
                bucket_counts,
            }),
        )
    };
    let optional = || prop::option::of(double());
    let values = (integer(), optional(), optional(), optional());
    let shape = (offset(), integer(), implicit_double(), buckets(), buckets());
    let point = (head(), values, shape, exemplars());
    let point = point.prop_map(
        |((attributes, start, time, flags), (count, sum, min, max), shape, exemplars)| {
            let (scale, zero_count, zero_threshold, positive, negative) = shape;
            model::ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: time,
                count,
                sum,
                scale,
                zero_count,
                positive,
                negative,
                flags,
                exemplars,
                min,
                max,
                zero_threshold,
            }
        },
    );
    vec(point, 0..4)
}

fn summaries() -> impl Strategy<Value = Vec<model::SummaryDataPoint>> {
    let quantile = (implicit_double(), implicit_double())
        .prop_map(|(quantile, value)| model::summary_data_point::ValueAtQuantile { quantile, value });
    let point = (head(), integer(), implicit_double(), vec(quantile, 0..4));
    let point = point.prop_map(
        |((attributes, start, time, flags), count, sum, quantile_values)| model::SummaryDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count,
            sum,
            quantile_values,
            flags,
        },
    );
    vec(point, 0..4)
}

fn data() -> impl Strategy<Value = Option<model::metric::Data>> {
    use model::metric::Data;
    let temporality = 0..3_i32;
    prop::option::weighted(
        0.95,
        prop_oneof![
            numbers().prop_map(|data_points| Data::Gauge(model::Gauge { data_points })),
            (numbers(), temporality.clone(), any::<bool>()).prop_map(
                |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(model::Sum {
                    data_points,
                    aggregation_temporality,
                    is_monotonic,
                })
            ),
            (histograms(), temporality.clone()).prop_map(|(data_points, aggregation_temporality)| {
                Data::Histogram(model::Histogram {
                    data_points,
                    aggregation_temporality,
                })
            }),
            (exponential_histograms(), temporality).prop_map(|(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(model::ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }),
            summaries().prop_map(|data_points| Data::Summary(model::Summary { data_points })),
        ],
    )
}

fn metric() -> impl Strategy<Value = model::Metric> {
    let metadata = prop_oneof![
        attributes(),
        prop::sample::select(vec!["unknown", "info", "stateset"]).prop_map(|kind| {
            let value = Some(Held::StringValue(kind.to_owned()));
            vec![key_value("prometheus.type".to_owned(), AnyValue { value })]
        })
    ];
    (text(), text(), text(), metadata, data()).prop_map(|(name, description, unit, metadata, data)| {
        model::Metric {
            name,
            description,
            unit,
            metadata,
            data,
        }
    })
}

pub(crate) fn request() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope = (text(), text(), attributes(), any::<u32>()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    );
    let scope =
        (prop::option::of(scope), text(), vec(metric(), 0..4)).prop_map(|(scope, schema_url, metrics)| {
            model::ScopeMetrics {
                scope,
                metrics,
                schema_url,
            }
        });
    let resource = (attributes(), any::<u32>()).prop_map(|(attributes, dropped_attributes_count)| Resource {
        attributes,
        dropped_attributes_count,
        entity_refs: Vec::new(),
    });
    let resource = (prop::option::of(resource), text(), vec(scope, 0..3)).prop_map(
        |(resource, schema_url, scope_metrics)| model::ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    );
    vec(resource, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
