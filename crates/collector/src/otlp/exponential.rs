//! Histograms whose bounds are powers of one base.

use std::borrow::Cow;

use super::Malformed;
use super::exemplars::Exemplars;
use super::points::Flags;
use super::runs::{Run, Span, Varints};
use super::wire::{Fields, Value};

/// A point of an exponential histogram.
#[derive(Debug, Clone)]
pub(crate) struct ExponentialHistogramPoint<'a> {
    /// The `KeyValue` messages with their tags, as they stand on the wire.
    pub(crate) attributes: Cow<'a, [u8]>,
    /// When its measuring began, in nanoseconds after 1970, 0 if not known.
    pub(crate) start: u64,
    /// Nanoseconds after 1970, 0 if not known.
    pub(crate) time: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    /// The base is 2^(2^-scale). Any number: what can be exposed is judged elsewhere.
    pub(crate) scale: i32,
    /// How many values were too close to zero for a bucket.
    pub(crate) zero_count: u64,
    /// How close: their magnitude is at most this. 0 if not told.
    pub(crate) zero_threshold: f64,
    pub(crate) positive: Buckets<'a>,
    pub(crate) negative: Buckets<'a>,
    pub(crate) flags: Flags,
    pub(crate) exemplars: Exemplars<'a>,
}

impl<'a> ExponentialHistogramPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 1;
    const EXEMPLARS: u32 = 11;

    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Run::default();
        let mut exemplars = Span::default();
        let mut point = Self {
            attributes: Cow::Borrowed(&[]),
            start: 0,
            time: 0,
            count: 0,
            sum: None,
            scale: 0,
            zero_count: 0,
            zero_threshold: 0.0,
            positive: Buckets::default(),
            negative: Buckets::default(),
            flags: Flags::default(),
            exemplars: Exemplars::new(&[], Self::EXEMPLARS),
        };
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (2, value) => point.start = value.fixed64()?,
                (3, value) => point.time = value.fixed64()?,
                (4, value) => point.count = value.fixed64()?,
                (5, value) => point.sum = Some(value.double()?),
                (6, value) => point.scale = value.sint32()?,
                (7, value) => point.zero_count = value.fixed64()?,
                (8, value) => point.positive.add(value.bytes()?)?,
                (9, value) => point.negative.add(value.bytes()?)?,
                (10, value) => point.flags = Flags::new(value.varint()?),
                (Self::EXEMPLARS, Value::Bytes(_)) => exemplars.add(field_start, end),
                (Self::ATTRIBUTES | Self::EXEMPLARS, _) => return Err(Malformed::Mismatch),
                (14, value) => point.zero_threshold = value.double()?,
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        point.exemplars = Exemplars::new(exemplars.of(message), Self::EXEMPLARS);
        Ok(point)
    }
}

/// Neighbouring buckets of one sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Buckets<'a> {
    /// The index of the first: bucket `i` holds what is above base^i, up to base^(i+1).
    pub(crate) offset: i32,
    pub(crate) counts: Varints<'a>,
}

impl<'a> Buckets<'a> {
    /// Takes a `Buckets` message. A second one adds to the first, as protobuf says of messages that are split.
    fn add(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            match field? {
                (1, value) => self.offset = value.sint32()?,
                (2, value) => self.counts.add(value)?,
                _ => {}
            }
        }
        Ok(())
    }
}
