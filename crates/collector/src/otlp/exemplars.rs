//! Single measurements that stand for the many in a point.

use std::borrow::Cow;

use super::Malformed;
use super::points::Number;
use super::runs::Run;
use super::wire::{Fields, Repeated, Value};

/// The exemplars of a point. They are bytes until somebody iterates over them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exemplars<'a> {
    /// What lies between the first and the last of them in their point.
    span: &'a [u8],
    /// Their field in the point.
    number: u32,
}

impl<'a> Exemplars<'a> {
    pub(super) fn new(span: &'a [u8], number: u32) -> Self {
        Self { span, number }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.span.is_empty()
    }

    /// Those that have a value: one without says nothing.
    pub(crate) fn iter(self) -> impl Iterator<Item = Result<Exemplar<'a>, Malformed>> + use<'a> {
        Repeated::new(self.span, self.number)
            .filter_map(|message| message.and_then(Exemplar::new).transpose())
    }
}

/// One measurement.
#[derive(Debug, Clone)]
pub(crate) struct Exemplar<'a> {
    /// Nanoseconds after 1970, 0 if not known.
    pub(crate) time: u64,
    pub(crate) value: f64,
    /// 16 bytes, or none if the measurement was made outside of a trace. What else it may be is for others to judge.
    pub(crate) trace_id: &'a [u8],
    /// 8 bytes, or none.
    pub(crate) span_id: &'a [u8],
    /// The `KeyValue` messages, with their tags, of those attributes that the point does not have.
    pub(crate) filtered_attributes: Cow<'a, [u8]>,
}

impl<'a> Exemplar<'a> {
    /// The field of the filtered attributes.
    pub(crate) const ATTRIBUTES: u32 = 7;

    fn new(message: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut attributes = Run::default();
        let (mut time, mut number) = (0, None);
        let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
        let mut fields = Fields::new(message);
        let mut field_start = 0;
        while let Some(field) = fields.next() {
            let end = message.len() - fields.remaining();
            match field? {
                (2, value) => time = value.fixed64()?,
                (3, value) => number = Some(Number::Double(value.double()?)),
                (4, value) => span_id = value.bytes()?,
                (5, value) => trace_id = value.bytes()?,
                (6, value) => number = Some(Number::Int(value.fixed64()? as i64)),
                (Self::ATTRIBUTES, Value::Bytes(_)) => attributes.add(message, field_start, end),
                (Self::ATTRIBUTES, _) => return Err(Malformed::Mismatch),
                _ => {}
            }
            field_start = end;
        }
        Ok(number.map(|number| Self {
            time,
            value: number.as_f64(),
            trace_id,
            span_id,
            filtered_attributes: attributes.of(message),
        }))
    }
}
