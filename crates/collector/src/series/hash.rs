//! Hashes of bytes that clients choose: seeded anew in every process, so that nobody can prepare collisions.

use rapidhash::v3::{RapidSecrets, rapidhash_v3_inline};

#[derive(Debug)]
pub(super) struct Hasher(RapidSecrets);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(RapidSecrets::random())
    }

    #[inline]
    pub(super) fn hash(&self, bytes: &[u8]) -> u64 {
        rapidhash_v3_inline::<true, false, false>(bytes, &self.0)
    }

    /// The hash of two things in a row, such that moving bytes from one to the other makes another hash.
    #[inline]
    pub(super) fn hash_pair(&self, first: &[u8], second: &[u8]) -> u64 {
        self.hash(first).rotate_left(23) ^ self.hash(second)
    }
}
