//! What a series has for a value.

use std::sync::Arc;

use exposition::Bounds;

use super::exponential::Exponential;
use crate::rejection::Reason;

/// A value as it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample<'a> {
    Number(f64),
    Histogram(HistogramSample<'a>),
    Exponential(ExponentialSample<'a>),
    Summary(SummarySample<'a>),
    /// The source has stopped measuring.
    Nothing,
}

impl Sample<'_> {
    /// The bytes that it takes as a value, beside the value's own size.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Nothing | Self::Number(_) => 0,
            Self::Histogram(new) => histogram_bytes(new.bucket_counts.len()),
            Self::Exponential(new) => {
                exponential_bytes(new.positive.counts.len() + new.negative.counts.len())
            }
            Self::Summary(new) => summary_bytes(new.quantiles.len()),
        }
    }

    /// Refuses bounds that are no numbers in ascending order. Those that a series has already are known to be.
    pub(super) fn check_bounds(&self) -> Result<(), Reason> {
        let Self::Histogram(histogram) = self else {
            return Ok(());
        };
        let bounds = || {
            histogram
                .explicit_bounds
                .iter()
                .map(|bytes| f64::from_le_bytes(*bytes))
        };
        if bounds().all(f64::is_finite) && bounds().is_sorted_by(|one, next| one < next) {
            Ok(())
        } else {
            Err(Reason::InvalidHistogram)
        }
    }
}

/// A histogram with explicit bounds as it comes in. Counts and bounds are numbers of eight bytes, little end first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistogramSample<'a> {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bucket_counts: &'a [[u8; 8]],
    pub(crate) explicit_bounds: &'a [[u8; 8]],
}

/// A histogram with exponential bounds as it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExponentialSample<'a> {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) scale: i32,
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: u64,
    pub(crate) positive: BucketsSample<'a>,
    pub(crate) negative: BucketsSample<'a>,
}

/// One side of a histogram with exponential bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BucketsSample<'a> {
    /// The index of the first bucket; the one of index 0 begins above 1.
    pub(crate) offset: i32,
    pub(crate) counts: &'a [u64],
}

/// A summary as it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SummarySample<'a> {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Quantiles from 0 to 1 and their values.
    pub(crate) quantiles: &'a [(f64, f64)],
}

/// A value as it is kept.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Not exposed; the series keeps its place until it expires or is measured again.
    Nothing,
    Number(f64),
    Histogram(Box<Histogram>),
    Exponential(Box<Exponential>),
    Summary(Box<Summary>),
}

/// A histogram with explicit bounds as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bounds: Arc<Bounds>,
    /// One per bucket, not accumulated; none if the source sends no buckets.
    pub(crate) buckets: Box<[u64]>,
}

/// A summary as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) quantiles: Box<[(f64, f64)]>,
}

/// What adding a delta did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// The value is the sum of what was there and of what came.
    Continued,
    /// What came is of another shape, other bounds for example, and is all that there is: counting began anew.
    Restarted,
}

impl Value {
    /// Takes a new value in. `shared` gives the bounds for those that differ from those that are there.
    #[inline]
    pub(super) fn set(
        &mut self,
        sample: Sample<'_>,
        shared: impl FnOnce(&[[u8; 8]]) -> Arc<Bounds>,
    ) -> Result<(), Reason> {
        match (self, sample) {
            (Self::Number(there), Sample::Number(number)) => *there = number,
            (Self::Histogram(there), Sample::Histogram(new)) if there.has_shape_of(&new) => {
                there.count = new.count;
                there.sum = new.sum;
                for (bucket, bytes) in there.buckets.iter_mut().zip(new.bucket_counts) {
                    *bucket = u64::from_le_bytes(*bytes);
                }
            }
            (Self::Exponential(there), Sample::Exponential(new)) => there.set(&new),
            (this, sample) => this.replace(sample, shared)?,
        }
        Ok(())
    }

    #[cold]
    fn replace(
        &mut self,
        sample: Sample<'_>,
        shared: impl FnOnce(&[[u8; 8]]) -> Arc<Bounds>,
    ) -> Result<(), Reason> {
        sample.check_bounds()?;
        *self = match sample {
            Sample::Nothing => Self::Nothing,
            Sample::Number(number) => Self::Number(number),
            Sample::Histogram(new) => Self::Histogram(Box::new(Histogram {
                count: new.count,
                sum: new.sum,
                bounds: shared(new.explicit_bounds),
                buckets: new
                    .bucket_counts
                    .iter()
                    .map(|bytes| u64::from_le_bytes(*bytes))
                    .collect(),
            })),
            Sample::Exponential(new) => Self::Exponential(Box::new(Exponential::from(&new))),
            Sample::Summary(new) => Self::Summary(Box::new(Summary {
                count: new.count,
                sum: new.sum,
                quantiles: new.quantiles.into(),
            })),
        };
        Ok(())
    }

    /// Adds what was measured since the last time. An exponential histogram keeps at most `max_buckets` on each side, and
    /// gets coarser instead.
    #[inline]
    pub(super) fn add(
        &mut self,
        sample: Sample<'_>,
        max_buckets: usize,
        shared: impl FnOnce(&[[u8; 8]]) -> Arc<Bounds>,
    ) -> Result<Added, Reason> {
        match (self, sample) {
            (Self::Number(there), Sample::Number(number)) => *there += number,
            (Self::Histogram(there), Sample::Histogram(new)) if there.has_shape_of(&new) => {
                there.count = there.count.saturating_add(new.count);
                there.sum = there.sum.zip(new.sum).map(|(sum, more)| sum + more);
                for (bucket, bytes) in there.buckets.iter_mut().zip(new.bucket_counts) {
                    *bucket = bucket.saturating_add(u64::from_le_bytes(*bytes));
                }
            }
            (Self::Exponential(there), Sample::Exponential(new)) => there.add(&new, max_buckets),
            (this, sample) => {
                this.replace(sample, shared)?;
                return Ok(Added::Restarted);
            }
        }
        Ok(Added::Continued)
    }

    /// The bytes that it takes beside its own size.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Nothing | Self::Number(_) => 0,
            Self::Histogram(histogram) => histogram_bytes(histogram.buckets.len()),
            Self::Exponential(exponential) => exponential_bytes(exponential.buckets()),
            Self::Summary(summary) => summary_bytes(summary.quantiles.len()),
        }
    }

    /// Whether a sample can be added to it without taking more bytes.
    pub(super) fn has_room_for(&self, sample: Sample<'_>) -> bool {
        match (self, sample) {
            (Self::Exponential(there), Sample::Exponential(new)) => there.covers(&new),
            _ => sample.heap_bytes() <= self.heap_bytes(),
        }
    }
}

fn histogram_bytes(buckets: usize) -> usize {
    size_of::<Histogram>() + 8 * buckets + ALLOCATIONS
}

fn exponential_bytes(buckets: usize) -> usize {
    size_of::<Exponential>() + 8 * buckets + ALLOCATIONS
}

fn summary_bytes(quantiles: usize) -> usize {
    size_of::<Summary>() + 16 * quantiles + ALLOCATIONS
}

/// What the allocator adds to a value in two or three pieces.
const ALLOCATIONS: usize = 32;

impl Histogram {
    #[inline]
    fn has_shape_of(&self, new: &HistogramSample<'_>) -> bool {
        self.buckets.len() == new.bucket_counts.len() && are_same(&self.bounds, new.explicit_bounds)
    }
}

#[inline]
fn are_same(bounds: &Bounds, raw: &[[u8; 8]]) -> bool {
    let values = bounds.values();
    values.len() == raw.len()
        && values
            .iter()
            .zip(raw)
            .all(|(bound, bytes)| bound.to_le_bytes() == *bytes)
}

/// Makes equal bounds one. Remembers only the last: the series of one metric normally have the same.
#[derive(Debug, Default)]
pub(super) struct SharedBounds(Option<Arc<Bounds>>);

impl SharedBounds {
    pub(super) fn get(&mut self, raw: &[[u8; 8]]) -> Arc<Bounds> {
        match &self.0 {
            Some(last) if are_same(last, raw) => Arc::clone(last),
            _ => {
                let values: Box<[f64]> = raw.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
                Arc::clone(self.0.insert(Arc::new(Bounds::new(values))))
            }
        }
    }
}
