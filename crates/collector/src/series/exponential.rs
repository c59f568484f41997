//! Histograms with exponential bounds, and how two of them become one.
//!
//! At scale `s` the bucket of index `i` holds what is above `base^i` and at most `base^(i + 1)`, where `base` is
//! `2^(2^-s)`. One scale down, two neighbours are one bucket: index `i` becomes `i >> 1`.

use super::value::{BucketsSample, ExponentialSample};

/// A histogram with exponential bounds as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exponential {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) scale: i32,
    /// Values of at most this magnitude are counted in `zero_count`.
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: u64,
    pub(crate) positive: Buckets,
    pub(crate) negative: Buckets,
}

/// One side of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Buckets {
    pub(crate) offset: i32,
    pub(crate) counts: Vec<u64>,
}

impl From<&ExponentialSample<'_>> for Exponential {
    fn from(sample: &ExponentialSample<'_>) -> Self {
        Self {
            count: sample.count,
            sum: sample.sum,
            scale: sample.scale,
            zero_threshold: sample.zero_threshold,
            zero_count: sample.zero_count,
            positive: Buckets::from(sample.positive),
            negative: Buckets::from(sample.negative),
        }
    }
}

impl Exponential {
    /// How many buckets it has on both sides.
    pub(super) fn buckets(&self) -> usize {
        self.positive.counts.capacity() + self.negative.counts.capacity()
    }

    /// Whether there is a bucket for all that another one has counted.
    pub(super) fn covers(&self, new: &ExponentialSample<'_>) -> bool {
        let down = shift(new.scale, self.scale);
        let covers = |there: &Buckets, new: BucketsSample<'_>| {
            let new = range(new.offset, new.counts, down);
            new.is_none_or(|(low, high)| {
                range(there.offset, &there.counts, 0)
                    .is_some_and(|(first, last)| first <= low && high <= last)
            })
        };
        covers(&self.positive, new.positive) && covers(&self.negative, new.negative)
    }

    pub(super) fn set(&mut self, new: &ExponentialSample<'_>) {
        self.count = new.count;
        self.sum = new.sum;
        self.scale = new.scale;
        self.zero_threshold = new.zero_threshold;
        self.zero_count = new.zero_count;
        self.positive.set(new.positive);
        self.negative.set(new.negative);
    }

    /// Adds what another one has counted. The result has the coarser scale and the wider zero bucket of both, and at most
    /// `max_buckets` on each side.
    pub(super) fn add(&mut self, new: &ExponentialSample<'_>, max_buckets: usize) {
        self.count = self.count.saturating_add(new.count);
        self.sum += new.sum;
        self.zero_count = self.zero_count.saturating_add(new.zero_count);
        self.merge(new.scale, new.positive, new.negative, max_buckets);
        // coarser buckets, and those of the narrower zero bucket, may reach below the wider one
        self.zero_threshold = self.zero_threshold.max(new.zero_threshold);
        while self.zero_threshold > 0.0 && self.widen_zero() {}
    }

    fn merge(
        &mut self,
        scale: i32,
        positive: BucketsSample<'_>,
        negative: BucketsSample<'_>,
        max_buckets: usize,
    ) {
        let mut common = self.scale.min(scale);
        while !fits(&self.positive, self.scale, positive, scale, common, max_buckets)
            || !fits(&self.negative, self.scale, negative, scale, common, max_buckets)
        {
            common -= 1;
        }
        let (down, other_down) = (shift(self.scale, common), shift(scale, common));
        self.positive.downscale(down);
        self.negative.downscale(down);
        self.scale = common;
        self.positive.add(positive, other_down);
        self.negative.add(negative, other_down);
    }

    /// Moves buckets that reach below the zero bucket's threshold there, and the threshold up to where they end. Whether it
    /// moved: then buckets of the other side may reach below it.
    fn widen_zero(&mut self) -> bool {
        let before = self.zero_threshold;
        for side in [&mut self.positive, &mut self.negative] {
            let mut moved = 0;
            for (index, count) in (i64::from(side.offset)..).zip(&side.counts) {
                if bound(index, self.scale) >= self.zero_threshold {
                    break;
                }
                if *count > 0 {
                    self.zero_threshold = self.zero_threshold.max(bound(index + 1, self.scale));
                    self.zero_count = self.zero_count.saturating_add(*count);
                }
                moved += 1;
            }
            if moved > 0 {
                side.counts.drain(..moved);
                side.offset = side.offset.saturating_add(moved as i32);
            }
        }
        self.zero_threshold > before
    }
}

/// The lower bound of the bucket of an index.
fn bound(index: i64, scale: i32) -> f64 {
    (index as f64 * f64::from(-scale).exp2()).exp2()
}

/// By how many bits an index moves from one scale to a coarser one.
fn shift(from: i32, to: i32) -> u32 {
    from.saturating_sub(to).max(0).cast_unsigned().min(31)
}

/// Whether two sides have room in `max_buckets` when they are brought to the scale `common`.
fn fits(
    there: &Buckets,
    there_scale: i32,
    new: BucketsSample<'_>,
    new_scale: i32,
    common: i32,
    max_buckets: usize,
) -> bool {
    let there = range(there.offset, &there.counts, shift(there_scale, common));
    let new = range(new.offset, new.counts, shift(new_scale, common));
    let (low, high) = match (there, new) {
        (Some(one), Some(other)) => (one.0.min(other.0), one.1.max(other.1)),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return true,
    };
    // at the coarsest scale there is nothing left to give up
    high - low < max_buckets as i64 || common <= MIN_SCALE
}

/// Coarser histograms than this cannot be told to Prometheus. All doubles fit into 135 buckets then.
pub(crate) const MIN_SCALE: i32 = -4;

/// The first and the last index, `down` scales coarser.
fn range(offset: i32, counts: &[u64], down: u32) -> Option<(i64, i64)> {
    let last = i64::from(offset) + counts.len() as i64 - 1;
    (!counts.is_empty()).then(|| (i64::from(offset) >> down, last >> down))
}

impl From<BucketsSample<'_>> for Buckets {
    fn from(sample: BucketsSample<'_>) -> Self {
        Self {
            offset: sample.offset,
            counts: sample.counts.into(),
        }
    }
}

impl Buckets {
    #[inline]
    fn set(&mut self, new: BucketsSample<'_>) {
        self.offset = new.offset;
        if self.counts.len() == new.counts.len() {
            self.counts.copy_from_slice(new.counts);
        } else {
            self.counts.clear();
            self.counts.extend_from_slice(new.counts);
        }
    }

    fn downscale(&mut self, down: u32) {
        if down == 0 || self.counts.is_empty() {
            return;
        }
        let first = self.offset >> down;
        let mut filled = 0_usize;
        for index in 0..self.counts.len() {
            let place = (((i64::from(self.offset) + index as i64) >> down) - i64::from(first)) as usize;
            let count = std::mem::take(&mut self.counts[index]);
            self.counts[place] = self.counts[place].saturating_add(count);
            filled = place + 1;
        }
        self.counts.truncate(filled);
        self.offset = first;
    }

    /// Adds the counts of another side, brought `down` scales down.
    fn add(&mut self, new: BucketsSample<'_>, down: u32) {
        let Some((low, high)) = range(new.offset, new.counts, down) else {
            return;
        };
        let there = range(self.offset, &self.counts, 0);
        let (first, last) = there.map_or((low, high), |(first, last)| (first.min(low), last.max(high)));
        if there.is_none_or(|there| there != (first, last)) {
            let before = there.map_or(0, |(there, _)| (there - first) as usize);
            self.counts.splice(..0, std::iter::repeat_n(0, before));
            self.counts.resize((last - first + 1) as usize, 0);
            self.offset = first as i32;
        }
        for (index, count) in (i64::from(new.offset)..).zip(new.counts) {
            let bucket = &mut self.counts[((index >> down) - first) as usize];
            *bucket = bucket.saturating_add(*count);
        }
    }
}

#[cfg(test)]
mod tests;
