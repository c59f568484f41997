//! One point of each kind, judged and handed to its series.

use std::fmt::Write;

use crate::debug::Debug;
use crate::otlp::{
    Buckets, Exemplars, ExponentialHistogramPoint, HistogramPoint, Metric, NumberPoint, SummaryPoint,
};
use crate::process::{Pipeline, Plan};
use crate::rejection::Reason;
use crate::series::{
    BucketsSample, ExemplarSample, ExponentialSample, HistogramSample, Limits, MIN_SCALE, Sample,
    SummarySample, Taken, Times, Update,
};

/// What is known where a point is judged.
pub(super) struct Context<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) plan: &'a Plan,
    pub(super) limits: &'a Limits,
    pub(super) debug: &'a Debug,
    pub(super) metric: &'a Metric<'a>,
}

/// Room for what must be unpacked before it is judged, used again and again.
#[derive(Debug, Default)]
pub(super) struct Points {
    positive: Vec<u64>,
    negative: Vec<u64>,
    quantiles: Vec<(f64, f64)>,
    labels: String,
}

impl Points {
    #[inline]
    pub(super) fn number(
        &mut self,
        series: &mut Update<'_>,
        point: &NumberPoint<'_>,
        context: &Context<'_>,
    ) -> Result<Taken, Reason> {
        let sample = match point.value {
            _ if point.flags.no_recorded_value() => Sample::Nothing,
            Some(value) => Sample::Number(value.as_f64()),
            None => return Err(Reason::NoValue),
        };
        if let (true, Sample::Number(added)) = (series.is_delta(), sample)
            && (added < 0.0 || !added.is_finite())
        {
            return Err(Reason::NegativeDelta);
        }
        let times = Times {
            start: point.start,
            time: point.time,
        };
        let taken = series.take(&point.attributes, times, sample, || {
            context.labels(&point.attributes, NumberPoint::ATTRIBUTES, None)
        })?;
        // those of gauges have no place in any format
        if !point.exemplars.is_empty() && series.is_counter() {
            self.exemplars(series, point.exemplars, context);
        }
        context.show(&point.attributes, NumberPoint::ATTRIBUTES, times, sample);
        Ok(taken)
    }

    #[inline]
    pub(super) fn histogram(
        &mut self,
        series: &mut Update<'_>,
        point: &HistogramPoint<'_>,
        context: &Context<'_>,
    ) -> Result<Taken, Reason> {
        let sample = if point.flags.no_recorded_value() {
            Sample::Nothing
        } else {
            let (bucket_counts, explicit_bounds) =
                (point.bucket_counts.chunks(), point.explicit_bounds.chunks());
            let (buckets, bounds) = (bucket_counts.len(), explicit_bounds.len());
            if buckets > context.limits.buckets {
                return Err(Reason::TooManyBuckets);
            }
            // neither of them is a histogram that is only a count and a sum
            let fits = buckets == bounds + 1 || (buckets == 0 && bounds == 0);
            let counted = bucket_counts
                .iter()
                .map(|bytes| u128::from(u64::from_le_bytes(*bytes)));
            let adds_up = buckets == 0 || counted.sum::<u128>() == u128::from(point.count);
            // whether the bounds are right is known of those that the series has already
            if !fits || !adds_up {
                return Err(Reason::InvalidHistogram);
            }
            Sample::Histogram(HistogramSample {
                count: point.count,
                sum: point.sum,
                bucket_counts,
                explicit_bounds,
            })
        };
        let times = Times {
            start: point.start,
            time: point.time,
        };
        let taken = series.take(&point.attributes, times, sample, || {
            context.labels(&point.attributes, HistogramPoint::ATTRIBUTES, Some("le"))
        })?;
        if !point.exemplars.is_empty() {
            self.exemplars(series, point.exemplars, context);
        }
        context.show(&point.attributes, HistogramPoint::ATTRIBUTES, times, sample);
        Ok(taken)
    }

    #[inline]
    pub(super) fn exponential(
        &mut self,
        series: &mut Update<'_>,
        point: &ExponentialHistogramPoint<'_>,
        context: &Context<'_>,
    ) -> Result<Taken, Reason> {
        let Self {
            positive, negative, ..
        } = self;
        let sample = if point.flags.no_recorded_value() {
            Sample::Nothing
        } else {
            let limit = context.limits.buckets;
            let positive = side(&point.positive, positive, limit)?;
            let negative = side(&point.negative, negative, limit)?;
            let in_buckets = sum(positive.counts.iter()) + sum(negative.counts.iter());
            let counted = u128::from(point.zero_count) + in_buckets;
            let is_threshold = point.zero_threshold.is_finite() && point.zero_threshold >= 0.0;
            if counted != u128::from(point.count) || !is_threshold {
                return Err(Reason::InvalidHistogram);
            }
            if point.scale < MIN_SCALE || point.scale > MAX_SCALE {
                return Err(Reason::ScaleOutOfRange);
            }
            Sample::Exponential(ExponentialSample {
                count: point.count,
                // without it, no format could tell it from a sum of 0
                sum: point.sum.ok_or(Reason::NoSum)?,
                scale: point.scale,
                zero_threshold: point.zero_threshold,
                zero_count: point.zero_count,
                positive,
                negative,
            })
        };
        let times = Times {
            start: point.start,
            time: point.time,
        };
        let taken = series.take(&point.attributes, times, sample, || {
            context.labels(
                &point.attributes,
                ExponentialHistogramPoint::ATTRIBUTES,
                Some("le"),
            )
        })?;
        context.show(
            &point.attributes,
            ExponentialHistogramPoint::ATTRIBUTES,
            times,
            sample,
        );
        if !point.exemplars.is_empty() {
            self.exemplars(series, point.exemplars, context);
        }
        Ok(taken)
    }

    pub(super) fn summary(
        &mut self,
        series: &mut Update<'_>,
        point: &SummaryPoint<'_>,
        context: &Context<'_>,
    ) -> Result<Taken, Reason> {
        let Self { quantiles, .. } = self;
        let sample = if point.flags.no_recorded_value() {
            Sample::Nothing
        } else {
            quantiles.clear();
            for quantile in point.quantiles() {
                quantiles.push(quantile.map_err(|_| Reason::Malformed)?);
            }
            if quantiles.len() > context.limits.buckets {
                return Err(Reason::TooManyBuckets);
            }
            let in_range = quantiles
                .iter()
                .all(|(quantile, _)| (0.0..=1.0).contains(quantile));
            if !in_range || !quantiles.is_sorted_by(|one, next| one.0 < next.0) {
                return Err(Reason::InvalidSummary);
            }
            Sample::Summary(SummarySample {
                count: point.count,
                sum: point.sum,
                quantiles,
            })
        };
        let times = Times {
            start: point.start,
            time: point.time,
        };
        let taken = series.take(&point.attributes, times, sample, || {
            context.labels(&point.attributes, SummaryPoint::ATTRIBUTES, Some("quantile"))
        })?;
        context.show(&point.attributes, SummaryPoint::ATTRIBUTES, times, sample);
        Ok(taken)
    }

    /// Attaches the exemplars of a point. Those that cannot be read are left out: they are examples, and the point counts
    /// without them.
    #[cold]
    fn exemplars(&mut self, series: &mut Update<'_>, exemplars: Exemplars<'_>, context: &Context<'_>) {
        for exemplar in exemplars.iter().flatten() {
            self.labels.clear();
            let ids = [("trace_id", exemplar.trace_id), ("span_id", exemplar.span_id)];
            for (name, id) in ids.into_iter().filter(|(_, id)| !id.is_empty() && id.len() <= 16) {
                let separator = if self.labels.is_empty() { "" } else { "," };
                let _ = write!(self.labels, "{separator}{name}=\"");
                for byte in id {
                    let _ = write!(self.labels, "{byte:02x}");
                }
                self.labels.push('"');
            }
            context
                .pipeline
                .add_filtered_attributes(&mut self.labels, &exemplar);
            let sample = ExemplarSample {
                labels: &self.labels,
                value: exemplar.value,
                time: exemplar.time,
            };
            series.attach(std::iter::once(sample));
        }
    }
}

/// In 128 bits, where no sum of counts runs over, and none must be looked at on the way.
fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> u128 {
    counts.map(|count| u128::from(*count)).sum()
}

/// The finest scale that OTLP's histograms have.
const MAX_SCALE: i32 = 20;

/// Unpacks one side of an exponential histogram. Buckets at its ends that count nothing are left out.
fn side<'a>(
    buckets: &Buckets<'_>,
    room: &'a mut Vec<u64>,
    limit: usize,
) -> Result<BucketsSample<'a>, Reason> {
    buckets.counts.unpack(room);
    let Some(first) = room.iter().position(|count| *count > 0) else {
        return Ok(BucketsSample::default());
    };
    let last = room.iter().rposition(|count| *count > 0).unwrap_or(first);
    if last - first >= limit {
        return Err(Reason::TooManyBuckets);
    }
    let offset = i64::from(buckets.offset) + first as i64;
    let end = offset + (last - first) as i64;
    // no double is that far from 1 at any scale
    if offset.abs() > MAX_INDEX || end.abs() > MAX_INDEX {
        return Err(Reason::InvalidHistogram);
    }
    Ok(BucketsSample {
        offset: offset as i32,
        counts: &room[first..=last],
    })
}

/// The index of the largest double at the finest scale, and a little more.
const MAX_INDEX: i64 = 1 << 30;

impl Context<'_> {
    /// The labels of a point.
    fn labels(&self, attributes: &[u8], number: u32, own: Option<&str>) -> Result<Option<String>, Reason> {
        Ok(self.pipeline.series(self.plan, attributes, number, own)?)
    }

    /// Shows a point in the log, now and then, if that is wanted.
    #[inline]
    fn show(&self, attributes: &[u8], number: u32, times: Times, sample: Sample<'_>) {
        if self.debug.wants() {
            Debug::show(self.metric, attributes, number, times, sample);
        }
    }
}
