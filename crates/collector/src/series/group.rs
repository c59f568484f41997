//! The series of one family that come from one origin.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use hashbrown::HashTable;

use super::family::Family;
use super::lock::lock;
use super::origin::Origin;
use super::store::{Store, Tick};
use super::value::{Sample, Value};
use crate::rejection::Reason;

/// A point that is older than the one that is there was overtaken, by a retry for example, and changes nothing. If it
/// is older by more than this many nanoseconds, the sender's clock was set back, and it counts. It also counts if its
/// measuring began later: its sender was restarted, under another clock.
const OVERTAKEN: u64 = 5 * 60 * 1_000_000_000;

/// Spellings that are remembered, per series on average. Further ones work too, only slower.
const SPELLINGS_PER_SERIES: usize = 4;

/// The series of one family that come from one origin.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) origin: Arc<Origin>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Taken out of its family: whoever still holds it must look the group up again.
    retired: bool,
    series: Vec<Option<Series>>,
    /// Indices into `series` without a series.
    free: Vec<u32>,
    /// Indices into `series` by the bytes of a point's attributes.
    spellings: HashTable<Spelling>,
    /// Indices into `series` by labels.
    by_labels: HashTable<u32>,
}

#[derive(Debug)]
struct Spelling {
    raw: Box<[u8]>,
    hash: u64,
    index: u32,
}

#[derive(Debug)]
struct Series {
    /// Its labels beside those of its origin.
    labels: Box<str>,
    value: Value,
    /// Of the newest point.
    times: Times,
    /// When it was heard of last.
    seen: Tick,
}

/// When a point was measured and when that was begun, in nanoseconds after 1970, as its sender says; 0 if not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) time: u64,
}

impl Times {
    fn is_overtaken_by(self, there: Self) -> bool {
        let older = self.time != 0 && self.time < there.time && there.time - self.time < OVERTAKEN;
        older && self.start <= there.start
    }
}

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is the newest of its series.
    Newest,
    /// A newer one was there already.
    Overtaken,
}

impl Group {
    pub(super) fn new(origin: Arc<Origin>) -> Self {
        Self {
            origin,
            state: Mutex::default(),
        }
    }

    /// Opens the group for new points; `None` if it was retired meanwhile.
    pub(super) fn update<'a>(
        &'a self,
        store: &'a Store,
        family: &'a Family,
        now: Tick,
    ) -> Option<Update<'a>> {
        let state = lock(&self.state);
        (!state.retired).then_some(Update {
            state,
            store,
            family,
            now,
        })
    }

    /// Shows the series that have a value, from index `from` on, until `show` breaks. Where to go on then; `None` after
    /// the last. New points wait meanwhile, so `show` is to break after a moment's work.
    pub(crate) fn read(
        &self,
        from: usize,
        mut show: impl FnMut(&str, &Value) -> ControlFlow<()>,
    ) -> Option<usize> {
        let state = lock(&self.state);
        for (index, series) in state.series.iter().enumerate().skip(from) {
            if let Some(Series { labels, value, .. }) = series
                && !matches!(value, Value::Nothing)
                && show(labels, value).is_break()
            {
                return Some(index + 1);
            }
        }
        None
    }

    /// Removes the series that were last heard of before `measured_before`, or before `ended_before` if they have no
    /// value. How many.
    pub(super) fn expire(&self, store: &Store, measured_before: Tick, ended_before: Tick) -> usize {
        let mut state = lock(&self.state);
        let State {
            series,
            free,
            spellings,
            by_labels,
            ..
        } = &mut *state;
        let mut removed = 0;
        for (index, place) in series.iter_mut().enumerate() {
            let expired = place.as_ref().is_some_and(|series| match series.value {
                Value::Nothing => series.seen < ended_before,
                _ => series.seen < measured_before,
            });
            if expired {
                *place = None;
                free.push(index as u32);
                removed += 1;
            }
        }
        if removed > 0 {
            let lives = |index: u32| series[index as usize].is_some();
            spellings.retain(|spelling| lives(spelling.index));
            by_labels.retain(|index| lives(*index));
            spellings.shrink_to(0, |spelling| spelling.hash);
            if by_labels.is_empty() {
                *series = Vec::new();
                *free = Vec::new();
            }
            by_labels.shrink_to(0, |index| hash_at(store, series, *index));
        }
        removed
    }

    pub(super) fn has_series(&self) -> bool {
        !lock(&self.state).by_labels.is_empty()
    }

    /// Takes the group out of use if it has no series. Whether it has none.
    pub(super) fn retire_if_empty(&self) -> bool {
        let mut state = lock(&self.state);
        state.retired |= state.by_labels.is_empty();
        state.retired
    }
}

/// The hash by which the series at an index is found.
fn hash_at(store: &Store, all: &[Option<Series>], index: u32) -> u64 {
    let series = all[index as usize].as_ref();
    series.map_or(0, |series| store.hasher.hash(series.labels.as_bytes()))
}

/// A group that is open for new points.
#[derive(Debug)]
pub(crate) struct Update<'a> {
    state: MutexGuard<'a, State>,
    store: &'a Store,
    family: &'a Family,
    now: Tick,
}

impl Update<'_> {
    /// Takes a point in. `spelling` are the bytes of its attributes; `labels` makes its labels of them, and is called
    /// for spellings that are new.
    #[inline]
    pub(crate) fn set(
        &mut self,
        spelling: &[u8],
        times: Times,
        sample: Sample<'_>,
        labels: impl FnOnce() -> Result<String, Reason>,
    ) -> Result<Taken, Reason> {
        let hash = self.store.hasher.hash(spelling);
        let known = self.state.spellings.find(hash, |known| *known.raw == *spelling);
        let index = match known {
            Some(known) => known.index,
            None => match self.first_of_spelling(hash, spelling, sample, labels)? {
                Some(index) => index,
                None => return Ok(Taken::Newest),
            },
        };
        let Some(series) = &mut self.state.series[index as usize] else {
            // spellings of a removed series go with it
            return Ok(Taken::Newest);
        };
        series.seen = self.now;
        if times.is_overtaken_by(series.times) {
            return Ok(Taken::Overtaken);
        }
        series.times = times;
        let family = self.family;
        series.value.set(sample, |raw| lock(&family.bounds).get(raw));
        Ok(Taken::Newest)
    }

    /// The series that a new spelling means, made if there is none. A series that is only to end is not made.
    #[cold]
    fn first_of_spelling(
        &mut self,
        hash: u64,
        spelling: &[u8],
        sample: Sample<'_>,
        labels: impl FnOnce() -> Result<String, Reason>,
    ) -> Result<Option<u32>, Reason> {
        let labels = labels()?;
        if labels.len() > self.store.limits.label_bytes {
            return Err(Reason::LabelsTooLong);
        }
        let store = self.store;
        let state = &mut *self.state;
        let labels_hash = store.hasher.hash(labels.as_bytes());
        let there = state.by_labels.find(labels_hash, |index| {
            state.series[*index as usize]
                .as_ref()
                .is_some_and(|series| *series.labels == *labels)
        });
        let index = match (there, sample) {
            (Some(index), _) => *index,
            (None, Sample::Nothing) => return Ok(None),
            (None, _) => {
                self.family.reserve_series(store)?;
                let series = Some(Series {
                    labels: labels.into(),
                    value: Value::Nothing,
                    times: Times::default(),
                    seen: self.now,
                });
                let index = if let Some(index) = state.free.pop() {
                    state.series[index as usize] = series;
                    index
                } else {
                    state.series.push(series);
                    (state.series.len() - 1) as u32
                };
                let all = &state.series;
                state
                    .by_labels
                    .insert_unique(labels_hash, index, |index| hash_at(store, all, *index));
                index
            }
        };
        // longer than its labels, a spelling has much that is no label, or the same twice
        let reasonable = spelling.len() <= 2 * store.limits.label_bytes;
        if reasonable && state.spellings.len() < SPELLINGS_PER_SERIES * state.by_labels.len() {
            let raw = spelling.into();
            let spelling = Spelling { raw, hash, index };
            state.spellings.insert_unique(hash, spelling, |known| known.hash);
        }
        Ok(Some(index))
    }
}

impl Family {
    /// Counts one series more, if the limits allow it.
    fn reserve_series(&self, store: &Store) -> Result<(), Reason> {
        let limits = &store.limits;
        if store.series.fetch_add(1, Ordering::Relaxed) >= limits.series {
            store.series.fetch_sub(1, Ordering::Relaxed);
            return Err(Reason::SeriesLimit);
        }
        if self.series.fetch_add(1, Ordering::Relaxed) >= limits.series_per_metric {
            self.series.fetch_sub(1, Ordering::Relaxed);
            store.series.fetch_sub(1, Ordering::Relaxed);
            return Err(Reason::MetricSeriesLimit);
        }
        Ok(())
    }

    /// Counts series less.
    pub(super) fn release_series(&self, store: &Store, removed: usize) {
        self.series.fetch_sub(removed, Ordering::Relaxed);
        store.series.fetch_sub(removed, Ordering::Relaxed);
    }
}
