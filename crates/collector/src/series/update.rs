//! Points on their way into the series of a group.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use exposition::MetricType;

use super::delta::{Delta, Turn};
use super::exemplar::ExemplarSample;
use super::family::Family;
use super::group::{Series, State, Times, hash_at, series_bytes};
use super::lock::lock;
use super::origin::Origin;
use super::record::{Record, SourceRef};
use super::spelling::{Meaning, Spellings};
use super::store::{Limits, Store, Tick};
use super::value::{Added, Sample, Value};
use crate::rejection::Reason;

/// Spellings that are remembered, per series on average. Further ones work too, only slower.
const SPELLINGS_PER_SERIES: usize = 4;

/// What points are to the series that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are its value.
    Cumulative,
    /// They are added to its value.
    Delta,
    /// They are its value, and further ones will be added: they come from what was written down before a restart.
    Restored {
        /// What time it is, in nanoseconds after 1970: what is too old has expired meanwhile.
        now: u64,
    },
}

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is the newest of its series.
    Newest,
    /// A newer one was there already, or this very one.
    Overtaken,
    /// The configuration leaves it out.
    Filtered,
}

/// What was taken could not be written down, and is not taken after all. The sender is to try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsaved;

/// A group that is open for new points.
#[derive(Debug)]
pub(crate) struct Update<'a> {
    pub(super) state: MutexGuard<'a, State>,
    pub(super) store: &'a Store,
    pub(super) limits: &'a Limits,
    pub(super) family: &'a Family,
    pub(super) origin: &'a Origin,
    pub(super) now: Tick,
    /// Tells the steps that act on these points from those that act on other points of the same series.
    pub(super) salt: u32,
    pub(super) mode: Mode,
    /// Of restored points, the age at which they expire, in nanoseconds; `None` is never.
    pub(super) age: Option<u64>,
    pub(super) source: SourceRef<'a>,
    /// The series of the last point, if it changed.
    pub(super) changed: Option<u32>,
    /// What is to be written down; there if it is to be.
    pub(super) record: Option<Record>,
}

impl Update<'_> {
    /// Takes a point in. `spelling` are the bytes of its attributes; `labels` makes its labels of them, and is called
    /// for spellings that are new; it gives nothing for points that are to be left out.
    #[inline]
    pub(crate) fn take(
        &mut self,
        spelling: &[u8],
        times: Times,
        sample: Sample<'_>,
        labels: impl FnOnce() -> Result<Option<String>, Reason>,
    ) -> Result<Taken, Reason> {
        self.changed = None;
        let (hasher, salt) = (&self.store.hasher, self.salt);
        let known = self
            .state
            .spellings
            .find(spelling, salt, || hasher.hash(spelling));
        let index = match known {
            Some(Meaning::Series(index)) => index,
            Some(Meaning::Filtered) => return Ok(Taken::Filtered),
            None => match self.first_of_spelling(spelling, sample, labels)? {
                Some(Meaning::Series(index)) => index,
                Some(Meaning::Filtered) => return Ok(Taken::Filtered),
                None => return Ok(Taken::Newest),
            },
        };
        if self.mode == Mode::Cumulative {
            self.set(index, times, sample)
        } else {
            self.add(index, spelling, times, sample)
        }
    }

    #[inline]
    fn set(&mut self, index: u32, times: Times, sample: Sample<'_>) -> Result<Taken, Reason> {
        let Some(series) = &mut self.state.series[index as usize] else {
            // spellings of a removed series go with it
            return Ok(Taken::Newest);
        };
        series.seen = self.now;
        if times.is_overtaken_by(series.times) {
            return Ok(Taken::Overtaken);
        }
        if let Some(extra) = &mut series.extra
            && let Some(delta) = extra.delta.take()
        {
            // from now on its sender counts, and what is added up here is over
            self.store.release_bytes(delta.heap_bytes());
        }
        if let (Value::Number(there), Sample::Number(new)) = (&mut series.value, sample) {
            *there = new;
            series.times = times;
            self.changed = Some(index);
            return Ok(Taken::Newest);
        }
        let (before, needed) = (series.value.heap_bytes(), sample.heap_bytes());
        if needed > before && !self.store.may_grow(self.limits, needed - before) {
            return Err(Reason::MemoryLimit);
        }
        let family = self.family;
        series.value.set(sample, |raw| lock(&family.bounds).get(raw))?;
        self.store.resize_bytes(before, series.value.heap_bytes());
        series.times = times;
        self.changed = Some(index);
        Ok(Taken::Newest)
    }

    fn add(
        &mut self,
        index: u32,
        spelling: &[u8],
        times: Times,
        sample: Sample<'_>,
    ) -> Result<Taken, Reason> {
        let Some(series) = &mut self.state.series[index as usize] else {
            return Ok(Taken::Newest);
        };
        if let (Mode::Restored { now }, Some(age)) = (self.mode, self.age)
            && times.time != 0
            && now.saturating_sub(times.time) > age
        {
            return Ok(Taken::Overtaken);
        }
        let is_sum = series.extra.as_ref().is_some_and(|extra| extra.delta.is_some());
        let grows = if is_sum { 0 } else { spelling.len() } + sample.heap_bytes();
        let stays = is_sum && series.value.has_room_for(sample);
        if !stays && !self.store.may_grow(self.limits, grows) {
            return Err(Reason::MemoryLimit);
        }
        series.seen = self.now;
        if let Some(record) = &mut self.record {
            record.touch(index, series);
        }
        let before = series.heap_bytes();
        let Series {
            value,
            times: added,
            extra,
            ..
        } = series;
        let extra = extra.get_or_insert_default();
        if extra.delta.is_none() {
            // what was there is no sum of deltas, so nothing is added to it
            *added = Times::default();
            *value = Value::Nothing;
        }
        let delta = extra.delta.get_or_insert_with(|| Delta::new(spelling));
        let family = self.family;
        let shared = |raw: &[_]| lock(&family.bounds).get(raw);
        let taken = if matches!(self.mode, Mode::Restored { .. }) {
            *added = times;
            value.set(sample, shared).map(|()| Taken::Newest)
        } else if matches!(sample, Sample::Nothing) {
            delta.restart();
            *added = Times::default();
            *value = Value::Nothing;
            Ok(Taken::Newest)
        } else {
            match delta.take(added, times) {
                Turn::New => {
                    let done = value.add(sample, self.limits.buckets, shared);
                    if done == Ok(Added::Restarted) {
                        *added = times;
                        delta.restart();
                    }
                    done.map(|_| Taken::Newest)
                }
                Turn::Repeated => Ok(Taken::Overtaken),
                Turn::Late => Err(Reason::LateDelta),
            }
        };
        self.store.resize_bytes(before, series.heap_bytes());
        if taken == Ok(Taken::Newest) {
            self.changed = Some(index);
        }
        taken
    }

    /// Whether points are added to what is there.
    #[inline]
    pub(crate) fn is_delta(&self) -> bool {
        self.mode == Mode::Delta
    }

    #[inline]
    pub(crate) fn is_counter(&self) -> bool {
        self.family.metric_type == MetricType::Counter
    }

    /// Attaches exemplars to the series of the last point, if that was taken.
    pub(crate) fn attach<'e>(&mut self, exemplars: impl Iterator<Item = ExemplarSample<'e>>) {
        let series = self
            .changed
            .and_then(|index| self.state.series[index as usize].as_mut());
        let Some(series) = series else { return };
        if !self.store.may_grow(self.limits, 0) {
            // the value counts without its examples
            return;
        }
        let before = series.heap_bytes();
        let extra = series.extra.get_or_insert_default();
        extra.exemplars.attach(&series.value, exemplars);
        self.store.resize_bytes(before, series.heap_bytes());
    }

    /// The series that a new spelling means, made if there is none. A series that is only to end is not made.
    #[cold]
    fn first_of_spelling(
        &mut self,
        spelling: &[u8],
        sample: Sample<'_>,
        labels: impl FnOnce() -> Result<Option<String>, Reason>,
    ) -> Result<Option<Meaning>, Reason> {
        sample.check_bounds()?;
        // in a full store, making labels only to refuse them would be most of the work: where every series has a spelling
        // that is remembered, another one is taken for that of another series
        if self.state.spellings.len() >= self.state.by_labels.len() {
            self.store.check_room(self.limits)?;
        }
        let Some(labels) = labels()? else {
            self.remember(spelling, Meaning::Filtered);
            return Ok(Some(Meaning::Filtered));
        };
        if labels.len() > self.limits.label_bytes {
            return Err(Reason::LabelsTooLong);
        }
        let labels_hash = self.store.hasher.hash(labels.as_bytes());
        let state = &*self.state;
        let there = state.by_labels.find(labels_hash, |index| {
            state.series[*index as usize]
                .as_ref()
                .is_some_and(|series| *series.labels == *labels)
        });
        let index = match (there, sample) {
            (Some(index), _) => *index,
            (None, Sample::Nothing) => return Ok(None),
            (None, _) => self.create(labels, labels_hash, sample)?,
        };
        let meaning = Meaning::Series(index);
        self.remember(spelling, meaning);
        Ok(Some(meaning))
    }

    fn create(&mut self, labels: String, hash: u64, sample: Sample<'_>) -> Result<u32, Reason> {
        self.reserve_series()?;
        let bytes = series_bytes(labels.len());
        // its value comes with the first point; it is known to fit before the series is made
        if let Err(reason) = self
            .store
            .reserve_bytes(self.limits, bytes, bytes + sample.heap_bytes())
        {
            self.family.release_series(self.store, self.origin, 1);
            return Err(reason);
        }
        let state = &mut *self.state;
        let series = Some(Series {
            labels: labels.into(),
            value: Value::Nothing,
            times: Times::default(),
            seen: self.now,
            extra: None,
        });
        let index = if let Some(index) = state.free.pop() {
            state.series[index as usize] = series;
            index
        } else {
            state.series.push(series);
            (state.series.len() - 1) as u32
        };
        let (store, all) = (self.store, &state.series);
        state
            .by_labels
            .insert_unique(hash, index, |index| hash_at(store, all, *index));
        Ok(index)
    }

    /// Remembers what a spelling means, if it is a reasonable one and there is room.
    fn remember(&mut self, raw: &[u8], meaning: Meaning) {
        let state = &mut *self.state;
        // longer than its labels, a spelling has much that is no label, or the same twice
        let reasonable = raw.len() <= 2 * self.limits.label_bytes;
        let places = SPELLINGS_PER_SERIES * state.by_labels.len().max(MIN_SPELLINGS);
        if !reasonable || state.spellings.len() >= places {
            return;
        }
        let bytes = Spellings::cost(raw.len());
        if self.store.reserve_bytes(self.limits, bytes, bytes).is_ok() {
            let hash = self.store.hasher.hash(raw);
            state.spellings.insert(raw, self.salt, hash, meaning);
        }
    }

    /// Counts one series more, if the limits allow it.
    fn reserve_series(&self) -> Result<(), Reason> {
        let Self {
            limits,
            store,
            family,
            origin,
            ..
        } = self;
        let counted = [
            (&store.series, limits.series, Reason::SeriesLimit),
            (
                &family.series,
                limits.series_per_metric,
                Reason::MetricSeriesLimit,
            ),
            (
                &origin.environment,
                limits.series_per_environment,
                Reason::EnvironmentSeriesLimit,
            ),
        ];
        for (place, (count, limit, reason)) in counted.iter().enumerate() {
            if count.fetch_add(1, Ordering::Relaxed) >= *limit {
                for (count, ..) in &counted[..=place] {
                    count.fetch_sub(1, Ordering::Relaxed);
                }
                return Err(*reason);
            }
        }
        Ok(())
    }

    /// Closes the group: writes down what must not be forgotten. If that fails, nothing of it was taken.
    pub(super) fn close(mut self) -> Result<(), Unsaved> {
        if matches!(self.mode, Mode::Restored { .. }) && self.state.source.is_none() {
            self.state.source = Some(Box::new(self.source.to_owned()));
        }
        let (Some(record), Some(journal)) = (self.record.take(), self.store.journal()) else {
            return Ok(());
        };
        let state = &mut *self.state;
        let Some(frame) = record.frame(state, self.source) else {
            return Ok(());
        };
        if state.source.is_none() {
            state.source = Some(Box::new(self.source.to_owned()));
        }
        journal.append(&frame).map_err(|_| {
            record.undo(state, self.store);
            Unsaved
        })
    }
}

/// Spellings that are remembered of a group however few series it has.
const MIN_SPELLINGS: usize = 16;

impl Series {
    /// The bytes that it takes beside its place and its labels.
    pub(super) fn heap_bytes(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |extra| extra.heap_bytes());
        self.value.heap_bytes() + extra
    }
}
