//! A data point of a sum, a gauge or a histogram with explicit bounds.

use std::borrow::Cow;

use super::Malformed;
use super::exemplars::Exemplars;
use super::runs::{Packed, Run, Span};
use super::wire::{Fields, Value};

/// The flags of a data point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u64);

impl Flags {
    pub(super) fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The source has stopped measuring: there is no value, and the series is to end.
    pub(crate) fn no_recorded_value(self) -> bool {
        self.0 & 1 != 0
    }
}

/// A value, as its sender counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Double(f64),
    Int(i64),
}

impl Number {
    /// As Prometheus has it. Integers above 2^53 lose their last digits.
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Double(value) => value,
            Self::Int(value) => value as f64,
        }
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
    pub(crate) value: Option<Number>,
    pub(crate) flags: Flags,
    pub(crate) exemplars: Exemplars<'a>,
}

impl<'a> NumberPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 7;
    const EXEMPLARS: u32 = 5;

    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Run::default();
        let mut exemplars = Span::default();
        let mut point = Self {
            attributes: Cow::Borrowed(&[]),
            start: 0,
            time: 0,
            value: None,
            flags: Flags::default(),
            exemplars: Exemplars::new(&[], Self::EXEMPLARS),
        };
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (2, value) => point.start = value.fixed64()?,
                (3, value) => point.time = value.fixed64()?,
                (4, value) => point.value = Some(Number::Double(value.double()?)),
                (Self::EXEMPLARS, Value::Bytes(_)) => exemplars.add(field_start, end),
                (6, value) => point.value = Some(Number::Int(value.fixed64()? as i64)),
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::ATTRIBUTES | Self::EXEMPLARS, _) => return Err(Malformed::Mismatch),
                (8, value) => point.flags = Flags::new(value.varint()?),
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        point.exemplars = Exemplars::new(exemplars.of(message), Self::EXEMPLARS);
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
    pub(crate) exemplars: Exemplars<'a>,
}

impl<'a> HistogramPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 9;
    const EXEMPLARS: u32 = 8;

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
            bucket_counts: Packed::default(),
            explicit_bounds: Packed::default(),
            flags: Flags::default(),
            exemplars: Exemplars::new(&[], Self::EXEMPLARS),
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
                (Self::EXEMPLARS, Value::Bytes(_)) => exemplars.add(field_start, end),
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::ATTRIBUTES | Self::EXEMPLARS, _) => return Err(Malformed::Mismatch),
                (10, value) => point.flags = Flags::new(value.varint()?),
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        point.exemplars = Exemplars::new(exemplars.of(message), Self::EXEMPLARS);
        Ok(point)
    }
}
