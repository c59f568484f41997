//! Summaries, whose quantiles were computed by the sender.

use std::borrow::Cow;

use super::Malformed;
use super::points::Flags;
use super::runs::{Run, Span};
use super::wire::{Fields, Repeated, Value};

/// A point of a summary.
#[derive(Debug, Clone)]
pub(crate) struct SummaryPoint<'a> {
    /// The `KeyValue` messages with their tags, as they stand on the wire.
    pub(crate) attributes: Cow<'a, [u8]>,
    /// When its measuring began, in nanoseconds after 1970, 0 if not known.
    pub(crate) start: u64,
    /// Nanoseconds after 1970, 0 if not known.
    pub(crate) time: u64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) flags: Flags,
    /// What lies between the first and the last quantile.
    quantiles: &'a [u8],
}

impl<'a> SummaryPoint<'a> {
    /// The field of the attributes.
    pub(crate) const ATTRIBUTES: u32 = 7;
    const QUANTILES: u32 = 6;

    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Run::default();
        let mut quantiles = Span::default();
        let mut point = Self {
            attributes: Cow::Borrowed(&[]),
            start: 0,
            time: 0,
            count: 0,
            sum: 0.0,
            flags: Flags::default(),
            quantiles: &[],
        };
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (2, value) => point.start = value.fixed64()?,
                (3, value) => point.time = value.fixed64()?,
                (4, value) => point.count = value.fixed64()?,
                (5, value) => point.sum = value.double()?,
                (Self::QUANTILES, Value::Bytes(_)) => quantiles.add(field_start, end),
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::QUANTILES | Self::ATTRIBUTES, _) => return Err(Malformed::Mismatch),
                (8, value) => point.flags = Flags::new(value.varint()?),
                _ => {}
            }
            field_start = end;
        }
        point.attributes = attributes.of(message);
        point.quantiles = quantiles.of(message);
        Ok(point)
    }

    /// Each quantile, 0 to 1 if it makes sense, and its value.
    pub(crate) fn quantiles(&self) -> impl Iterator<Item = Result<(f64, f64), Malformed>> + use<'a> {
        Repeated::new(self.quantiles, Self::QUANTILES).map(|message| {
            let (mut quantile, mut at) = (0.0, 0.0);
            for field in Fields::new(message?) {
                match field? {
                    (1, value) => quantile = value.double()?,
                    (2, value) => at = value.double()?,
                    _ => {}
                }
            }
            Ok((quantile, at))
        })
    }
}
