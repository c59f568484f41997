//! The store as a whole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use exposition::MetricType;
use exposition::names::{Instrument, metric_name};

use super::family::{Families, Family};
use super::group::Update;
use super::hash::Hasher;
use super::lock::{read, write};
use super::origin::{Origin, Origins, Resource};
use crate::process::{OriginLabels, ResourceLabels, is_reserved};
use crate::rejection::Reason;

/// How much is kept at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Series in all. A histogram is one. There are never more families or groups than this, either.
    pub(crate) series: usize,
    pub(crate) series_per_metric: usize,
    /// Resources and scopes in all.
    pub(crate) sources: usize,
    /// Bytes of the labels of one series, and of one resource.
    pub(crate) label_bytes: usize,
    /// Buckets of one histogram.
    pub(crate) buckets: usize,
}

/// How long things are kept after they were last heard of; `None` is for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// Gauges, and series whose source said that it has stopped measuring.
    pub(crate) gauges: Option<Duration>,
    /// Counters and histograms. Longer, because a counter that vanishes and comes back looks like a reset.
    pub(crate) counters: Option<Duration>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) series: usize,
    pub(crate) families: usize,
    pub(crate) sources: usize,
}

/// What a metric says of itself, as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descriptor<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) unit: &'a [u8],
    pub(crate) description: &'a [u8],
    pub(crate) instrument: Instrument,
}

/// Seconds since the store was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(pub(super) u32);

/// All series.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) limits: Limits,
    pub(super) hasher: Hasher,
    /// How many series there are.
    pub(super) series: AtomicUsize,
    /// How many groups there are.
    pub(super) groups: AtomicUsize,
    expiry: Expiry,
    start: Instant,
    families: RwLock<Families>,
    origins: Origins,
}

impl Store {
    pub(crate) fn new(limits: Limits, expiry: Expiry, now: Instant) -> Self {
        Self {
            limits,
            hasher: Hasher::new(),
            series: AtomicUsize::new(0),
            groups: AtomicUsize::new(0),
            expiry,
            start: now,
            families: RwLock::default(),
            origins: Origins::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The resource of these bytes; `labels` makes its labels if it is new.
    pub(crate) fn resource(
        &self,
        raw: &[u8],
        now: Instant,
        labels: impl FnOnce() -> Result<ResourceLabels, Reason>,
    ) -> Result<Arc<Resource>, Reason> {
        let labels = || {
            let labels = labels()?;
            self.check_length(raw, &labels.info)?;
            Ok(labels)
        };
        let (sources, now) = (self.limits.sources, self.tick(now));
        self.origins.resource(&self.hasher, sources, raw, now, labels)
    }

    /// The origin that a scope of a resource is; `labels` makes its labels if the scope is new.
    pub(crate) fn origin(
        &self,
        resource: &Resource,
        scope: &[u8],
        schema_url: &[u8],
        labels: impl FnOnce(&ResourceLabels) -> Result<OriginLabels, Reason>,
    ) -> Result<Arc<Origin>, Reason> {
        let labels = || {
            let labels = labels(&resource.labels)?;
            self.check_length(scope, &labels.text)?;
            self.check_length(schema_url, "")?;
            Ok(labels)
        };
        let spelling = (scope, schema_url);
        self.origins
            .origin(&self.hasher, self.limits.sources, resource, spelling, labels)
    }

    /// Refuses to remember what is too long, as it came or as labels.
    fn check_length(&self, raw: &[u8], labels: &str) -> Result<(), Reason> {
        let limit = self.limits.label_bytes;
        if labels.len() > limit || raw.len() > 2 * limit {
            return Err(Reason::LabelsTooLong);
        }
        Ok(())
    }

    /// Opens the group of a metric and an origin for new points, and lets `points` take them in.
    pub(crate) fn update<T>(
        &self,
        metric: &Descriptor<'_>,
        origin: &Arc<Origin>,
        now: Instant,
        points: impl FnOnce(Update<'_>) -> T,
    ) -> Result<T, Reason> {
        let now = self.tick(now);
        loop {
            let family = self.family(metric)?;
            // what expired between two steps is looked up again, and then made anew
            let Some(group) = family.group(self, origin)? else {
                continue;
            };
            let Some(update) = group.update(self, &family, now) else {
                continue;
            };
            return Ok(points(update));
        }
    }

    fn family(&self, metric: &Descriptor<'_>) -> Result<Arc<Family>, Reason> {
        let Descriptor {
            name,
            unit,
            description,
            instrument,
        } = *metric;
        if let Some(family) = read(&self.families).known(&self.hasher, name, unit, instrument) {
            family.explain(description);
            return Ok(Arc::clone(family));
        }
        let readable = |bytes| std::str::from_utf8(bytes).map_err(|_| Reason::InvalidName);
        let translated =
            metric_name(readable(name)?, readable(unit)?, instrument).ok_or(Reason::InvalidName)?;
        if translated.len() > self.limits.label_bytes {
            return Err(Reason::LabelsTooLong);
        }
        if is_reserved(&translated) {
            return Err(Reason::ReservedName);
        }
        let metric_type = match instrument {
            Instrument::Counter => MetricType::Counter,
            Instrument::UpDownCounter | Instrument::Gauge => MetricType::Gauge,
            Instrument::Histogram => MetricType::Histogram,
        };
        let mut families = write(&self.families);
        families.make_way(self, &translated, metric_type);
        let family = match families.named(&translated, metric_type)? {
            Some(family) => Arc::clone(family),
            None if families.len() >= self.limits.series || self.is_full() => {
                return Err(Reason::SeriesLimit);
            }
            None => families.create(translated, metric_type)?,
        };
        family.explain(description);
        families.remember(&self.hasher, (name, unit, instrument), &family);
        Ok(family)
    }

    fn is_full(&self) -> bool {
        self.series.load(Ordering::Relaxed) >= self.limits.series
    }

    /// Removes what has not been heard of for too long. How many series. Meant for a thread that may take its time: it
    /// looks at every series, and locks one group at a time.
    pub(crate) fn expire(&self, now: Instant) -> usize {
        let now = self.tick(now);
        let before = |age: Option<Duration>| {
            Tick(age.map_or(0, |age| {
                now.0
                    .saturating_sub(u32::try_from(age.as_secs()).unwrap_or(u32::MAX))
            }))
        };
        let gauges = before(self.expiry.gauges);
        let counters = before(self.expiry.counters);
        let mut removed_in_all = 0;
        for family in self.all_families() {
            let measured_before = match family.metric_type {
                MetricType::Gauge => gauges,
                MetricType::Counter | MetricType::Histogram => counters,
            };
            for group in family.groups() {
                let removed = group.expire(self, measured_before, gauges);
                family.release_series(self, removed);
                removed_in_all += removed;
            }
            family.remove_empty_groups(self);
        }
        write(&self.families).remove_empty();
        self.origins.expire(gauges.min(counters));
        removed_in_all
    }

    /// All families that have series, sorted by name.
    pub(crate) fn families(&self) -> Vec<Arc<Family>> {
        let families = self.all_families().into_iter();
        families.filter(|family| family.has_series()).collect()
    }

    fn all_families(&self) -> Vec<Arc<Family>> {
        read(&self.families).all().cloned().collect()
    }

    /// The resources that are shown as `target_info`.
    pub(crate) fn targets(&self) -> Vec<Arc<Resource>> {
        self.origins.targets()
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            series: self.series.load(Ordering::Relaxed),
            families: read(&self.families).len(),
            sources: self.origins.len(),
        }
    }

    fn tick(&self, now: Instant) -> Tick {
        let since_start = now.saturating_duration_since(self.start).as_secs();
        Tick(u32::try_from(since_start).unwrap_or(u32::MAX))
    }
}
