//! Which bytes mean which series.

use hashbrown::HashTable;

/// The spellings of a group's series: the bytes that points had for attributes, and the series that each means.
///
/// Senders repeat the points of a metric in the same order, so the next point is looked for behind the last one first.
/// Then it costs a comparison of bytes that stand next to each other; only a point out of its order is hashed.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    /// In the order in which they came.
    all: Vec<Spelling>,
    /// Their bytes, one after the other.
    bytes: Vec<u8>,
    /// Indices into `all`.
    by_hash: HashTable<u32>,
    /// Where the next point is looked for.
    next: usize,
}

#[derive(Debug, Clone, Copy)]
struct Spelling {
    hash: u64,
    /// Where its bytes begin, and how many there are.
    start: u32,
    length: u32,
    meaning: Meaning,
    salt: u32,
}

/// What points of a spelling mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The series of this index.
    Series(u32),
    /// The configuration leaves them out.
    Filtered,
}

impl Spellings {
    /// What a spelling means. The same bytes can mean different series under another `salt`.
    #[inline]
    pub(super) fn find(&mut self, raw: &[u8], salt: u32, hash: impl FnOnce() -> u64) -> Option<Meaning> {
        // behind the last comes the first
        let at = if self.next < self.all.len() { self.next } else { 0 };
        if let Some(next) = self.all.get(at)
            && next.salt == salt
            && self.bytes_of(next) == raw
        {
            let meaning = next.meaning;
            self.next = at + 1;
            return Some(meaning);
        }
        self.look_up(raw, salt, hash())
    }

    fn look_up(&mut self, raw: &[u8], salt: u32, hash: u64) -> Option<Meaning> {
        let found = self.by_hash.find(hash, |index| {
            let spelling = &self.all[*index as usize];
            spelling.hash == hash && spelling.salt == salt && self.bytes_of(spelling) == raw
        })?;
        self.next = *found as usize + 1;
        Some(self.all[*found as usize].meaning)
    }

    /// Remembers a spelling that is not there yet.
    pub(super) fn insert(&mut self, raw: &[u8], salt: u32, hash: u64, meaning: Meaning) {
        let (Ok(index), Ok(start)) = (u32::try_from(self.all.len()), u32::try_from(self.bytes.len())) else {
            return;
        };
        let Ok(length) = u32::try_from(raw.len()) else {
            return;
        };
        // growing by a quarter, not to the double: there are many groups, and their slack adds up
        let missing = (self.bytes.len() + raw.len()).saturating_sub(self.bytes.capacity());
        if missing > 0 {
            self.bytes.reserve_exact(missing + self.bytes.len() / 4);
        }
        if self.all.len() == self.all.capacity() {
            self.all.reserve_exact(1 + self.all.len() / 4);
        }
        self.bytes.extend_from_slice(raw);
        self.all.push(Spelling {
            hash,
            start,
            length,
            meaning,
            salt,
        });
        self.next = self.all.len();
        let all = &self.all;
        self.by_hash
            .insert_unique(hash, index, |index| all[*index as usize].hash);
    }

    /// Forgets the spellings whose meaning is over. How many bytes that sets free.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(Meaning) -> bool) -> usize {
        let old = std::mem::take(self);
        let mut freed = 0;
        for spelling in &old.all {
            let raw = old.bytes_of(spelling);
            if stays(spelling.meaning) {
                self.insert(raw, spelling.salt, spelling.hash, spelling.meaning);
            } else {
                freed += Self::cost(raw.len());
            }
        }
        self.next = 0;
        freed
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The bytes that a spelling of this length takes.
    pub(super) fn cost(raw: usize) -> usize {
        // an eighth more is slack, on average; a place in a table that is two thirds full
        (raw + size_of::<Spelling>()) * 9 / 8 + 8
    }

    #[inline]
    fn bytes_of(&self, spelling: &Spelling) -> &[u8] {
        &self.bytes[spelling.start as usize..][..spelling.length as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bad hash, so that there are collisions.
    fn find(spellings: &mut Spellings, raw: &str, salt: u32) -> Option<Meaning> {
        spellings.find(raw.as_bytes(), salt, || raw.len() as u64)
    }

    #[test]
    fn spellings_are_found_in_any_order() {
        let mut spellings = Spellings::default();
        let texts = ["a", "b", "", "cc", "dd", "a long one"];
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(find(&mut spellings, text, 0), None);
            spellings.insert(
                text.as_bytes(),
                0,
                text.len() as u64,
                Meaning::Series(index as u32),
            );
        }
        for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 2, 0, 5, 5, 1]] {
            for index in order {
                assert_eq!(
                    find(&mut spellings, texts[index], 0),
                    Some(Meaning::Series(index as u32))
                );
            }
        }
        // the same bytes under another salt are another spelling
        assert_eq!(find(&mut spellings, "b", 7), None);
        spellings.insert(b"b", 7, 1, Meaning::Filtered);
        assert_eq!(find(&mut spellings, "b", 7), Some(Meaning::Filtered));
        assert_eq!(find(&mut spellings, "b", 0), Some(Meaning::Series(1)));
    }

    #[test]
    fn what_is_over_is_forgotten_and_the_rest_stays() {
        let mut spellings = Spellings::default();
        for index in 0..100_u32 {
            let text = index.to_string();
            spellings.insert(text.as_bytes(), 0, text.len() as u64, Meaning::Series(index));
        }
        let freed = spellings.retain(|meaning| matches!(meaning, Meaning::Series(index) if index % 2 == 0));
        assert_eq!(freed, 5 * Spellings::cost(1) + 45 * Spellings::cost(2));
        assert_eq!(spellings.len(), 50);
        for index in 0..100_u32 {
            let expected = (index % 2 == 0).then_some(Meaning::Series(index));
            assert_eq!(find(&mut spellings, &index.to_string(), 0), expected);
        }
    }
}
