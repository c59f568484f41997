//! The views' reading of a request, as a message of prost's, to be compared with what prost was given.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Held;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1 as model;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use crate::otlp::*;

/// What the views read.
pub(crate) fn rebuilt(request: &[u8]) -> Result<ExportMetricsServiceRequest, Malformed> {
    let mut resource_metrics_read = Vec::new();
    for resource in resource_metrics(request) {
        let resource = resource?;
        let scope_metrics: Result<_, _> = resource.scopes().map(|scope| rebuilt_scope(&scope?)).collect();
        resource_metrics_read.push(model::ResourceMetrics {
            resource: Some(decode::<Resource>(resource.resource())),
            scope_metrics: scope_metrics?,
            schema_url: String::new(),
        });
    }
    Ok(ExportMetricsServiceRequest {
        resource_metrics: resource_metrics_read,
    })
}

/// What is expected of them: the request without what they do not read.
pub(crate) fn expected(mut request: ExportMetricsServiceRequest) -> ExportMetricsServiceRequest {
    for resource in &mut request.resource_metrics {
        resource.schema_url.clear();
        resource.resource.get_or_insert_default();
        for scope in &mut resource.scope_metrics {
            scope.scope.get_or_insert_default();
            for metric in &mut scope.metrics {
                let kind = metric
                    .metadata
                    .iter()
                    .rev()
                    .find(|pair| pair.key == "prometheus.type");
                let kind = kind.and_then(|pair| pair.value.clone()?.value);
                metric.metadata = match kind {
                    Some(Held::StringValue(kind)) => prometheus_type(kind),
                    _ => Vec::new(),
                };
                if let Some(data) = &mut metric.data {
                    expected_points(data);
                }
            }
        }
    }
    request
}

fn expected_points(data: &mut model::metric::Data) {
    use model::metric::Data;
    let exemplars = |exemplars: &mut Vec<model::Exemplar>| {
        exemplars.retain(|exemplar| exemplar.value.is_some());
        for exemplar in exemplars {
            if let Some(model::exemplar::Value::AsInt(value)) = exemplar.value {
                exemplar.value = Some(model::exemplar::Value::AsDouble(value as f64));
            }
        }
    };
    match data {
        Data::Gauge(model::Gauge { data_points }) | Data::Sum(model::Sum { data_points, .. }) => {
            for point in data_points {
                point.flags &= 1;
                exemplars(&mut point.exemplars);
            }
        }
        Data::Histogram(histogram) => {
            for point in &mut histogram.data_points {
                point.flags &= 1;
                (point.min, point.max) = (None, None);
                exemplars(&mut point.exemplars);
            }
        }
        Data::ExponentialHistogram(histogram) => {
            for point in &mut histogram.data_points {
                point.flags &= 1;
                (point.min, point.max) = (None, None);
                point.positive.get_or_insert_default();
                point.negative.get_or_insert_default();
                exemplars(&mut point.exemplars);
            }
        }
        Data::Summary(summary) => summary.data_points.iter_mut().for_each(|point| point.flags &= 1),
    }
}

fn rebuilt_scope(scope: &ScopeMetrics<'_>) -> Result<model::ScopeMetrics, Malformed> {
    let metrics: Result<_, _> = scope.metrics().map(|metric| rebuilt_metric(&metric?)).collect();
    let rebuilt = decode::<InstrumentationScope>(scope.scope());
    let name_and_version = scope_name_and_version(scope.scope());
    assert_eq!(name_and_version, Ok((&*rebuilt.name, &*rebuilt.version)));
    Ok(model::ScopeMetrics {
        scope: Some(rebuilt),
        metrics: metrics?,
        schema_url: text(scope.schema_url()),
    })
}

fn rebuilt_metric(metric: &Metric<'_>) -> Result<model::Metric, Malformed> {
    let kind = metric
        .prometheus_type()
        .expect("metadata that was encoded can be read");
    Ok(model::Metric {
        name: text(metric.name),
        description: text(metric.description),
        unit: text(metric.unit),
        metadata: kind.map_or_else(Vec::new, |kind| prometheus_type(kind.to_owned())),
        data: metric.data.map(rebuilt_data).transpose()?,
    })
}

fn rebuilt_data(data: Data<'_>) -> Result<model::metric::Data, Malformed> {
    use model::metric::Data as Model;
    let points = data.points();
    let count = points.count();
    assert_eq!(points.is_empty(), count == 0);
    Ok(match data {
        Data::Gauge(points) => Model::Gauge(model::Gauge {
            data_points: points.numbers().map(rebuilt_number).collect::<Result<_, _>>()?,
        }),
        Data::Sum {
            points,
            temporality,
            monotonic,
        } => Model::Sum(model::Sum {
            data_points: points.numbers().map(rebuilt_number).collect::<Result<_, _>>()?,
            aggregation_temporality: rebuilt_temporality(temporality),
            is_monotonic: monotonic,
        }),
        Data::Histogram { points, temporality } => Model::Histogram(model::Histogram {
            data_points: points
                .histograms()
                .map(rebuilt_histogram)
                .collect::<Result<_, _>>()?,
            aggregation_temporality: rebuilt_temporality(temporality),
        }),
        Data::ExponentialHistogram { points, temporality } => {
            let points = points.exponential_histograms().map(rebuilt_exponential);
            Model::ExponentialHistogram(model::ExponentialHistogram {
                data_points: points.collect::<Result<_, _>>()?,
                aggregation_temporality: rebuilt_temporality(temporality),
            })
        }
        Data::Summary(points) => Model::Summary(model::Summary {
            data_points: points
                .summaries()
                .map(rebuilt_summary)
                .collect::<Result<_, _>>()?,
        }),
    })
}

fn rebuilt_number(point: Result<NumberPoint<'_>, Malformed>) -> Result<model::NumberDataPoint, Malformed> {
    use model::number_data_point::Value;
    let point = point?;
    Ok(model::NumberDataPoint {
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        exemplars: rebuilt_exemplars(point.exemplars)?,
        flags: u32::from(point.flags.no_recorded_value()),
        value: point.value.map(|value| match value {
            crate::otlp::points::Number::Double(value) => Value::AsDouble(value),
            crate::otlp::points::Number::Int(value) => Value::AsInt(value),
        }),
        // a run of them is a message that has nothing else
        ..decode(&point.attributes)
    })
}

fn rebuilt_histogram(
    point: Result<HistogramPoint<'_>, Malformed>,
) -> Result<model::HistogramDataPoint, Malformed> {
    let point = point?;
    assert_eq!(
        point.bucket_counts.chunks().len(),
        point.bucket_counts.integers().count()
    );
    Ok(model::HistogramDataPoint {
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        count: point.count,
        sum: point.sum,
        bucket_counts: point.bucket_counts.integers().collect(),
        explicit_bounds: point.explicit_bounds.doubles().collect(),
        exemplars: rebuilt_exemplars(point.exemplars)?,
        flags: u32::from(point.flags.no_recorded_value()),
        ..decode(&point.attributes)
    })
}

fn rebuilt_exponential(
    point: Result<ExponentialHistogramPoint<'_>, Malformed>,
) -> Result<model::ExponentialHistogramDataPoint, Malformed> {
    let point = point?;
    Ok(model::ExponentialHistogramDataPoint {
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        count: point.count,
        sum: point.sum,
        scale: point.scale,
        zero_count: point.zero_count,
        positive: Some(rebuilt_buckets(&point.positive)),
        negative: Some(rebuilt_buckets(&point.negative)),
        flags: u32::from(point.flags.no_recorded_value()),
        exemplars: rebuilt_exemplars(point.exemplars)?,
        zero_threshold: point.zero_threshold,
        ..decode(&point.attributes)
    })
}

fn rebuilt_buckets(buckets: &Buckets<'_>) -> model::exponential_histogram_data_point::Buckets {
    let counts: Vec<_> = buckets.counts.integers().collect();
    assert_eq!(buckets.counts.len(), counts.len());
    assert_eq!(buckets.counts.is_empty(), counts.is_empty());
    model::exponential_histogram_data_point::Buckets {
        offset: buckets.offset,
        bucket_counts: counts,
    }
}

fn rebuilt_summary(point: Result<SummaryPoint<'_>, Malformed>) -> Result<model::SummaryDataPoint, Malformed> {
    let point = point?;
    let quantile = |quantile: Result<(f64, f64), Malformed>| {
        quantile.map(|(quantile, value)| model::summary_data_point::ValueAtQuantile { quantile, value })
    };
    Ok(model::SummaryDataPoint {
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        count: point.count,
        sum: point.sum,
        quantile_values: point.quantiles().map(quantile).collect::<Result<_, _>>()?,
        flags: u32::from(point.flags.no_recorded_value()),
        ..decode(&point.attributes)
    })
}

fn rebuilt_exemplars(exemplars: Exemplars<'_>) -> Result<Vec<model::Exemplar>, Malformed> {
    let rebuilt = |exemplar: Result<Exemplar<'_>, Malformed>| {
        let exemplar = exemplar?;
        Ok(model::Exemplar {
            time_unix_nano: exemplar.time,
            span_id: exemplar.span_id.to_vec(),
            trace_id: exemplar.trace_id.to_vec(),
            value: Some(model::exemplar::Value::AsDouble(exemplar.value)),
            ..decode(&exemplar.filtered_attributes)
        })
    };
    exemplars.iter().map(rebuilt).collect()
}

fn rebuilt_temporality(temporality: Temporality) -> i32 {
    match temporality {
        Temporality::Unspecified => 0,
        Temporality::Delta => 1,
        Temporality::Cumulative => 2,
    }
}

fn prometheus_type(kind: String) -> Vec<KeyValue> {
    vec![KeyValue {
        key: "prometheus.type".to_owned(),
        value: Some(AnyValue {
            value: Some(Held::StringValue(kind)),
        }),
        ..KeyValue::default()
    }]
}

fn decode<M: Message + Default>(message: &[u8]) -> M {
    M::decode(message).expect("a message that was encoded by prost")
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).expect("UTF-8").to_owned()
}
