use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Answers kept for a while, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    ttl: Duration,
    capacity: usize,
    entries: HashMap<String, (Instant, V)>,
}

impl<V: Clone> Cache<V> {
    pub(crate) fn new(ttl: Duration, capacity: usize) -> Self {
        Self {
            ttl,
            capacity,
            entries: HashMap::new(),
        }
    }

    pub(crate) fn get(&self, key: &str, now: Instant) -> Option<V> {
        self.entries
            .get(key)
            .filter(|(expires, _)| now < *expires)
            .map(|(_, value)| value.clone())
    }

    /// Keeps `value`. A full cache first forgets what has expired, and then what would expire next.
    pub(crate) fn put(&mut self, key: String, value: V, now: Instant) {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.entries.retain(|_, (expires, _)| now < *expires);
        }
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            let next = self
                .entries
                .iter()
                .min_by_key(|(_, (expires, _))| *expires)
                .map(|(key, _)| key.clone());
            next.map(|key| self.entries.remove(&key));
        }
        self.entries.insert(key, (now + self.ttl, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_after_its_time_and_stays_within_its_capacity() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut cache = Cache::new(10 * second, 2);
        cache.put("tea".to_owned(), 1, now);
        cache.put("cocoa".to_owned(), 2, now + second);
        assert_eq!(cache.get("tea", now + 9 * second), Some(1));
        assert_eq!(cache.get("tea", now + 10 * second), None);

        cache.put("tea".to_owned(), 3, now + 2 * second);
        cache.put("coffee".to_owned(), 4, now + 3 * second);
        let kept = |key| cache.get(key, now + 4 * second);
        assert_eq!(
            (kept("tea"), kept("cocoa"), kept("coffee")),
            (Some(3), None, Some(4))
        );
        assert_eq!(cache.entries.len(), 2);
    }
}
