//! What one series shows at one moment, as the encoder takes it.

use crate::number::{write_canonical, write_f64};

/// A measurement that stands for many: with the trace that it was made in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar<'a> {
    /// Its labels, rendered. At most 128 characters of names and values together, says `OpenMetrics`.
    pub labels: &'a str,
    /// What was measured.
    pub value: f64,
    /// Nanoseconds since 1970; 0 if not known.
    pub time: u64,
}

/// A distribution over buckets with explicit bounds.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a> {
    /// Of all measurements. What is shown is the sum of the buckets, where there are any.
    pub count: u64,
    /// Of all measurements, where it is known.
    pub sum: Option<f64>,
    /// The bounds of the buckets.
    pub bounds: &'a Bounds,
    /// One per bound, and one above them, not accumulated; may be empty.
    pub buckets: &'a [u64],
    /// When counting began: nanoseconds since 1970; 0 if not known.
    pub created: u64,
    /// One place per bucket, or empty.
    pub exemplars: &'a [Option<Exemplar<'a>>],
}

/// A distribution over buckets whose bounds are powers of one base, `2^(2^-scale)`.
#[derive(Debug, Clone, Copy)]
pub struct Exponential<'a> {
    /// Of all measurements.
    pub count: u64,
    /// Of all measurements, where it is known.
    pub sum: Option<f64>,
    /// The higher, the finer. From -4; above 8, pairs of buckets are merged until it is 8.
    pub scale: i32,
    /// Measurements of at most this magnitude are counted as zeros; 0 if not known.
    pub zero_threshold: f64,
    /// Measurements that count as zero.
    pub zero_count: u64,
    /// The buckets above zero.
    pub positive: Buckets<'a>,
    /// The buckets below zero, by magnitude.
    pub negative: Buckets<'a>,
    /// When counting began: nanoseconds since 1970; 0 if not known.
    pub created: u64,
    /// Any number.
    pub exemplars: &'a [Exemplar<'a>],
    /// The bounds over which it is shown in formats that know no exponential buckets.
    pub classic: Option<&'a Bounds>,
}

/// Buckets in a row. The one at `index` counts what is greater than `base^index` and at most `base^(index + 1)`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Buckets<'a> {
    /// The index of the first.
    pub offset: i32,
    /// Not accumulated.
    pub counts: &'a [u64],
}

/// A distribution as quantiles.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// Of all measurements.
    pub count: u64,
    /// Of all measurements.
    pub sum: f64,
    /// Quantiles, from 0 to 1, and their values.
    pub quantiles: &'a [(f64, f64)],
    /// When counting began: nanoseconds since 1970; 0 if not known.
    pub created: u64,
}

/// The bounds of a histogram's buckets, and the labels of their samples. Meant to be shared by all series that have the
/// same.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    values: Box<[f64]>,
    labels: Box<[Label]>,
}

/// The label of a bucket's samples.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    /// `le="1"`
    plain: Box<str>,
    /// `le="1.0"`, where it differs.
    canonical: Option<Box<str>>,
}

impl Bounds {
    /// Bounds from their values, which rise. The bucket above the last one is not among them; where there is one of
    /// infinity all the same, it is taken for that.
    pub fn new(values: impl Into<Box<[f64]>>) -> Self {
        let values = values.into();
        let finite = values.iter().take_while(|value| value.is_finite());
        let labels = finite.map(|value| Label::new(*value)).collect();
        Self { values, labels }
    }

    /// The values that they were made from.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The labels of the samples of all buckets, `le="0.5"`; the last is that of infinity.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let finite = self.labels.iter().map(|label| &*label.plain);
        finite.chain([INFINITY])
    }

    /// The labels of all buckets but infinity's, `le="1.0"`.
    pub(crate) fn canonical_labels(&self) -> impl Iterator<Item = &str> {
        self.labels
            .iter()
            .map(|label| label.canonical.as_deref().unwrap_or(&label.plain))
    }

    /// The labels of all buckets but infinity's, `le="1"`.
    pub(crate) fn plain_labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|label| &*label.plain)
    }

    /// The bounds of all buckets but infinity's.
    pub(crate) fn finite(&self) -> &[f64] {
        &self.values[..self.labels.len()]
    }
}

/// The label of the bucket that counts everything.
pub(crate) const INFINITY: &str = "le=\"+Inf\"";

impl Label {
    fn new(value: f64) -> Self {
        let written = |write: fn(&mut Vec<u8>, f64)| {
            let mut text = b"le=\"".to_vec();
            write(&mut text, value);
            text.push(b'"');
            String::from_utf8_lossy(&text).into_owned().into_boxed_str()
        };
        let plain = written(write_f64);
        let canonical = Some(written(write_canonical)).filter(|canonical| *canonical != plain);
        Self { plain, canonical }
    }
}
