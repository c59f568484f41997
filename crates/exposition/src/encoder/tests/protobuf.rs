//! Random scrapes in protobuf, decoded by prost, and native histograms bucket by bucket.

use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;

use super::client_model::{
    Bucket, BucketSpan, Counter, ExemplarMessage, Gauge, HistogramMessage, LabelPair, Metric, MetricFamily,
    Quantile, SummaryMessage, Timestamp,
};
use super::model::{Family, OwnedExemplar, Pairs, Point, Series, encoded, some_families};
use super::{EXPONENTIAL, head};
use crate::{Encoder, Escaping, Exponential, Format, MetricType, Negotiated, Options};

/// The messages of a scrape, those of one family joined: each says the whole of what the family says of itself.
fn decoded(mut bytes: &[u8]) -> Vec<MetricFamily> {
    let mut families: Vec<MetricFamily> = Vec::new();
    while !bytes.is_empty() {
        let mut message = MetricFamily::decode_length_delimited(&mut bytes).expect("a family");
        assert!(!message.metric.is_empty());
        match families.last_mut().filter(|last| last.name == message.name) {
            Some(last) => {
                last.metric.append(&mut message.metric);
                message.metric.clone_from(&last.metric);
                // NaN is not equal to itself
                assert_eq!(format!("{message:?}"), format!("{last:?}"));
            }
            None => families.push(message),
        }
    }
    families
}

fn pairs_of(labels: &[LabelPair]) -> Pairs {
    let pairs: Vec<_> = labels
        .iter()
        .map(|pair| {
            (
                pair.name.clone().expect("a name"),
                pair.value.clone().expect("a value"),
            )
        })
        .collect();
    let map: Pairs = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a label twice");
    map
}

fn timestamp(nanoseconds: u64) -> Option<Timestamp> {
    (nanoseconds != 0).then_some(Timestamp {
        seconds: (nanoseconds / 1_000_000_000) as i64,
        nanos: (nanoseconds % 1_000_000_000) as i32,
    })
}

fn exemplar_message(exemplar: &OwnedExemplar, negotiated: Negotiated) -> ExemplarMessage {
    let exemplar = exemplar.escaped(negotiated);
    ExemplarMessage {
        label: label_pairs(exemplar.labels),
        value: Some(exemplar.value),
        timestamp: timestamp(exemplar.time),
    }
}

fn label_pairs(pairs: Pairs) -> Vec<LabelPair> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| LabelPair {
            name: Some(name),
            value: Some(value),
        })
        .collect()
}

/// What is left of a metric when its native buckets, which have many spellings, are taken out, and its labels put into
/// an order.
fn normalised(mut metric: Metric) -> Metric {
    metric.label = label_pairs(pairs_of(&metric.label));
    if let Some(histogram) = &mut metric.histogram {
        histogram.positive_span.clear();
        histogram.positive_delta.clear();
        histogram.negative_span.clear();
        histogram.negative_delta.clear();
        for bucket in &mut histogram.bucket {
            if let Some(exemplar) = &mut bucket.exemplar {
                exemplar.label = label_pairs(pairs_of(&exemplar.label));
            }
        }
        for exemplar in &mut histogram.exemplars {
            exemplar.label = label_pairs(pairs_of(&exemplar.label));
        }
    }
    if let Some(exemplar) = metric
        .counter
        .as_mut()
        .and_then(|counter| counter.exemplar.as_mut())
    {
        exemplar.label = label_pairs(pairs_of(&exemplar.label));
    }
    metric
}

fn expected_metric(family: &Family, series: &Series, negotiated: Negotiated) -> Metric {
    let exemplar = series
        .exemplar
        .as_ref()
        .map(|exemplar| exemplar_message(exemplar, negotiated));
    let created_timestamp = timestamp(series.created);
    let mut metric = Metric {
        label: label_pairs(series.labels(negotiated)),
        ..Metric::default()
    };
    match &series.point {
        Point::Number(value) => {
            let value = Some(*value);
            match family.metric_type {
                MetricType::Counter => {
                    metric.counter = Some(Counter {
                        value,
                        exemplar,
                        created_timestamp,
                    });
                }
                MetricType::Unknown => metric.untyped = Some(Gauge { value }),
                _ => metric.gauge = Some(Gauge { value }),
            }
        }
        Point::Histogram(bounds, buckets, sum) => {
            let bucket = classic(bounds, buckets, exemplar, bounds.len());
            metric.histogram = Some(HistogramMessage {
                sample_count: Some(buckets.iter().sum()),
                sample_sum: *sum,
                bucket,
                created_timestamp,
                ..HistogramMessage::default()
            });
        }
        Point::Exponential(point) => {
            let is_native = point.scale >= -4;
            let mut bucket = Vec::new();
            if let Some(bounds) = &point.classic {
                let value = series.exemplar.as_ref().map_or(0.0, |exemplar| exemplar.value);
                let place = bounds.iter().position(|bound| *bound >= value);
                let place = place.unwrap_or(bounds.len());
                let exemplar = exemplar.clone().filter(|_| !value.is_nan());
                bucket = classic(bounds, &point.over(bounds), exemplar, place);
            }
            metric.histogram = Some(HistogramMessage {
                sample_count: Some(point.count()),
                sample_sum: point.sum,
                bucket,
                schema: is_native.then_some(point.scale.min(8)),
                zero_threshold: is_native.then_some(match point.zero_threshold {
                    0.0 => 1e-128,
                    known => known,
                }),
                zero_count: is_native.then_some(point.zero_count),
                created_timestamp,
                exemplars: exemplar
                    .into_iter()
                    .filter(|exemplar| is_native && exemplar.timestamp.is_some())
                    .collect(),
                ..HistogramMessage::default()
            });
        }
        Point::Summary(quantiles, count, sum) => {
            let quantiles = quantiles.iter();
            metric.summary = Some(SummaryMessage {
                sample_count: Some(*count),
                sample_sum: Some(*sum),
                quantile: quantiles
                    .map(|(quantile, value)| Quantile {
                        quantile: Some(*quantile),
                        value: Some(*value),
                    })
                    .collect(),
                created_timestamp,
            });
        }
    }
    metric
}

fn classic(bounds: &[f64], buckets: &[u64], exemplar: Option<ExemplarMessage>, place: usize) -> Vec<Bucket> {
    let mut counted = 0;
    let mut found: Vec<_> = bounds
        .iter()
        .chain([&f64::INFINITY])
        .zip(buckets)
        .enumerate()
        .map(|(index, (bound, count))| {
            counted += count;
            Bucket {
                cumulative_count: Some(counted),
                upper_bound: Some(*bound),
                exemplar: exemplar.clone().filter(|_| index == place),
            }
        })
        .collect();
    // the one of infinity says nothing new without an exemplar
    found.pop_if(|last| last.exemplar.is_none());
    found
}

/// The buckets that hold something, by their index, as Prometheus reads spans and deltas. Checks what it checks.
fn native_buckets(spans: &[BucketSpan], deltas: &[i64]) -> BTreeMap<i64, i64> {
    let lengths: u32 = spans.iter().map(|span| span.length.expect("a length")).sum();
    assert_eq!(lengths as usize, deltas.len());
    let mut deltas = deltas.iter();
    let mut found = BTreeMap::new();
    let (mut index, mut count) = (0_i64, 0_i64);
    for (nth, span) in spans.iter().enumerate() {
        let offset = span.offset.expect("an offset");
        assert!(nth == 0 || offset > 2, "a span for a gap of {offset}");
        index += i64::from(offset);
        for _ in 0..span.length.expect("a length") {
            count += deltas.next().expect("a delta");
            assert!(count >= 0);
            if count > 0 {
                found.insert(index, count);
            }
            index += 1;
        }
    }
    found
}

/// The same from an exponential histogram: the bucket at `offset + i` becomes the one at `offset + i + 1`; above scale 8,
/// two become one until it is 8.
fn expected_native((offset, counts): &(i32, Vec<u64>), scale: i32) -> BTreeMap<i64, i64> {
    let mut found = BTreeMap::new();
    for (nth, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let width = 1_i64 << (scale - 8).max(0);
        let index = (i64::from(*offset) + nth as i64).div_euclid(width) + 1;
        *found.entry(index).or_default() += *count as i64;
    }
    found
}

proptest! {
    #[test]
    fn every_scrape_decodes(families in some_families(), which in 0..4_usize, created_series: bool) {
        let negotiated = Negotiated {
            format: Format::Protobuf,
            escaping: [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values][which],
        };
        let found = decoded(&encoded(&families, negotiated, Options { created_series }));
        let shown = families.iter().filter(|family| !family.series.is_empty());
        prop_assert_eq!(found.len(), shown.clone().count());
        for (found, family) in found.iter().zip(shown) {
            prop_assert_eq!(found.name.as_deref(), Some(&*negotiated.escaping.metric_name(&family.name)));
            prop_assert_eq!(found.help.as_deref().unwrap_or_default(), &family.help);
            prop_assert_eq!(found.unit.as_deref().unwrap_or_default(), &family.unit);
            let metric_type = match family.metric_type {
                MetricType::Counter => 0,
                MetricType::Gauge | MetricType::Info | MetricType::StateSet => 1,
                MetricType::Summary => 2,
                MetricType::Unknown => 3,
                MetricType::Histogram => 4,
            };
            prop_assert_eq!(found.metric_type, Some(metric_type));
            prop_assert_eq!(found.metric.len(), family.series.len());
            for (metric, series) in found.metric.iter().zip(&family.series) {
                if let (Point::Exponential(point), Some(histogram)) = (&series.point, &metric.histogram)
                    && point.scale >= -4
                {
                    // indices that no number has are held where they can be written
                    let is_in_range = |(offset, _): &(i32, Vec<u64>)| offset.unsigned_abs() < 1 << 30;
                    for (spans, deltas, side) in [
                        (&histogram.positive_span, &histogram.positive_delta, &point.positive),
                        (&histogram.negative_span, &histogram.negative_delta, &point.negative),
                    ] {
                        let buckets = native_buckets(spans, deltas);
                        if is_in_range(side) {
                            prop_assert_eq!(buckets, expected_native(side, point.scale));
                        }
                    }
                }
                let expected = expected_metric(family, series, negotiated);
                // NaN is not equal to itself
                let found = format!("{:?}", normalised(metric.clone()));
                prop_assert_eq!(found, format!("{expected:?}"));
            }
        }
    }
}

/// One exponential histogram in protobuf.
fn native(exponential: &Exponential<'_>) -> HistogramMessage {
    let negotiated = Negotiated {
        format: Format::Protobuf,
        escaping: Escaping::Underscores,
    };
    let mut encoder = Encoder::new(negotiated, Options::default());
    let mut out = Vec::new();
    encoder.begin_family(&mut out, &head("h", MetricType::Histogram));
    encoder.exponential(&mut out, ["", ""], exponential);
    encoder.end_family(&mut out);
    encoder.finish(&mut out);
    let mut families = decoded(&out);
    families
        .pop()
        .and_then(|mut family| family.metric.pop()?.histogram)
        .expect("a histogram")
}

fn spans(spans: &[BucketSpan]) -> Vec<(i32, u32)> {
    let both = |span: &BucketSpan| Some((span.offset?, span.length?));
    spans.iter().filter_map(both).collect()
}

#[test]
fn a_native_histogram_bucket_by_bucket() {
    let found = native(&EXPONENTIAL);
    assert_eq!(found.sample_count, Some(31));
    assert_eq!(found.schema, Some(0));
    assert_eq!(found.zero_threshold, Some(1e-128));
    assert_eq!(found.zero_count, Some(16));
    // Prometheus' bucket 0 ends at 1, OpenTelemetry's begins there; a gap of one is no new span
    assert_eq!(spans(&found.positive_span), [(0, 4)]);
    assert_eq!(found.positive_delta, [1, 1, -2, 4]);
    assert_eq!(spans(&found.negative_span), [(1, 1)]);
    assert_eq!(found.negative_delta, [8]);
    assert_eq!(found.exemplars.len(), 2);
    assert_eq!(found.bucket, []);
}

#[test]
fn gaps_begin_new_spans_and_empty_ends_are_left_out() {
    let counts = [0, 3, 0, 0, 0, 5, 0, 0, 1, 0];
    let positive = crate::Buckets {
        offset: -7,
        counts: &counts,
    };
    let found = native(&Exponential {
        positive,
        ..EXPONENTIAL
    });
    assert_eq!(spans(&found.positive_span), [(-5, 1), (3, 4)]);
    assert_eq!(found.positive_delta, [3, 2, -5, 0, 1]);
}

#[test]
fn fine_scales_are_merged_down_and_coarse_ones_have_no_buckets() {
    // at scale 10, four buckets are one of scale 8: -5 is in -8..-4, -4 to -1 in the next, 0 to 3 in the one after
    let counts = [1, 2, 4, 8, 16, 32];
    let positive = crate::Buckets {
        offset: -5,
        counts: &counts,
    };
    let found = native(&Exponential {
        scale: 10,
        positive,
        ..EXPONENTIAL
    });
    assert_eq!(found.schema, Some(8));
    assert_eq!(spans(&found.positive_span), [(-1, 3)]);
    assert_eq!(found.positive_delta, [1, 29, 2]);

    let coarse = native(&Exponential {
        scale: -5,
        ..EXPONENTIAL
    });
    assert_eq!((coarse.schema, coarse.sample_count), (None, Some(31)));
    assert_eq!(coarse.positive_span, []);
}

#[test]
fn the_count_is_that_of_the_buckets() {
    let found = native(&Exponential {
        count: 7,
        ..EXPONENTIAL
    });
    assert_eq!(found.sample_count, Some(31));
}
