//! The store as a whole.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use exposition::MetricType;
use exposition::names::Instrument;

use super::family::{Families, Family, Known};
use super::hash::Hasher;
use super::lock::{lock, read, write};
use super::origin::{Origin, Origins, Resource};
use super::record::{Record, SourceRef};
use super::update::{Mode, Unsaved, Update};
use crate::process::{Glob, Pipeline, Plan, is_reserved};
use crate::rejection::Reason;

/// How much is kept at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Series in all. A histogram is one. There are never more families or groups than this, either.
    pub(crate) series: usize,
    pub(crate) series_per_metric: usize,
    pub(crate) series_per_environment: usize,
    /// Resources and scopes in all.
    pub(crate) sources: usize,
    /// Bytes of the labels of one series, and of one resource.
    pub(crate) label_bytes: usize,
    /// Buckets of one histogram; of an exponential one, on each side.
    pub(crate) buckets: usize,
    /// Bytes in all.
    pub(crate) bytes: usize,
    /// Points of one request.
    pub(crate) request_points: usize,
}

/// How long things are kept after they were last heard of; `None` is for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// Gauges, and series whose source said that it has stopped measuring.
    pub(crate) gauges: Option<Duration>,
    /// Counters, histograms and summaries. Longer, because a counter that vanishes and comes back looks like a reset.
    pub(crate) counters: Option<Duration>,
    /// By exposed name; the first that fits counts.
    pub(crate) overrides: Vec<(Glob, Option<Duration>)>,
}

impl Expiry {
    fn of(&self, family: &Family) -> Option<Duration> {
        let special = self
            .overrides
            .iter()
            .find(|(names, _)| names.matches(&family.name));
        match special {
            Some((_, age)) => *age,
            None => match family.metric_type {
                MetricType::Counter | MetricType::Histogram | MetricType::Summary => self.counters,
                MetricType::Gauge | MetricType::Unknown | MetricType::Info | MetricType::StateSet => {
                    self.gauges
                }
            },
        }
    }

    /// The time after which nothing of a resource is left.
    fn longest(&self) -> Option<Duration> {
        let ages = self.overrides.iter().map(|(_, age)| *age);
        ages.chain([self.gauges, self.counters])
            .try_fold(Duration::ZERO, |longest, age| Some(longest.max(age?)))
    }
}

/// What can change while the store lives.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) limits: Limits,
    pub(crate) expiry: Expiry,
    pub(crate) pipeline: Pipeline,
}

/// Takes down what must survive the process.
pub(crate) trait Journal: std::fmt::Debug + Send + Sync {
    /// Returns when `frame` outlives the process. Called under a group's lock: it must not wait for long.
    fn append(&self, frame: &[u8]) -> std::io::Result<()>;
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) series: usize,
    pub(crate) families: usize,
    pub(crate) sources: usize,
    /// Bytes, as they are counted against the limit.
    pub(crate) bytes: usize,
    /// Metrics in requests so far whose help text, or unit, is not the one that is shown.
    pub(crate) help_conflicts: u64,
    pub(crate) unit_conflicts: u64,
}

/// What a metric says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descriptor<'a> {
    pub(crate) source: SourceRef<'a>,
    pub(crate) description: &'a [u8],
    pub(crate) instrument: Instrument,
    pub(crate) metric_type: MetricType,
}

/// Seconds since the store was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(pub(super) u32);

/// All series.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) hasher: Hasher,
    /// How many series there are.
    pub(super) series: AtomicUsize,
    /// How many groups there are.
    pub(super) groups: AtomicUsize,
    /// How many bytes are kept.
    bytes: AtomicUsize,
    /// The process as a whole takes too much memory, whatever was counted.
    pressed: AtomicBool,
    conflicts: Conflicts,
    start: Instant,
    /// Read for as long as a request is taken in, so that all of it is by the same rules.
    rules: RwLock<Rules>,
    families: RwLock<Families>,
    origins: Origins,
    /// How many series each environment has.
    environments: Mutex<HashMap<String, Arc<AtomicUsize>>>,
    journal: OnceLock<Arc<dyn Journal>>,
}

/// How often a metric said something else of itself than is shown.
#[derive(Debug, Default)]
struct Conflicts {
    help: AtomicU64,
    unit: AtomicU64,
}

/// The store while a request is taken in.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    store: &'a Store,
    rules: RwLockReadGuard<'a, Rules>,
    now: Tick,
}

/// Where the points of a metric belong, and what is to be done with them on the way.
type Place = (Arc<Family>, Arc<Plan>);

/// Why a metric's points were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    Rejected(Reason),
    /// The configuration leaves them out.
    Filtered,
    Unsaved,
}

impl From<Reason> for NotTaken {
    fn from(reason: Reason) -> Self {
        Self::Rejected(reason)
    }
}

impl From<Unsaved> for NotTaken {
    fn from(Unsaved: Unsaved) -> Self {
        Self::Unsaved
    }
}

impl Session<'_> {
    pub(crate) fn limits(&self) -> &Limits {
        &self.rules.limits
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.rules.pipeline
    }

    /// The resource of these bytes.
    pub(crate) fn resource(&self, raw: &[u8]) -> Result<Arc<Resource>, Reason> {
        let Self { store, rules, now } = self;
        let labels = || {
            store.check_room(&rules.limits)?;
            let labels = rules.pipeline.resource(raw)?;
            let info = labels.as_ref().map_or("", |labels| &labels.info);
            self.check_length(raw, info)?;
            let bytes = raw.len() + 2 * info.len() + SOURCE_BYTES;
            store.reserve_bytes(&rules.limits, bytes, bytes)?;
            Ok((labels, bytes))
        };
        store
            .origins
            .resource(&store.hasher, rules.limits.sources, raw, *now, labels)
    }

    /// The origin that a scope of a resource is; `None` if the configuration leaves the resource out.
    pub(crate) fn origin(
        &self,
        resource: &Resource,
        scope: &[u8],
        schema_url: &[u8],
    ) -> Result<Option<Arc<Origin>>, Reason> {
        let Self { store, rules, .. } = self;
        let Some(of_resource) = &resource.labels else {
            return Ok(None);
        };
        let labels = || {
            let labels = rules.pipeline.origin(of_resource, scope, schema_url)?;
            self.check_length(scope, &labels.text)?;
            self.check_length(schema_url, "")?;
            let bytes = scope.len() + schema_url.len() + 3 * labels.text.len() + SOURCE_BYTES;
            store.reserve_bytes(&rules.limits, bytes, bytes)?;
            Ok((labels, bytes))
        };
        let environment = || store.environment(&of_resource.environment);
        let spelling = (scope, schema_url);
        let sources = rules.limits.sources;
        store
            .origins
            .origin(&store.hasher, sources, resource, spelling, environment, labels)
            .map(Some)
    }

    /// Refuses to remember what is too long, as it came or as labels.
    fn check_length(&self, raw: &[u8], labels: &str) -> Result<(), Reason> {
        let limit = self.rules.limits.label_bytes;
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
        mode: Mode,
        points: impl FnOnce(&mut Update<'_>, &Plan) -> T,
    ) -> Result<T, NotTaken> {
        let Self { store, rules, now } = self;
        loop {
            let (family, plan) = self.family(metric)?.ok_or(NotTaken::Filtered)?;
            // what expired between two steps is looked up again, and then made anew
            let Some(group) = family.group(store, &rules.limits, origin)? else {
                continue;
            };
            let Some(state) = group.open() else {
                continue;
            };
            let age = match mode {
                Mode::Restored { .. } => rules.expiry.of(&family),
                Mode::Cumulative | Mode::Delta => None,
            };
            let age = age.map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
            let records = mode == Mode::Delta && store.journal().is_some();
            let mut update = Update {
                state,
                store,
                limits: &rules.limits,
                family: &family,
                origin,
                now: *now,
                salt: plan.steps(),
                mode,
                age,
                source: metric.source,
                changed: None,
                record: records.then(Record::default),
            };
            let taken = points(&mut update, &plan);
            update.close()?;
            return Ok(taken);
        }
    }

    /// The family of a metric, and what is to be done with its points; `None` if the configuration leaves it out.
    fn family(&self, metric: &Descriptor<'_>) -> Result<Option<Place>, Reason> {
        let Self { store, rules, .. } = self;
        let (name, unit) = (metric.source.name, metric.source.unit);
        let Descriptor {
            description,
            instrument,
            metric_type,
            ..
        } = *metric;
        let spelling = (name, unit, instrument, metric_type);
        if let Some(known) = read(&store.families).known(&store.hasher, spelling) {
            self.explain(known.family, description, known.same_unit);
            return Ok(Some((Arc::clone(known.family), Arc::clone(known.plan))));
        }
        let readable = |bytes| std::str::from_utf8(bytes).map_err(|_| Reason::InvalidName);
        let Some(plan) = rules.pipeline.metric(readable(name)?) else {
            return Ok(None);
        };
        // the suffix of a ratio is for gauges that are nothing else
        let translated = rules
            .pipeline
            .metric_name(&plan, readable(name)?, readable(unit)?, instrument, metric_type)
            .ok_or(Reason::InvalidName)?;
        if translated.name.len() > rules.limits.label_bytes {
            return Err(Reason::LabelsTooLong);
        }
        if is_reserved(&translated.name) {
            return Err(Reason::ReservedName);
        }
        let plan = Arc::new(plan);
        let mut families = write(&store.families);
        families.make_way(store, &translated.name, metric_type);
        let family = match families.named(&translated.name, metric_type)? {
            Some(family) => Arc::clone(family),
            None if families.len() >= rules.limits.series || store.is_full(&rules.limits) => {
                return Err(Reason::SeriesLimit);
            }
            None => families.create(store, &rules.limits, translated.clone(), metric_type)?,
        };
        let same_unit = family.unit == translated.unit;
        self.explain(&family, description, same_unit);
        let known = Known {
            family: &family,
            plan: &plan,
            same_unit,
        };
        families.remember(store, &rules.limits, spelling, known);
        Ok(Some((family, plan)))
    }

    /// Takes what a metric says of itself; counts what is not what the family says already. The first one counts.
    #[inline]
    fn explain(&self, family: &Family, description: &[u8], same_unit: bool) {
        let Self { store, rules, .. } = self;
        if !family.explain(store, &rules.limits, description) {
            store.conflicts.help.fetch_add(1, Ordering::Relaxed);
        }
        if !same_unit {
            store.conflicts.unit.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The bytes that a resource or a scope takes beside what it says: its places in tables, and the group that is normally
/// made for it.
const SOURCE_BYTES: usize = 512;

/// Fewer bytes than any series takes.
const LEAST: usize = 128;

impl Store {
    pub(crate) fn new(rules: Rules, now: Instant) -> Self {
        Self {
            hasher: Hasher::new(),
            series: AtomicUsize::new(0),
            groups: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            pressed: AtomicBool::new(false),
            conflicts: Conflicts::default(),
            start: now,
            rules: RwLock::new(rules),
            families: RwLock::default(),
            origins: Origins::default(),
            environments: Mutex::default(),
            journal: OnceLock::new(),
        }
    }

    /// Writes sums of deltas down from now on.
    pub(crate) fn keep(&self, journal: Arc<dyn Journal>) {
        let _ = self.journal.set(journal);
    }

    pub(super) fn journal(&self) -> Option<&Arc<dyn Journal>> {
        self.journal.get()
    }

    /// Opens the store for a request.
    pub(crate) fn session(&self, now: Instant) -> Session<'_> {
        Session {
            store: self,
            rules: read(&self.rules),
            now: self.tick(now),
        }
    }

    /// Goes on by other rules. Series stay; those that have other labels by the new rules are not heard of any more and
    /// expire.
    pub(crate) fn reconfigure(&self, rules: Rules) {
        let mut current = write(&self.rules);
        *current = rules;
        // what was made of the bytes on the wire may be something else now
        write(&self.families).forget_spellings(self);
        for family in self.all_families() {
            for group in family.groups() {
                group.forget_spellings(self);
            }
        }
        self.release_bytes(self.origins.forget_spellings());
    }

    /// Says whether the process as a whole takes too much memory.
    pub(crate) fn press(&self, pressed: bool) {
        self.pressed.store(pressed, Ordering::Relaxed);
    }

    /// Counts `bytes` more, if there is room for `needed`.
    #[inline]
    pub(super) fn reserve_bytes(&self, limits: &Limits, bytes: usize, needed: usize) -> Result<(), Reason> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(needed) > limits.bytes || self.pressed.load(Ordering::Relaxed) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Reason::MemoryLimit);
        }
        Ok(())
    }

    /// Refuses what is new in a store that is full.
    #[inline]
    pub(super) fn check_room(&self, limits: &Limits) -> Result<(), Reason> {
        if self.series.load(Ordering::Relaxed) >= limits.series {
            return Err(Reason::SeriesLimit);
        }
        self.reserve_bytes(limits, 0, LEAST)
    }

    /// Whether what is kept already may grow by `bytes`. Known series are updated also when the limit is reached, but not
    /// without end: an eighth of it is theirs.
    #[inline]
    pub(super) fn may_grow(&self, limits: &Limits, bytes: usize) -> bool {
        let there = self.bytes.load(Ordering::Relaxed);
        there.saturating_add(bytes) <= limits.bytes.saturating_add(limits.bytes / 8)
            && !self.pressed.load(Ordering::Relaxed)
    }

    pub(super) fn release_bytes(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Something that is kept already has another size now.
    #[inline]
    pub(super) fn resize_bytes(&self, before: usize, after: usize) {
        if after != before {
            // wraps around where it became smaller
            self.bytes
                .fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    fn environment(&self, name: &str) -> Arc<AtomicUsize> {
        let mut environments = lock(&self.environments);
        if let Some(environment) = environments.get(name) {
            return Arc::clone(environment);
        }
        environments.retain(|_, series| Arc::strong_count(series) > 1);
        Arc::clone(environments.entry(name.to_owned()).or_default())
    }

    fn is_full(&self, limits: &Limits) -> bool {
        self.series.load(Ordering::Relaxed) >= limits.series
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
        let expiry = read(&self.rules).expiry.clone();
        let ended_before = before(expiry.gauges);
        let mut removed_in_all = 0;
        for family in self.all_families() {
            let measured_before = before(expiry.of(&family));
            for group in family.groups() {
                let removed = group.expire(self, measured_before, ended_before.max(measured_before));
                family.release_series(self, &group.origin, removed);
                removed_in_all += removed;
            }
            family.remove_empty_groups(self);
        }
        write(&self.families).remove_empty(self);
        self.release_bytes(self.origins.expire(before(expiry.longest())));
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

    /// A hash that is the same for the same bytes for as long as the store lives.
    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        self.hasher.hash(bytes)
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            series: self.series.load(Ordering::Relaxed),
            families: read(&self.families).len(),
            sources: self.origins.len(),
            bytes: self.bytes.load(Ordering::Relaxed),
            help_conflicts: self.conflicts.help.load(Ordering::Relaxed),
            unit_conflicts: self.conflicts.unit.load(Ordering::Relaxed),
        }
    }

    /// How many series, and how many bytes, there may be at most.
    pub(crate) fn room(&self) -> (usize, usize) {
        let limits = &read(&self.rules).limits;
        (limits.series, limits.bytes)
    }

    fn tick(&self, now: Instant) -> Tick {
        let since_start = now.saturating_duration_since(self.start).as_secs();
        Tick(u32::try_from(since_start).unwrap_or(u32::MAX))
    }
}
