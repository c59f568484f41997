//! What a series has for a value.

use std::fmt::Write;
use std::sync::Arc;

/// A value as it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample<'a> {
    Number(f64),
    Histogram(HistogramSample<'a>),
    /// The source has stopped measuring.
    Nothing,
}

/// A histogram with explicit bounds as it comes in. Counts and bounds are numbers of eight bytes, little end first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistogramSample<'a> {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bucket_counts: &'a [u8],
    pub(crate) explicit_bounds: &'a [u8],
}

/// A value as it is kept.
#[derive(Debug)]
pub(crate) enum Value {
    /// Not exposed; the series keeps its place until it expires or is measured again.
    Nothing,
    Number(f64),
    Histogram(Box<Histogram>),
}

/// A histogram as it is kept.
#[derive(Debug)]
pub(crate) struct Histogram {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bounds: Arc<Bounds>,
    /// One per bucket, not accumulated; none if the source sends no buckets.
    pub(crate) bucket_counts: Box<[u8]>,
}

impl Histogram {
    pub(crate) fn buckets(&self) -> impl Iterator<Item = u64> {
        let (counts, _) = self.bucket_counts.as_chunks();
        counts.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

/// The bounds of a histogram, shared by all series that have the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    raw: Box<[u8]>,
    /// The label of every bucket's samples, `le="0.5"`; the last is that of infinity.
    pub(crate) labels: Box<[Box<str>]>,
}

impl Bounds {
    fn new(raw: &[u8]) -> Self {
        let (bounds, _) = raw.as_chunks();
        let finite = bounds.iter().map(|bytes| {
            let mut number = Vec::new();
            exposition::write_f64(&mut number, f64::from_le_bytes(*bytes));
            let mut label = String::from("le=\"");
            let _ = write!(label, "{}\"", String::from_utf8_lossy(&number));
            label.into_boxed_str()
        });
        Self {
            raw: raw.into(),
            labels: finite.chain([Box::from("le=\"+Inf\"")]).collect(),
        }
    }
}

impl Value {
    /// Takes a new value in. `shared` gives the bounds for bytes that differ from those that are there.
    #[inline]
    pub(super) fn set(&mut self, sample: Sample<'_>, shared: impl FnOnce(&[u8]) -> Arc<Bounds>) {
        match (self, sample) {
            (Self::Number(there), Sample::Number(number)) => *there = number,
            (Self::Histogram(there), Sample::Histogram(new))
                if *there.bounds.raw == *new.explicit_bounds
                    && there.bucket_counts.len() == new.bucket_counts.len() =>
            {
                there.count = new.count;
                there.sum = new.sum;
                there.bucket_counts.copy_from_slice(new.bucket_counts);
            }
            (this, Sample::Number(number)) => *this = Self::Number(number),
            (this, Sample::Histogram(new)) => {
                *this = Self::Histogram(Box::new(Histogram {
                    count: new.count,
                    sum: new.sum,
                    bounds: shared(new.explicit_bounds),
                    bucket_counts: new.bucket_counts.into(),
                }));
            }
            (this, Sample::Nothing) => *this = Self::Nothing,
        }
    }
}

/// Makes equal bounds one. Remembers only the last: the series of one metric normally have the same.
#[derive(Debug, Default)]
pub(super) struct SharedBounds(Option<Arc<Bounds>>);

impl SharedBounds {
    pub(super) fn get(&mut self, raw: &[u8]) -> Arc<Bounds> {
        match &self.0 {
            Some(last) if *last.raw == *raw => Arc::clone(last),
            _ => Arc::clone(self.0.insert(Arc::new(Bounds::new(raw)))),
        }
    }
}
