//! One data point.

use std::borrow::Cow;

use super::Malformed;
use super::wire::{Fields, Value};

/// The flags of a data point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u64);

impl Flags {
    /// The source has stopped measuring: there is no value, and the series is to end.
    pub(crate) fn no_recorded_value(self) -> bool {
        self.0 & 1 != 0
    }
}

/// A point of a sum or a gauge.
#[derive(Debug, Clone)]
pub(crate) struct NumberPoint<'a> {
    /// The `KeyValue` messages with their tags, as they stand on the wire.
    pub(crate) attributes: Cow<'a, [u8]>,
    /// When its measuring began, in nanoseconds after 1970, 0 if not known.
    pub(crate) start: u64,
    /// Nanoseconds after 1970, 0 if not known.
    pub(crate) time: u64,
    pub(crate) value: Option<f64>,
    pub(crate) flags: Flags,
}

impl<'a> NumberPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 7;

    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Run::default();
        let mut point = Self {
            attributes: Cow::Borrowed(&[]),
            start: 0,
            time: 0,
            value: None,
            flags: Flags::default(),
        };
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (2, value) => point.start = value.fixed64()?,
                (3, value) => point.time = value.fixed64()?,
                (4, value) => point.value = Some(value.double()?),
                (6, value) => point.value = Some(value.fixed64()? as i64 as f64),
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::ATTRIBUTES, _) => return Err(Malformed::Mismatch),
                (8, value) => point.flags = Flags(value.varint()?),
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        Ok(point)
    }
}

/// A point of a histogram with explicit bounds.
#[derive(Debug, Clone)]
pub(crate) struct HistogramPoint<'a> {
    /// The `KeyValue` messages with their tags, as they stand on the wire.
    pub(crate) attributes: Cow<'a, [u8]>,
    /// When its measuring began, in nanoseconds after 1970, 0 if not known.
    pub(crate) start: u64,
    /// Nanoseconds after 1970, 0 if not known.
    pub(crate) time: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bucket_counts: Packed<'a>,
    pub(crate) explicit_bounds: Packed<'a>,
    pub(crate) flags: Flags,
}

impl<'a> HistogramPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 9;

    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Run::default();
        let mut point = Self {
            attributes: Cow::Borrowed(&[]),
            start: 0,
            time: 0,
            count: 0,
            sum: None,
            bucket_counts: Packed::default(),
            explicit_bounds: Packed::default(),
            flags: Flags::default(),
        };
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (2, value) => point.start = value.fixed64()?,
                (3, value) => point.time = value.fixed64()?,
                (4, value) => point.count = value.fixed64()?,
                (5, value) => point.sum = Some(value.double()?),
                (6, value) => point.bucket_counts.add(value)?,
                (7, value) => point.explicit_bounds.add(value)?,
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::ATTRIBUTES, _) => return Err(Malformed::Mismatch),
                (10, value) => point.flags = Flags(value.varint()?),
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        Ok(point)
    }
}

/// Numbers of eight bytes each, as they stand on the wire. Bytes, because that is how they are compared and copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packed<'a>(Cow<'a, [u8]>);

impl<'a> Packed<'a> {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len() / 8
    }

    pub(crate) fn integers(&self) -> impl Iterator<Item = u64> {
        self.0
            .as_chunks()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(crate) fn doubles(&self) -> impl Iterator<Item = f64> {
        self.integers().map(f64::from_bits)
    }

    /// Takes one field: a whole packed run, as everybody writes it, or a single number, as is allowed too.
    fn add(&mut self, value: Value<'a>) -> Result<(), Malformed> {
        match value {
            Value::Bytes(run) if run.len().is_multiple_of(8) => {
                if self.0.is_empty() {
                    self.0 = Cow::Borrowed(run);
                } else {
                    self.0.to_mut().extend_from_slice(run);
                }
                Ok(())
            }
            Value::Bytes(_) => Err(Malformed::Truncated),
            Value::Fixed64(number) => {
                self.0.to_mut().extend_from_slice(&number.to_le_bytes());
                Ok(())
            }
            _ => Err(Malformed::Mismatch),
        }
    }
}

/// Fields that normally stand in one run, so that it can be borrowed; copied together where they do not.
#[derive(Debug, Default)]
struct Run {
    start: usize,
    end: usize,
    scattered: Vec<u8>,
}

impl Run {
    #[inline]
    fn add(&mut self, message: &[u8], start: usize, end: usize) {
        if !self.scattered.is_empty() {
            self.scattered.extend_from_slice(&message[start..end]);
        } else if self.start == self.end {
            (self.start, self.end) = (start, end);
        } else if self.end == start {
            self.end = end;
        } else {
            self.scattered.extend_from_slice(&message[self.start..self.end]);
            self.scattered.extend_from_slice(&message[start..end]);
        }
    }

    #[inline]
    fn of(self, message: &[u8]) -> Cow<'_, [u8]> {
        if self.scattered.is_empty() {
            Cow::Borrowed(&message[self.start..self.end])
        } else {
            Cow::Owned(self.scattered)
        }
    }
}
