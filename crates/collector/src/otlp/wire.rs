//! The wire format of protobuf: a message is a run of fields, each a number, a type and a value.

#![expect(
    clippy::inline_always,
    reason = "out of line, a field is returned through memory, which costs more than reading it"
)]

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a field runs past the end of its message")]
    Truncated,
    #[error("a number is longer than 64 bits")]
    LongVarint,
    #[error("a field has an unknown type")]
    WireType,
    #[error("a field has the number 0")]
    FieldNumber,
    #[error("a field has another type than OTLP gives it")]
    Mismatch,
    #[error("a metric has data twice")]
    Twice,
}

/// A field's value, by its type on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    pub(crate) fn varint(self) -> Result<u64, Malformed> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(Malformed::Mismatch),
        }
    }

    /// The integer that a zigzag encoding stands for; of more than 32 bits, the lower ones.
    pub(crate) fn sint32(self) -> Result<i32, Malformed> {
        let bits = self.varint()? as u32;
        Ok((bits >> 1) as i32 ^ -((bits & 1) as i32))
    }

    pub(crate) fn fixed64(self) -> Result<u64, Malformed> {
        match self {
            Self::Fixed64(value) => Ok(value),
            _ => Err(Malformed::Mismatch),
        }
    }

    pub(crate) fn double(self) -> Result<f64, Malformed> {
        self.fixed64().map(f64::from_bits)
    }

    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(value) => Ok(value),
            _ => Err(Malformed::Mismatch),
        }
    }
}

/// The fields of one message, in the order in which they stand. Ends at the first error.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// How many bytes are still to be read.
    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next of packed integers, which have no tags.
    #[inline(always)]
    pub(crate) fn integer(&mut self) -> Option<Result<u64, Malformed>> {
        (!self.rest.is_empty()).then(|| self.varint())
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Malformed> {
        // almost all of them are tags and short lengths
        if let [first @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*first));
        }
        if let [first, second @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*first & 0x7f) | u64::from(*second) << 7);
        }
        self.long_varint()
    }

    #[cold]
    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for index in 0..10 {
            let byte = *self.rest.get(index).ok_or(Malformed::Truncated)?;
            if index == 9 && byte > 1 {
                return Err(Malformed::LongVarint);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Malformed::LongVarint)
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline(always)]
    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed::FieldNumber)?;
        if number == 0 {
            return Err(Malformed::FieldNumber);
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed::WireType),
        };
        Ok((number, value))
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// The messages in one repeated field of a message. Ends at the first error.
#[derive(Debug, Clone)]
pub(crate) struct Repeated<'a> {
    fields: Fields<'a>,
    number: u32,
}

impl<'a> Repeated<'a> {
    pub(crate) fn new(message: &'a [u8], number: u32) -> Self {
        Self {
            fields: Fields::new(message),
            number,
        }
    }
}

impl<'a> Iterator for Repeated<'a> {
    type Item = Result<&'a [u8], Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.fields.next()? {
                Ok((number, value)) if number == self.number => return Some(value.bytes()),
                Ok(_) => {}
                Err(malformed) => return Some(Err(malformed)),
            }
        }
    }
}

/// Appends a message or string field, for the small answers that are written by hand.
pub(crate) fn write_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    write_head(out, number, value.len());
    out.extend_from_slice(value);
}

/// Appends what stands before the bytes of a message or string field.
pub(crate) fn write_head(out: &mut Vec<u8>, number: u32, length: usize) {
    write_varint(out, u64::from(number << 3 | 2));
    write_varint(out, length as u64);
}

/// Appends an integer field.
pub(crate) fn write_integer(out: &mut Vec<u8>, number: u32, value: u64) {
    write_varint(out, u64::from(number << 3));
    write_varint(out, value);
}

/// Appends an integer alone.
pub(crate) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_type_are_read() {
        let mut message = vec![0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x15, 2, 0, 0, 0];
        write_integer(&mut message, 3, u64::MAX);
        write_bytes(&mut message, 4, b"abc");
        let fields: Vec<_> = Fields::new(&message).collect();
        assert_eq!(
            fields,
            [
                Ok((1, Value::Fixed64(1))),
                Ok((2, Value::Fixed32(2))),
                Ok((3, Value::Varint(u64::MAX))),
                Ok((4, Value::Bytes(b"abc"))),
            ]
        );
    }

    #[test]
    fn broken_bytes_are_named_and_end_the_message() {
        for (bytes, error) in [
            (&[0x0a, 5, 1][..], Malformed::Truncated),
            (&[0x09, 1, 2], Malformed::Truncated),
            (&[0x80], Malformed::Truncated),
            (&[0x0b, 0x0c], Malformed::WireType),
            (&[0x00, 0x00], Malformed::FieldNumber),
            (
                &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
                Malformed::LongVarint,
            ),
        ] {
            let fields: Vec<_> = Fields::new(bytes).collect();
            assert_eq!(fields, [Err(error)], "{bytes:?}");
        }
    }
}
