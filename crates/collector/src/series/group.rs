//! The series of one family that come from one origin.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use hashbrown::HashTable;

use super::delta::Delta;
use super::exemplar::Exemplars;
use super::lock::lock;
use super::origin::Origin;
use super::record::Source;
use super::spelling::{Meaning, Spellings};
use super::store::{Store, Tick};
use super::value::Value;

/// A point that is older than the one that is there was overtaken, by a retry for example, and changes nothing. If it
/// is older by more than this many nanoseconds, the sender's clock was set back, and it counts. It also counts if its
/// measuring began later: its sender was restarted, under another clock.
const OVERTAKEN: u64 = 5 * 60 * 1_000_000_000;

/// A record of a group that is this long is ended, and another one begun.
const RECORD: usize = 256 * 1024;

/// The series of one family that come from one origin.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) origin: Arc<Origin>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Taken out of its family: whoever still holds it must look the group up again.
    pub(super) retired: bool,
    pub(super) series: Vec<Option<Series>>,
    /// Indices into `series` without a series.
    pub(super) free: Vec<u32>,
    /// What the bytes of a point's attributes mean.
    pub(super) spellings: Spellings,
    /// Indices into `series` by labels.
    pub(super) by_labels: HashTable<u32>,
    /// What a point of it stands in on the wire; known if some of its series are sums of deltas that are written down.
    pub(super) source: Option<Box<Source>>,
}

#[derive(Debug)]
pub(super) struct Series {
    /// Its labels beside those of its origin.
    pub(super) labels: Box<str>,
    pub(super) value: Value,
    /// Of the newest point; of deltas, from the first to the last.
    pub(super) times: Times,
    /// When it was heard of last.
    pub(super) seen: Tick,
    /// What only some series have.
    pub(super) extra: Option<Box<Extra>>,
}

#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) exemplars: Exemplars,
    /// There if it is the sum of deltas.
    pub(super) delta: Option<Delta>,
}

/// A series as it is shown.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// Its labels beside those of its origin.
    pub(crate) labels: &'a str,
    pub(crate) value: &'a Value,
    /// When measuring began, in nanoseconds after 1970; 0 if not known.
    pub(crate) created: u64,
    pub(crate) exemplars: Option<&'a Exemplars>,
}

/// When a point was measured and when that was begun, in nanoseconds after 1970, as its sender says; 0 if not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) time: u64,
}

impl Times {
    #[inline]
    pub(super) fn is_overtaken_by(self, there: Self) -> bool {
        let older = self.time != 0 && self.time < there.time && there.time - self.time < OVERTAKEN;
        older && self.start <= there.start
    }
}

impl Series {
    /// The bytes that it takes, with its place in the group's tables.
    fn bytes(&self) -> usize {
        series_bytes(self.labels.len()) + self.heap_bytes()
    }
}

impl Extra {
    pub(super) fn heap_bytes(&self) -> usize {
        let delta = self.delta.as_ref().map_or(0, Delta::heap_bytes);
        size_of::<Self>() + self.exemplars.heap_bytes() + delta + 16
    }
}

/// The bytes that a series with labels of this length takes without its value: its place in a list that grows by
/// doubling, a place in a table, the allocator's share.
pub(super) fn series_bytes(labels: usize) -> usize {
    size_of::<Option<Series>>() * 3 / 2 + 16 + labels + 16
}

impl Group {
    pub(super) fn new(origin: Arc<Origin>) -> Self {
        Self {
            origin,
            state: Mutex::default(),
        }
    }

    /// Locks the group for new points; `None` if it was retired meanwhile.
    pub(super) fn open(&self) -> Option<MutexGuard<'_, State>> {
        let state = lock(&self.state);
        (!state.retired).then_some(state)
    }

    /// Shows the series that have a value, from index `from` on, until `show` breaks. Where to go on then; `None` after
    /// the last. New points wait meanwhile, so `show` is to break after a moment's work.
    pub(crate) fn read(
        &self,
        from: usize,
        mut show: impl FnMut(&Shown<'_>) -> ControlFlow<()>,
    ) -> Option<usize> {
        let state = lock(&self.state);
        for (index, series) in state.series.iter().enumerate().skip(from) {
            let Some(series) = series
                .as_ref()
                .filter(|series| !matches!(series.value, Value::Nothing))
            else {
                continue;
            };
            let shown = Shown {
                labels: &series.labels,
                value: &series.value,
                created: series.times.start,
                exemplars: series.extra.as_ref().map(|extra| &extra.exemplars),
            };
            if show(&shown).is_break() {
                return Some(index + 1);
            }
        }
        None
    }

    /// Writes down the series that are sums of deltas, as [`Update`](super::Update) does with those that a request changes,
    /// from index `from` on, until it is a frame's worth. Where to go on then; `None` after the last. Appends nothing if
    /// there are none. New points wait meanwhile.
    pub(crate) fn record(&self, from: usize, out: &mut Vec<u8>) -> Option<usize> {
        let state = lock(&self.state);
        let source = state.source.as_ref()?;
        let (mut points, mut next) = (Vec::new(), None);
        for (index, series) in state.series.iter().enumerate().skip(from) {
            if points.len() >= RECORD {
                next = Some(index);
                break;
            }
            if let Some(series) = series {
                source.kind.write_point(&mut points, series);
            }
        }
        if !points.is_empty() {
            source.write(out, &points);
        }
        next
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
            source,
            ..
        } = &mut *state;
        let (mut removed, mut bytes) = (0, 0);
        for (index, place) in series.iter_mut().enumerate() {
            let expired = place.take_if(|series| match series.value {
                Value::Nothing => series.seen < ended_before,
                _ => series.seen < measured_before,
            });
            if let Some(expired) = expired {
                bytes += expired.bytes();
                free.push(index as u32);
                removed += 1;
            }
        }
        if removed > 0 {
            // what is filtered out is forgotten too: it is looked at anew when it comes again
            bytes += spellings.retain(|meaning| match meaning {
                Meaning::Series(index) => series[index as usize].is_some(),
                Meaning::Filtered => false,
            });
            by_labels.retain(|index| series[*index as usize].is_some());
            if by_labels.is_empty() {
                *series = Vec::new();
                *free = Vec::new();
                *source = None;
            }
            by_labels.shrink_to(0, |index| hash_at(store, series, *index));
            store.release_bytes(bytes);
        }
        removed
    }

    /// Forgets which bytes mean which series: they may mean another one from now on.
    pub(super) fn forget_spellings(&self, store: &Store) {
        let mut state = lock(&self.state);
        store.release_bytes(state.spellings.retain(|_| false));
    }

    pub(super) fn has_series(&self) -> bool {
        !lock(&self.state).by_labels.is_empty()
    }

    /// Takes the group out of use if it has no series. Whether it has none.
    pub(super) fn retire_if_empty(&self, store: &Store) -> bool {
        let mut state = lock(&self.state);
        if state.by_labels.is_empty() {
            state.retired = true;
            store.release_bytes(state.spellings.retain(|_| false));
        }
        state.retired
    }
}

/// The hash by which the series at an index is found.
pub(super) fn hash_at(store: &Store, all: &[Option<Series>], index: u32) -> u64 {
    let series = all[index as usize].as_ref();
    series.map_or(0, |series| store.hasher.hash(series.labels.as_bytes()))
}

impl super::Family {
    /// Counts series less.
    pub(super) fn release_series(&self, store: &Store, origin: &Origin, removed: usize) {
        self.series.fetch_sub(removed, Ordering::Relaxed);
        store.series.fetch_sub(removed, Ordering::Relaxed);
        origin.environment.fetch_sub(removed, Ordering::Relaxed);
    }
}
