//! Takes one request into account: walks its points, labels what is new, and hands each to its series.

mod points;

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use exposition::MetricType;
use exposition::names::Instrument;

use self::points::Points;
use crate::debug::Debug;
use crate::otlp::{Data, Malformed, Metric, ResourceMetrics, ScopeMetrics, Temporality, resource_metrics};
use crate::rejection::{Reason, Rejections};
use crate::series::{Descriptor, Kind, Mode, NotTaken, Origin, Session, SourceRef, Store, Taken};

/// What became of a request's points. `accepted`, `filtered` and the rejected ones are all of them, unless it was
/// malformed or could not be saved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) accepted: u64,
    /// Accepted points that changed nothing, because a newer one was there already.
    pub(crate) overtaken: u64,
    /// Points that the configuration leaves out.
    pub(crate) filtered: u64,
    pub(crate) rejections: Rejections,
    /// Why the bytes stopped to be a request of resources, scopes and metrics. What came before is taken into account. A
    /// metric or a point that is broken within its bounds is a rejected one, and what stands beside it is taken.
    pub(crate) malformed: Option<Malformed>,
    /// Some of it could not be written down. The sender is to send it again; what was taken is not taken twice then.
    pub(crate) unsaved: bool,
}

/// Takes the bytes of an `ExportMetricsServiceRequest` into account.
pub(crate) fn ingest(request: &[u8], store: &Store, debug: &Debug, now: Instant) -> Outcome {
    take(request, store, debug, now, None)
}

/// Takes bytes into account that were written down before a restart.
pub(crate) fn restore(request: &[u8], store: &Store, now: Instant, wall_clock: SystemTime) -> Outcome {
    let since_1970 = wall_clock.duration_since(UNIX_EPOCH).unwrap_or_default();
    let restored = Mode::Restored {
        now: since_1970.as_nanos() as u64,
    };
    take(request, store, &Debug::default(), now, Some(restored))
}

fn take(request: &[u8], store: &Store, debug: &Debug, now: Instant, restored: Option<Mode>) -> Outcome {
    let session = store.session(now);
    let mut ingest = Ingest {
        // what was taken before is no request: it may be longer than those may be
        left: restored.map_or(session.limits().request_points, |_| usize::MAX),
        session,
        restored,
        debug,
        points: Points::default(),
        outcome: Outcome::default(),
    };
    for resource in resource_metrics(request) {
        match resource
            .map_err(Stop::Malformed)
            .and_then(|resource| ingest.resource(&resource))
        {
            Ok(()) => {}
            Err(Stop::Malformed(malformed)) => {
                ingest.outcome.malformed = Some(malformed);
                break;
            }
            Err(Stop::Unsaved) => {
                ingest.outcome.unsaved = true;
                break;
            }
        }
    }
    ingest.outcome
}

/// Why the rest of a request is not looked at.
enum Stop {
    Malformed(Malformed),
    Unsaved,
}

struct Ingest<'a> {
    session: Session<'a>,
    /// Points that this request may still have.
    left: usize,
    /// Instead of what the points say of themselves.
    restored: Option<Mode>,
    debug: &'a Debug,
    points: Points,
    outcome: Outcome,
}

/// Where a metric stands in its request.
#[derive(Clone, Copy)]
struct Place<'a> {
    resource: &'a [u8],
    scope: &'a ScopeMetrics<'a>,
    origin: &'a Result<Option<Arc<Origin>>, Reason>,
}

impl Ingest<'_> {
    fn resource(&mut self, metrics: &ResourceMetrics<'_>) -> Result<(), Stop> {
        let message = metrics.resource();
        let resource = self.session.resource(message);
        for scope in metrics.scopes() {
            let scope = scope.map_err(Stop::Malformed)?;
            let origin = resource
                .as_ref()
                .map_err(|reason| *reason)
                .and_then(|resource| self.session.origin(resource, scope.scope(), scope.schema_url()));
            self.scope(Place {
                resource: message,
                scope: &scope,
                origin: &origin,
            })?;
        }
        Ok(())
    }

    fn scope(&mut self, place: Place<'_>) -> Result<(), Stop> {
        for metric in place.scope.metrics() {
            let Ok(metric) = metric else {
                // nobody knows its name, nor how many points it had
                self.outcome.rejections.add(Reason::Malformed, 1, b"(unreadable)");
                continue;
            };
            let Some(data) = metric.data.filter(|data| !data.points().is_empty()) else {
                continue;
            };
            let taken = match (what_is(&metric, &data), place.origin) {
                (Ok(what), Ok(Some(origin))) => self.metric(&metric, &data, what, origin, place),
                (Ok(_), Ok(None)) => Err(NotTaken::Filtered),
                (Err(reason), _) => Err(NotTaken::Rejected(reason)),
                (_, Err(reason)) => Err(NotTaken::Rejected(*reason)),
            };
            match taken {
                Ok(()) => {}
                Err(NotTaken::Filtered) => self.outcome.filtered += data.points().count() as u64,
                Err(NotTaken::Rejected(reason)) => {
                    self.outcome
                        .rejections
                        .add(reason, data.points().count(), metric.name);
                }
                Err(NotTaken::Unsaved) => return Err(Stop::Unsaved),
            }
        }
        Ok(())
    }

    /// Takes the points of one metric; an error is for all of them.
    fn metric(
        &mut self,
        metric: &Metric<'_>,
        data: &Data<'_>,
        what: What,
        origin: &Arc<Origin>,
        place: Place<'_>,
    ) -> Result<(), NotTaken> {
        let descriptor = Descriptor {
            source: SourceRef {
                resource: place.resource,
                scope: place.scope.scope(),
                schema_url: place.scope.schema_url(),
                name: metric.name,
                unit: metric.unit,
                kind: what.kind,
            },
            description: metric.description,
            instrument: what.instrument,
            metric_type: what.metric_type,
        };
        let of_points = match what.temporality {
            Temporality::Delta => Mode::Delta,
            _ => Mode::Cumulative,
        };
        let mode = self.restored.unwrap_or(of_points);
        let Self {
            session,
            left,
            points,
            debug,
            outcome,
            ..
        } = self;
        let session = &*session;
        session.update(&descriptor, origin, mode, |series, plan| {
            let mut tally = |taken| match taken {
                Ok(Taken::Newest) => outcome.accepted += 1,
                Ok(Taken::Overtaken) => {
                    outcome.accepted += 1;
                    outcome.overtaken += 1;
                }
                Ok(Taken::Filtered) => outcome.filtered += 1,
                Err(reason) => outcome.rejections.add(reason, 1, metric.name),
            };
            let context = points::Context {
                pipeline: session.pipeline(),
                plan,
                limits: session.limits(),
                debug,
                metric,
            };
            macro_rules! each {
                ($points:expr, $take:ident) => {
                    for point in $points {
                        let taken = match left.checked_sub(1) {
                            Some(less) => {
                                *left = less;
                                point
                                    .map_err(|_| Reason::Malformed)
                                    .and_then(|point| points.$take(series, &point, &context))
                            }
                            None => Err(Reason::DatapointLimit),
                        };
                        tally(taken);
                    }
                };
            }
            let all = data.points();
            match what.kind {
                Kind::Gauge | Kind::Sum => each!(all.numbers(), number),
                Kind::Histogram => each!(all.histograms(), histogram),
                Kind::ExponentialHistogram => each!(all.exponential_histograms(), exponential),
                Kind::Summary => each!(all.summaries(), summary),
            }
        })
    }
}

/// What the points of a metric are.
#[derive(Debug, Clone, Copy)]
struct What {
    kind: Kind,
    instrument: Instrument,
    metric_type: MetricType,
    temporality: Temporality,
}

/// What the points of a metric are, if it is something that can be exposed.
fn what_is(metric: &Metric<'_>, data: &Data<'_>) -> Result<What, Reason> {
    let what = |kind, instrument, metric_type, temporality| What {
        kind,
        instrument,
        metric_type,
        temporality,
    };
    let what = match *data {
        Data::Gauge(_) => {
            let metric_type = match metric.prometheus_type().unwrap_or_default() {
                // the specification spells it so in one place
                Some("unknown" | "unkown") => MetricType::Unknown,
                Some("info") => MetricType::Info,
                Some("stateset") => MetricType::StateSet,
                _ => MetricType::Gauge,
            };
            what(
                Kind::Gauge,
                Instrument::Gauge,
                metric_type,
                Temporality::Cumulative,
            )
        }
        Data::Sum {
            temporality,
            monotonic: true,
            ..
        } => what(Kind::Sum, Instrument::Counter, MetricType::Counter, temporality),
        // what it was at the beginning is not known, so the sum of what it changed by says nothing
        Data::Sum {
            temporality: Temporality::Delta,
            ..
        } => return Err(Reason::DeltaOfUpDownCounter),
        Data::Sum { temporality, .. } => what(
            Kind::Sum,
            Instrument::UpDownCounter,
            MetricType::Gauge,
            temporality,
        ),
        Data::Histogram { temporality, .. } => what(
            Kind::Histogram,
            Instrument::Histogram,
            MetricType::Histogram,
            temporality,
        ),
        Data::ExponentialHistogram { temporality, .. } => what(
            Kind::ExponentialHistogram,
            Instrument::Histogram,
            MetricType::Histogram,
            temporality,
        ),
        Data::Summary(_) => what(
            Kind::Summary,
            Instrument::Summary,
            MetricType::Summary,
            Temporality::Cumulative,
        ),
    };
    if what.temporality == Temporality::Unspecified {
        return Err(Reason::UnspecifiedTemporality);
    }
    Ok(what)
}

#[cfg(test)]
mod tests;
