//! Random scrapes, and what each should look like to whoever reads it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::points::{Bounds, Buckets, Exemplar, Exponential, Histogram, Summary};
use crate::{Encoder, Head, LabelSet, MetricType, Negotiated, Options, Translation};

pub(super) type Pairs = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) metric_type: MetricType,
    pub(super) help: String,
    pub(super) unit: String,
    pub(super) series: Vec<Series>,
}

#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) shared: Pairs,
    pub(super) own: Pairs,
    pub(super) created: u64,
    pub(super) exemplar: Option<OwnedExemplar>,
    pub(super) point: Point,
    /// Whether the buffer is taken away before it.
    pub(super) pause: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnedExemplar {
    pub(super) labels: Pairs,
    pub(super) value: f64,
    pub(super) time: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Point {
    Number(f64),
    /// Bounds, buckets, sum.
    Histogram(Vec<f64>, Vec<u64>, Option<f64>),
    Exponential(OwnedExponential),
    /// Quantiles, count, sum.
    Summary(Vec<(f64, f64)>, u64, f64),
}

#[derive(Debug, Clone)]
pub(super) struct OwnedExponential {
    pub(super) scale: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) positive: (i32, Vec<u64>),
    pub(super) negative: (i32, Vec<u64>),
    pub(super) sum: Option<f64>,
    pub(super) classic: Option<Vec<f64>>,
}

impl OwnedExponential {
    pub(super) fn count(&self) -> u64 {
        self.zero_count + self.positive.1.iter().sum::<u64>() + self.negative.1.iter().sum::<u64>()
    }

    /// Its buckets over other bounds: each goes below the first bound that all of it is below.
    pub(super) fn over(&self, bounds: &[f64]) -> Vec<u64> {
        let mut buckets = vec![0; bounds.len() + 1];
        let mut add = |upper: f64, count: u64| {
            let place = bounds.iter().position(|bound| *bound >= upper);
            buckets[place.unwrap_or(bounds.len())] += count;
        };
        let power = |index: i64| (index as f64 * 2_f64.powi(-self.scale)).exp2();
        add(self.zero_threshold, self.zero_count);
        for (nth, count) in self.positive.1.iter().enumerate() {
            add(power(i64::from(self.positive.0) + nth as i64 + 1), *count);
        }
        for (nth, count) in self.negative.1.iter().enumerate() {
            add(-power(i64::from(self.negative.0) + nth as i64), *count);
        }
        buckets
    }
}

impl Series {
    /// Its labels, their names as `negotiated` writes them.
    pub(super) fn labels(&self, negotiated: Negotiated) -> Pairs {
        escaped(self.shared.iter().chain(&self.own), negotiated)
    }
}

impl OwnedExemplar {
    /// The same, the names of its labels as `negotiated` writes them.
    pub(super) fn escaped(&self, negotiated: Negotiated) -> Self {
        Self {
            labels: escaped(self.labels.iter(), negotiated),
            ..self.clone()
        }
    }
}

fn escaped<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>, negotiated: Negotiated) -> Pairs {
    pairs
        .map(|(name, value)| (negotiated.escaping.label_name(name).into_owned(), value.clone()))
        .collect()
}

fn rendered(pairs: &Pairs) -> String {
    let mut labels = LabelSet::new(Translation::NoTranslation);
    for (name, value) in pairs {
        labels.push(name, value);
    }
    labels.render()
}

/// A scrape of families: the chunks in which it goes out, one after the other.
pub(super) fn encoded(families: &[Family], negotiated: Negotiated, options: Options) -> Vec<u8> {
    let mut encoder = Encoder::new(negotiated, options);
    let mut sent = Vec::new();
    let mut out = Vec::new();
    for family in families {
        let head = Head {
            name: &family.name,
            metric_type: family.metric_type,
            help: &family.help,
            unit: &family.unit,
        };
        encoder.begin_family(&mut out, &head);
        for series in &family.series {
            if series.pause {
                encoder.pause(&mut out);
                sent.append(&mut out);
            }
            write(&mut encoder, &mut out, series);
        }
        encoder.end_family(&mut out);
    }
    encoder.finish(&mut out);
    sent.append(&mut out);
    sent
}

fn write(encoder: &mut Encoder, out: &mut Vec<u8>, series: &Series) {
    let (shared, own) = (rendered(&series.shared), rendered(&series.own));
    let labels = [shared.as_str(), own.as_str()];
    let created = series.created;
    let exemplar_labels = series
        .exemplar
        .as_ref()
        .map(|exemplar| rendered(&exemplar.labels));
    let exemplar = series
        .exemplar
        .as_ref()
        .zip(exemplar_labels.as_ref())
        .map(|(exemplar, labels)| Exemplar {
            labels,
            value: exemplar.value,
            time: exemplar.time,
        });
    match &series.point {
        Point::Number(value) => encoder.number(out, labels, *value, created, exemplar.as_ref()),
        Point::Histogram(bounds, buckets, sum) => {
            let bounds = Bounds::new(bounds.as_slice());
            let mut exemplars = vec![None; buckets.len()];
            if let Some(last) = exemplars.last_mut() {
                *last = exemplar;
            }
            let histogram = Histogram {
                count: buckets.iter().sum(),
                sum: *sum,
                bounds: &bounds,
                buckets,
                created,
                exemplars: &exemplars,
            };
            encoder.histogram(out, labels, &histogram);
        }
        Point::Exponential(point) => {
            let classic = point.classic.as_deref().map(Bounds::new);
            let exemplars: Vec<_> = exemplar.into_iter().collect();
            let exponential = Exponential {
                count: point.count(),
                sum: point.sum,
                scale: point.scale,
                zero_threshold: point.zero_threshold,
                zero_count: point.zero_count,
                positive: Buckets {
                    offset: point.positive.0,
                    counts: &point.positive.1,
                },
                negative: Buckets {
                    offset: point.negative.0,
                    counts: &point.negative.1,
                },
                created,
                exemplars: &exemplars,
                classic: classic.as_ref(),
            };
            encoder.exponential(out, labels, &exponential);
        }
        Point::Summary(quantiles, count, sum) => {
            let summary = Summary {
                count: *count,
                sum: *sum,
                quantiles,
                created,
            };
            encoder.summary(out, labels, &summary);
        }
    }
}

/// Names that stay apart from each other, however they are escaped.
const KEYS: [&str; 8] = ["a", "b.c", "d e", "f\"g", "h\\i", "é", "j:k", "l\nm"];

const NAMES: [&str; 9] = [
    "m",
    "na.me",
    "q\"u\\o\nte",
    "é_total",
    "requests_total",
    "build_info",
    "rtt_seconds",
    "cpu.time_seconds_total",
    "_total",
];

fn some_pairs(prefix: &'static str, most: usize) -> impl Strategy<Value = Pairs> {
    let key = prop::sample::select(&KEYS[..]).prop_map(move |key| format!("{prefix}{key}"));
    let value = prop_oneof!["[a-z\"\\\\,={}\n ]{1,6}", "[^\\x00]{1,6}"];
    prop::collection::btree_map(key, value, 0..=most)
}

fn some_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        (-1000_i32..1000).prop_map(f64::from),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

fn some_time() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..=u64::MAX,
        (1..2_000_000_000_u64).prop_map(|seconds| seconds * 1_000_000_000)
    ]
}

fn some_exemplar() -> impl Strategy<Value = Option<OwnedExemplar>> {
    let exemplar = (some_pairs("e", 2), some_number(), some_time());
    prop::option::of(exemplar.prop_map(|(labels, value, time)| OwnedExemplar { labels, value, time }))
}

fn some_bounds() -> impl Strategy<Value = Vec<f64>> {
    let bound = prop_oneof![
        -5.0..5.0,
        (-10_i32..10).prop_map(f64::from),
        (-30_i32..30).prop_map(|exponent| 10_f64.powi(exponent))
    ];
    prop::collection::vec(bound, 0..6).prop_map(|mut bounds| {
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        // two texts for one number
        bounds.retain(|bound| bound.to_bits() != (-0.0_f64).to_bits());
        bounds
    })
}

fn some_histogram() -> impl Strategy<Value = Point> {
    let bounds = some_bounds();
    let with_buckets = bounds.prop_flat_map(|bounds| {
        let buckets = prop::collection::vec(0..1000_u64, bounds.len() + 1);
        (Just(bounds), buckets)
    });
    (with_buckets, prop::option::of(some_number()))
        .prop_map(|((bounds, buckets), sum)| Point::Histogram(bounds, buckets, sum))
}

fn some_side() -> impl Strategy<Value = (i32, Vec<u64>)> {
    let count = prop_oneof![2 => Just(0), 2 => 1..100_u64, 1 => 1..1_u64 << 40];
    let offset = prop_oneof![4 => -40..40, 1 => any::<i32>()];
    (offset, prop::collection::vec(count, 0..40))
}

fn some_exponential() -> impl Strategy<Value = Point> {
    (
        -6..=20,
        prop_oneof![Just(0.0), 1e-9..1.0],
        0..100_u64,
        some_side(),
        some_side(),
        prop::option::of(some_number()),
        prop::option::of(some_bounds()),
    )
        .prop_map(
            |(scale, zero_threshold, zero_count, positive, negative, sum, classic)| {
                Point::Exponential(OwnedExponential {
                    scale,
                    zero_threshold,
                    zero_count,
                    positive,
                    negative,
                    sum,
                    classic,
                })
            },
        )
}

fn some_point(metric_type: MetricType) -> BoxedStrategy<Point> {
    match metric_type {
        MetricType::Histogram => prop_oneof![some_histogram(), some_exponential()].boxed(),
        MetricType::Summary => {
            let quantile = prop::sample::select(&[0.0, 0.5, 0.9, 0.999, 1.0][..]);
            let quantiles = prop::collection::btree_map(quantile.prop_map(f64::to_bits), some_number(), 0..4);
            let quantiles = quantiles.prop_map(|quantiles| {
                let quantiles = quantiles.into_iter();
                quantiles
                    .map(|(bits, value)| (f64::from_bits(bits), value))
                    .collect()
            });
            (quantiles, any::<u64>(), some_number())
                .prop_map(|(quantiles, count, sum)| Point::Summary(quantiles, count, sum))
                .boxed()
        }
        _ => some_number().prop_map(Point::Number).boxed(),
    }
}

fn some_family() -> impl Strategy<Value = Family> {
    let metric_type = prop::sample::select(
        &[
            MetricType::Counter,
            MetricType::Gauge,
            MetricType::Histogram,
            MetricType::Summary,
            MetricType::Unknown,
            MetricType::Info,
            MetricType::StateSet,
        ][..],
    );
    let name = prop::sample::select(&NAMES[..]);
    (
        name,
        metric_type,
        "([a-z\"\\\\\n]{0,5}|[^\\x00]{0,5})",
        any::<bool>(),
    )
        .prop_flat_map(|(name, metric_type, help, has_unit)| {
            let series = (
                some_pairs("s", 3),
                some_pairs("o", 3),
                some_time(),
                some_exemplar(),
                some_point(metric_type),
                prop::bool::weighted(0.3),
            );
            let series = series.prop_map(|(shared, own, created, exemplar, point, pause)| Series {
                shared,
                own,
                created,
                exemplar,
                point,
                pause,
            });
            prop::collection::vec(series, 0..5).prop_map(move |series| Family {
                name: name.to_owned(),
                metric_type,
                help: help.clone(),
                unit: if has_unit {
                    "seconds".to_owned()
                } else {
                    String::new()
                },
                series,
            })
        })
}

/// Families with names of their own.
pub(super) fn some_families() -> impl Strategy<Value = Vec<Family>> {
    prop::collection::vec(some_family(), 0..4).prop_map(|mut families| {
        let mut names = std::collections::BTreeSet::new();
        families.retain(|family| names.insert(family.name.clone()));
        families
    })
}
