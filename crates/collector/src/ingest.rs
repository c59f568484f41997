//! Takes one request into account: walks its points, labels what is new, and hands each to its series.

use std::sync::Arc;
use std::time::Instant;

use exposition::names::Instrument;

use crate::otlp::{
    AttributeError, Data, HistogramPoint, Malformed, Metric, NumberPoint, ResourceMetrics, ScopeMetrics,
    Temporality, resource_metrics,
};
use crate::process::{self, Promotion};
use crate::rejection::{Reason, Rejections};
use crate::series::{Descriptor, HistogramSample, Origin, Sample, Store, Taken, Times, Update};

/// What became of a request's points. `accepted` and the rejected ones are all of them, unless it was malformed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) accepted: u64,
    /// Accepted points that changed nothing, because a newer one was there already.
    pub(crate) overtaken: u64,
    pub(crate) rejections: Rejections,
    /// Why the bytes stopped to be a request of resources, scopes and metrics. What came before is taken into account. A
    /// metric or a point that is broken within its bounds is a rejected one, and what stands beside it is taken.
    pub(crate) malformed: Option<Malformed>,
}

impl From<AttributeError> for Reason {
    fn from(_: AttributeError) -> Self {
        Self::InvalidAttributes
    }
}

/// Takes the bytes of an `ExportMetricsServiceRequest` into account.
pub(crate) fn ingest(request: &[u8], promotions: &[Promotion], store: &Store, now: Instant) -> Outcome {
    let mut ingest = Ingest {
        promotions,
        store,
        now,
        outcome: Outcome::default(),
    };
    for resource in resource_metrics(request) {
        if let Err(malformed) = resource.and_then(|resource| ingest.resource(&resource)) {
            ingest.outcome.malformed = Some(malformed);
            break;
        }
    }
    ingest.outcome
}

struct Ingest<'a> {
    promotions: &'a [Promotion],
    store: &'a Store,
    now: Instant,
    outcome: Outcome,
}

impl Ingest<'_> {
    fn resource(&mut self, metrics: &ResourceMetrics<'_>) -> Result<(), Malformed> {
        let message = metrics.resource();
        let resource = self.store.resource(message, self.now, || {
            Ok(process::resource(message, self.promotions)?)
        });
        for scope in metrics.scopes() {
            let scope = scope?;
            let origin = resource.as_ref().map_err(|reason| *reason).and_then(|resource| {
                let (message, schema_url) = (scope.scope(), scope.schema_url());
                self.store.origin(resource, message, schema_url, |resource| {
                    Ok(process::origin(resource, message, schema_url)?)
                })
            });
            self.scope(&scope, &origin);
        }
        Ok(())
    }

    fn scope(&mut self, metrics: &ScopeMetrics<'_>, origin: &Result<Arc<Origin>, Reason>) {
        for metric in metrics.metrics() {
            let Ok(metric) = metric else {
                // nobody knows its name, nor how many points it had
                self.outcome.rejections.add(Reason::Malformed, 1, b"(unreadable)");
                continue;
            };
            let Some(data) = metric.data.filter(|data| !data.points().is_empty()) else {
                continue;
            };
            let taken = match (instrument(&data), origin) {
                (Ok(instrument), Ok(origin)) => self.metric(&metric, &data, instrument, origin),
                (Err(reason), _) => Err(reason),
                (_, Err(reason)) => Err(*reason),
            };
            if let Err(reason) = taken {
                let points = data.points().count();
                self.outcome.rejections.add(reason, points, metric.name);
            }
        }
    }

    /// Takes the points of one metric; an error is for all of them.
    fn metric(
        &mut self,
        metric: &Metric<'_>,
        data: &Data<'_>,
        instrument: Instrument,
        origin: &Arc<Origin>,
    ) -> Result<(), Reason> {
        let descriptor = Descriptor {
            name: metric.name,
            unit: metric.unit,
            description: metric.description,
            instrument,
        };
        let Self {
            promotions,
            store,
            now,
            outcome,
        } = self;
        let buckets = store.limits().buckets;
        store.update(&descriptor, origin, *now, |mut series| {
            let mut tally = |taken| match taken {
                Ok(taken) => {
                    outcome.accepted += 1;
                    outcome.overtaken += u64::from(taken == Taken::Overtaken);
                }
                Err(reason) => outcome.rejections.add(reason, 1, metric.name),
            };
            if instrument == Instrument::Histogram {
                for point in data.points().histograms() {
                    let point = point.map_err(|_| Reason::Malformed);
                    tally(point.and_then(|point| take_histogram(&mut series, &point, promotions, buckets)));
                }
            } else {
                for point in data.points().numbers() {
                    let point = point.map_err(|_| Reason::Malformed);
                    tally(point.and_then(|point| take_number(&mut series, &point, promotions)));
                }
            }
        })
    }
}

/// What the points of a metric are, if it is something that can be exposed.
fn instrument(data: &Data<'_>) -> Result<Instrument, Reason> {
    let (temporality, instrument) = match data {
        Data::Gauge(_) => return Ok(Instrument::Gauge),
        Data::Sum {
            temporality,
            monotonic: true,
            ..
        } => (temporality, Instrument::Counter),
        Data::Sum { temporality, .. } => (temporality, Instrument::UpDownCounter),
        Data::Histogram { temporality, .. } => (temporality, Instrument::Histogram),
        Data::ExponentialHistogram(_) => return Err(Reason::ExponentialHistogram),
        Data::Summary(_) => return Err(Reason::Summary),
    };
    match temporality {
        Temporality::Cumulative => Ok(instrument),
        Temporality::Delta => Err(Reason::DeltaTemporality),
        Temporality::Unspecified => Err(Reason::UnspecifiedTemporality),
    }
}

#[inline]
fn take_number(
    series: &mut Update<'_>,
    point: &NumberPoint<'_>,
    promotions: &[Promotion],
) -> Result<Taken, Reason> {
    let sample = match point.value {
        _ if point.flags.no_recorded_value() => Sample::Nothing,
        Some(value) => Sample::Number(value),
        None => return Err(Reason::NoValue),
    };
    let times = Times {
        start: point.start,
        time: point.time,
    };
    series.set(&point.attributes, times, sample, || {
        Ok(process::series(
            &point.attributes,
            NumberPoint::ATTRIBUTES,
            promotions,
            None,
        )?)
    })
}

#[inline]
fn take_histogram(
    series: &mut Update<'_>,
    point: &HistogramPoint<'_>,
    promotions: &[Promotion],
    max_buckets: usize,
) -> Result<Taken, Reason> {
    let sample = if point.flags.no_recorded_value() {
        Sample::Nothing
    } else {
        let (buckets, bounds) = (point.bucket_counts.len(), point.explicit_bounds.len());
        if buckets > max_buckets {
            return Err(Reason::TooManyBuckets);
        }
        // neither of them is a histogram that is only a count and a sum
        let fits = buckets == bounds + 1 || (buckets == 0 && bounds == 0);
        let bounds = || point.explicit_bounds.doubles();
        let counts = || point.bucket_counts.integers();
        let counted = counts().try_fold(0_u64, u64::checked_add);
        let adds_up = buckets == 0 || counted == Some(point.count);
        if !fits
            || !adds_up
            || !bounds().all(f64::is_finite)
            || !bounds().is_sorted_by(|one, next| one < next)
        {
            return Err(Reason::InvalidHistogram);
        }
        Sample::Histogram(HistogramSample {
            count: point.count,
            sum: point.sum,
            bucket_counts: point.bucket_counts.as_bytes(),
            explicit_bounds: point.explicit_bounds.as_bytes(),
        })
    };
    let times = Times {
        start: point.start,
        time: point.time,
    };
    series.set(&point.attributes, times, sample, || {
        let attributes = HistogramPoint::ATTRIBUTES;
        Ok(process::series(
            &point.attributes,
            attributes,
            promotions,
            Some("le"),
        )?)
    })
}

#[cfg(test)]
mod tests;
