//! What stands in one message many times, kept as the bytes of the wire.

use std::borrow::Cow;

use super::Malformed;
use super::wire::{Fields, Value};

/// Fields that normally stand in one run, so that it can be borrowed; copied together where they do not.
#[derive(Debug, Default)]
pub(super) struct Run {
    start: usize,
    end: usize,
    scattered: Vec<u8>,
}

impl Run {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "out of line, it costs a third of a point")]
    pub(super) fn add(&mut self, message: &[u8], start: usize, end: usize) {
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
    pub(super) fn of(self, message: &[u8]) -> Cow<'_, [u8]> {
        if self.scattered.is_empty() {
            Cow::Borrowed(&message[self.start..self.end])
        } else {
            Cow::Owned(self.scattered)
        }
    }
}

/// From the first to the last of the fields of one number, always borrowed: others may stand between them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    #[inline]
    pub(super) fn add(&mut self, start: usize, end: usize) {
        if self.end == 0 {
            self.start = start;
        }
        self.end = end;
    }

    #[inline]
    pub(super) fn of(self, message: &[u8]) -> &[u8] {
        &message[self.start..self.end]
    }
}

/// Numbers of eight bytes each, as they stand on the wire. Bytes, because that is how they are compared and copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packed<'a>(Cow<'a, [u8]>);

impl<'a> Packed<'a> {
    /// Each number, little end first.
    pub(crate) fn chunks(&self) -> &[[u8; 8]] {
        self.0.as_chunks().0
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn integers(&self) -> impl Iterator<Item = u64> {
        self.chunks().iter().map(|bytes| u64::from_le_bytes(*bytes))
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn doubles(&self) -> impl Iterator<Item = f64> {
        self.integers().map(f64::from_bits)
    }

    /// Takes one field: a whole packed run, as everybody writes it, or a single number, as is allowed too.
    pub(super) fn add(&mut self, value: Value<'a>) -> Result<(), Malformed> {
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

/// Integers of one to ten bytes each, as they stand on the wire. Looked through once, when they are taken, so that
/// reading them cannot fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Varints<'a>(Cow<'a, [u8]>);

impl<'a> Varints<'a> {
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers there are: each has one byte that ends it.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn len(&self) -> usize {
        self.0.iter().filter(|byte| **byte < 0x80).count()
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn integers(&self) -> impl Iterator<Item = u64> {
        let mut integers = Vec::new();
        self.unpack(&mut integers);
        integers.into_iter()
    }

    /// Puts the numbers into `out`, in place of what was there.
    pub(crate) fn unpack(&self, out: &mut Vec<u64>) {
        out.clear();
        if self.0.is_ascii() {
            out.extend(self.0.iter().map(|byte| u64::from(*byte)));
            return;
        }
        out.reserve(self.0.len());
        let (mut number, mut shift) = (0, 0);
        for byte in &*self.0 {
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                out.push(number);
                (number, shift) = (0, 0);
            } else {
                // no number is longer than ten bytes: they were looked through
                shift = (shift + 7) & 63;
            }
        }
    }

    /// Takes one field: a whole packed run, as everybody writes it, or a single number, as is allowed too.
    pub(super) fn add(&mut self, value: Value<'a>) -> Result<(), Malformed> {
        match value {
            Value::Bytes(run) => {
                // small counts, as most are, are ended by every byte
                if !run.is_ascii() {
                    let mut rest = Fields::new(run);
                    while let Some(number) = rest.integer() {
                        number?;
                    }
                }
                if self.0.is_empty() {
                    self.0 = Cow::Borrowed(run);
                } else {
                    self.0.to_mut().extend_from_slice(run);
                }
                Ok(())
            }
            Value::Varint(number) => {
                super::wire::write_varint(self.0.to_mut(), number);
                Ok(())
            }
            _ => Err(Malformed::Mismatch),
        }
    }
}
