//! Keeps answers for a short while, and lets those who ask the same thing at the same time share one answer.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use crate::self_metrics::cache_lookup;

/// Answers by question. An error is shared by those who wait for the same answer, and never kept.
pub(crate) struct Cache<K, V, E> {
    name: &'static str,
    capacity: usize,
    entries: Entries<K, V, E>,
}

/// A new answer, and for how long it may serve others. None: only those who have been waiting for it.
pub(crate) struct Fresh<V> {
    pub(crate) value: V,
    pub(crate) keep: Option<Duration>,
}

type Outcome<V, E> = Result<Arc<V>, E>;
type Flight<V, E> = Pin<Box<dyn Future<Output = Outcome<V, E>> + Send>>;
type Entries<K, V, E> = Arc<Mutex<HashMap<K, Entry<V, E>>>>;

enum Entry<V, E> {
    /// Weak: an answer that nobody waits for any more is not worked out to the end.
    Flying(WeakShared<Flight<V, E>>),
    Kept {
        value: Arc<V>,
        until: Instant,
    },
}

impl<K, V, E> Cache<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// `name` is a label of its metrics. At most `capacity` answers are known at once; the oldest goes first.
    pub(crate) fn new(name: &'static str, capacity: usize) -> Self {
        Self {
            name,
            capacity,
            entries: Arc::default(),
        }
    }

    /// The answer to `key`: kept from before, or one that is being worked out for another, or the outcome of `make`.
    pub(crate) async fn get<M>(&self, key: K, make: M) -> Outcome<V, E>
    where
        M: Future<Output = Result<Fresh<V>, E>> + Send + 'static,
    {
        let flight = {
            let mut entries = lock(&self.entries);
            match entries.get(&key) {
                Some(Entry::Kept { value, until }) if Instant::now() < *until => {
                    cache_lookup(self.name, "hit");
                    return Ok(Arc::clone(value));
                }
                Some(Entry::Flying(flight)) if let Some(flight) = flight.upgrade() => {
                    cache_lookup(self.name, "joined");
                    flight
                }
                _ => {
                    cache_lookup(self.name, "miss");
                    self.start(&mut entries, key, make)
                }
            }
        };
        flight.await
    }

    fn start<M>(&self, entries: &mut HashMap<K, Entry<V, E>>, key: K, make: M) -> Shared<Flight<V, E>>
    where
        M: Future<Output = Result<Fresh<V>, E>> + Send + 'static,
    {
        let (landing, place) = (Arc::clone(&self.entries), key.clone());
        let flight: Flight<V, E> = Box::pin(async move {
            let made = make.await;
            let mut entries = lock(&landing);
            entries.remove(&place);
            let made = made?;
            let value = Arc::new(made.value);
            if let Some(keep) = made.keep {
                let until = Instant::now() + keep;
                entries.insert(
                    place,
                    Entry::Kept {
                        value: Arc::clone(&value),
                        until,
                    },
                );
            }
            Ok(value)
        });
        let flight = flight.shared();
        make_room(entries, self.capacity);
        if let Some(weak) = flight.downgrade() {
            entries.insert(key, Entry::Flying(weak));
        }
        flight
    }
}

/// Makes room for one more. First goes what is of no use any more, then the answer that expires first.
fn make_room<K: Clone + Eq + Hash, V, E>(entries: &mut HashMap<K, Entry<V, E>>, capacity: usize)
where
    E: Clone,
{
    if entries.len() < capacity {
        return;
    }
    let now = Instant::now();
    entries.retain(|_, entry| match entry {
        Entry::Flying(flight) => flight.upgrade().is_some(),
        Entry::Kept { until, .. } => now < *until,
    });
    while entries.len() >= capacity {
        // one that is under way goes last: without its entry the next to ask the same asks the store again
        let first = entries.iter().min_by_key(|(_, entry)| match entry {
            Entry::Kept { until, .. } => (0, *until),
            Entry::Flying(_) => (1, now),
        });
        let Some(first) = first.map(|(key, _)| key.clone()) else {
            return;
        };
        entries.remove(&first);
    }
}

/// A panic elsewhere leaves the map whole: each change to it is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
