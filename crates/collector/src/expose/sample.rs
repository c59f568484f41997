//! The samples of one series, in whatever format.

use std::sync::Arc;

use exposition::{Bounds, Buckets, Encoder, Exemplar, Exponential, Histogram, Summary};

use super::{Scale, scaled};
use crate::series::{Exemplars, Shown, Value};

/// Where samples go.
pub(super) struct Samples<'a> {
    pub(super) encoder: &'a mut Encoder,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) classic_bounds: Option<&'a Bounds>,
    /// Whether it is told when counting began.
    pub(super) shows_created: bool,
}

impl Samples<'_> {
    /// A 1, for what has only labels.
    pub(super) fn one(&mut self, labels: [&str; 2]) {
        self.encoder.number(self.out, labels, 1.0, 0, None);
    }

    #[inline]
    pub(super) fn write(&mut self, labels: [&str; 2], series: &Shown<'_>) {
        let Self {
            encoder,
            out,
            classic_bounds,
            shows_created,
        } = self;
        let created = if *shows_created { series.created } else { 0 };
        match series.value {
            Value::Nothing => {}
            Value::Number(number) => match series.exemplars {
                None => encoder.number(out, labels, *number, created, None),
                Some(exemplars) => {
                    let exemplar = exemplars.all().first().and_then(Option::as_ref).map(shown);
                    encoder.number(out, labels, *number, created, exemplar.as_ref());
                }
            },
            Value::Histogram(histogram) => {
                let exemplars = of_buckets(series.exemplars, histogram.bounds.values());
                let histogram = Histogram {
                    count: histogram.count,
                    sum: histogram.sum,
                    bounds: &histogram.bounds,
                    buckets: &histogram.buckets,
                    created,
                    exemplars: &exemplars,
                };
                encoder.histogram(out, labels, &histogram);
            }
            Value::Exponential(exponential) => {
                let exemplars = series.exemplars.map_or(&[][..], Exemplars::all);
                let exemplars: Vec<Exemplar<'_>> = exemplars.iter().flatten().map(shown).collect();
                let exponential = Exponential {
                    count: exponential.count,
                    sum: Some(exponential.sum),
                    scale: exponential.scale,
                    zero_threshold: exponential.zero_threshold,
                    zero_count: exponential.zero_count,
                    positive: side(&exponential.positive),
                    negative: side(&exponential.negative),
                    created,
                    exemplars: &exemplars,
                    classic: *classic_bounds,
                };
                encoder.exponential(out, labels, &exponential);
            }
            Value::Summary(summary) => {
                let summary = Summary {
                    count: summary.count,
                    sum: summary.sum,
                    quantiles: &summary.quantiles,
                    created,
                };
                encoder.summary(out, labels, &summary);
            }
        }
    }

    /// The same in another unit. Exemplars are left out: they stand beside the series' own name. An exponential histogram
    /// cannot be told in another unit, its bounds would not fall on any that there are.
    pub(super) fn write_scaled(&mut self, labels: [&str; 2], series: &Shown<'_>, to: &mut Scaled) {
        let scale = to.scale;
        if scale == Scale::One {
            let series = Shown {
                exemplars: None,
                ..*series
            };
            self.write(labels, &series);
            return;
        }
        let Self {
            encoder,
            out,
            shows_created,
            ..
        } = self;
        let created = if *shows_created { series.created } else { 0 };
        match series.value {
            Value::Nothing | Value::Exponential(_) => {}
            Value::Number(number) => encoder.number(out, labels, scaled(*number, scale), created, None),
            Value::Histogram(histogram) => {
                let bounds = to.bounds(&histogram.bounds);
                let histogram = Histogram {
                    count: histogram.count,
                    sum: histogram.sum.map(|sum| scaled(sum, scale)),
                    bounds: &bounds,
                    buckets: &histogram.buckets,
                    created,
                    exemplars: &[],
                };
                encoder.histogram(out, labels, &histogram);
            }
            Value::Summary(summary) => {
                let quantiles: Vec<(f64, f64)> = summary
                    .quantiles
                    .iter()
                    .map(|(quantile, value)| (*quantile, scaled(*value, scale)))
                    .collect();
                let summary = Summary {
                    count: summary.count,
                    sum: scaled(summary.sum, scale),
                    quantiles: &quantiles,
                    created,
                };
                encoder.summary(out, labels, &summary);
            }
        }
    }
}

/// Values in another unit.
pub(super) struct Scaled {
    scale: Scale,
    /// The bounds that were scaled last, and what they became.
    bounds: Option<(Arc<Bounds>, Arc<Bounds>)>,
}

impl Scaled {
    pub(super) fn new(scale: Scale) -> Self {
        Self { scale, bounds: None }
    }

    fn bounds(&mut self, bounds: &Arc<Bounds>) -> Arc<Bounds> {
        match &self.bounds {
            Some((there, scaled)) if Arc::ptr_eq(there, bounds) => Arc::clone(scaled),
            _ => {
                let values: Box<[f64]> = bounds
                    .values()
                    .iter()
                    .map(|bound| scaled(*bound, self.scale))
                    .collect();
                let scaled = Arc::new(Bounds::new(values));
                self.bounds = Some((Arc::clone(bounds), Arc::clone(&scaled)));
                scaled
            }
        }
    }
}

fn side(buckets: &crate::series::Buckets) -> Buckets<'_> {
    Buckets {
        offset: buckets.offset,
        counts: &buckets.counts,
    }
}

/// The exemplars of buckets, in their order. Most series have none, and then nothing is allocated. One that was measured
/// under other bounds, and lies in no bucket where it stands, is left out.
fn of_buckets<'a>(exemplars: Option<&'a Exemplars>, bounds: &[f64]) -> Vec<Option<Exemplar<'a>>> {
    let all = exemplars.map_or(&[][..], Exemplars::all);
    if all.len() != bounds.len() + 1 {
        return Vec::new();
    }
    let in_its_bucket = |(place, exemplar): (usize, &'a Option<crate::series::Exemplar>)| {
        let exemplar = exemplar.as_ref()?;
        let above = place
            .checked_sub(1)
            .is_none_or(|below| exemplar.value > bounds[below]);
        let below = bounds.get(place).is_none_or(|bound| exemplar.value <= *bound);
        (above && below && !exemplar.value.is_nan()).then(|| shown(exemplar))
    };
    all.iter().enumerate().map(in_its_bucket).collect()
}

fn shown(exemplar: &crate::series::Exemplar) -> Exemplar<'_> {
    Exemplar {
        labels: &exemplar.labels,
        value: exemplar.value,
        time: exemplar.time,
    }
}
