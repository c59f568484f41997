//! Walks a text by the schema and writes protobuf.

use super::error::{JsonError, Problem, Result, Step};
use super::lexer::{Brackets, Lexer};
use super::schema::{EXPORT_METRICS_SERVICE_REQUEST, Field, Kind, Message, Number, Presence};
use super::{binary, numbers};
use crate::otlp::wire::write_varint;

/// Appends the request that a text is.
pub(super) fn request(json: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut transcoder = Transcoder {
        lexer: Lexer::new(json)?,
        out,
        scratch: Vec::new(),
    };
    transcoder.message(&EXPORT_METRICS_SERVICE_REQUEST)?;
    transcoder.lexer.end()
}

struct Transcoder<'a> {
    lexer: Lexer<'a>,
    out: &'a mut Vec<u8>,
    /// Strings without their escape sequences, bytes without their text.
    scratch: Vec<u8>,
}

/// How a value is encoded on the wire, as its tag says it.
#[derive(Debug, Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
}

impl Transcoder<'_> {
    fn message(&mut self, message: &'static Message) -> Result<()> {
        // bits by the fields' places in the table
        let mut seen = 0_u32;
        let mut one_of: Option<&'static Field> = None;
        let mut hint = 0;
        let mut more = self.lexer.enter(Brackets::Object)?;
        while more {
            let name = self.lexer.name()?;
            match message.find(name.bytes(&mut self.scratch), hint) {
                None => self.lexer.skip()?,
                Some(index) => {
                    let field = &message.fields[index];
                    let value = self.member(field, seen & 1 << index != 0, &mut one_of);
                    if value.map_err(|error| error.within(Step::Field(field.name)))? {
                        seen |= 1 << index;
                    }
                    hint = index + 1;
                }
            }
            more = self.lexer.another(Brackets::Object)?;
        }
        Ok(())
    }

    /// Writes one field, if it has a value.
    #[inline]
    fn member(
        &mut self,
        field: &'static Field,
        seen: bool,
        one_of: &mut Option<&'static Field>,
    ) -> Result<bool> {
        if self.lexer.null()? {
            return Ok(false);
        }
        match (field.presence, field.kind) {
            (Presence::Repeated, Kind::Message(_) | Kind::String) => {
                self.list(|this| this.value(field, false))?;
            }
            (Presence::Repeated, _) => self.packed(field)?,
            (_, Kind::Message(_)) if seen => return Err(self.lexer.error(Problem::Twice)),
            (Presence::OneOf, _) => {
                if let Some(other) = one_of.replace(field).filter(|other| other.number != field.number) {
                    return Err(self.lexer.error(Problem::OneOf(other.name)));
                }
                self.value(field, false)?;
            }
            (Presence::Optional, _) => self.value(field, false)?,
            // a default says nothing, unless it takes something back
            (Presence::Implicit, _) => self.value(field, !seen)?,
        }
        Ok(true)
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let mut more = self.lexer.enter(Brackets::List)?;
        let mut index = 0;
        while more {
            element(self).map_err(|error| error.within(Step::Element(index)))?;
            index += 1;
            more = self.lexer.another(Brackets::List)?;
        }
        Ok(())
    }

    /// Numbers without tags between them.
    fn packed(&mut self, field: &'static Field) -> Result<()> {
        self.tag(field, WireType::Bytes);
        let start = self.reserve(1);
        self.list(|this| {
            let bits = this.bits(field.kind)?;
            this.number(wire_type(field.kind), bits);
            Ok(())
        })?;
        if self.out.len() == start + 1 {
            self.out.truncate(start - 1);
        } else {
            self.write_length(start, 1);
        }
        Ok(())
    }

    /// One value with its tag; nothing if it is the default and that is to be left out.
    #[inline]
    fn value(&mut self, field: &'static Field, leave_out: bool) -> Result<()> {
        match field.kind {
            Kind::Message(message) => {
                self.tag(field, WireType::Bytes);
                let start = self.reserve(message.length_bytes);
                self.message(message)?;
                self.write_length(start, message.length_bytes);
            }
            Kind::String => {
                let text = self.lexer.string("a string")?;
                let bytes = text.bytes(&mut self.scratch);
                if !(leave_out && bytes.is_empty()) {
                    write_bytes(self.out, field, bytes);
                }
            }
            Kind::Base64 => {
                self.binary("a string of base64", Problem::Base64, binary::write_base64)?;
                if !(leave_out && self.scratch.is_empty()) {
                    write_bytes(self.out, field, &self.scratch);
                }
            }
            Kind::Hex => {
                self.binary("a string of hexadecimal digits", Problem::Hex, binary::write_hex)?;
                if !(leave_out && self.scratch.is_empty()) {
                    write_bytes(self.out, field, &self.scratch);
                }
            }
            kind => {
                let bits = self.bits(kind)?;
                if !(leave_out && bits == 0) {
                    let wire_type = wire_type(kind);
                    self.tag(field, wire_type);
                    self.number(wire_type, bits);
                }
            }
        }
        Ok(())
    }

    /// Reads bytes into the scratch.
    fn binary(
        &mut self,
        expected: &'static str,
        problem: Problem,
        write: fn(&mut Vec<u8>, &[u8]) -> bool,
    ) -> Result<()> {
        self.lexer.peek();
        let offset = self.lexer.offset();
        let text = self.lexer.string(expected)?;
        let mut unescaped = Vec::new();
        let text = text.bytes(&mut unescaped);
        self.scratch.clear();
        if write(&mut self.scratch, text) {
            Ok(())
        } else {
            Err(JsonError::new(offset, problem))
        }
    }

    /// Reads what becomes a number on the wire, as the bits that it has there.
    #[inline]
    fn bits(&mut self, kind: Kind) -> Result<u64> {
        self.lexer.peek();
        let offset = self.lexer.offset();
        let at = |problem| JsonError::new(offset, problem);
        match kind {
            Kind::Bool => self.lexer.boolean().map(u64::from),
            Kind::Number(Number::Double) => {
                let number = self.decimal("a number")?;
                double(number).map(f64::to_bits).map_err(at)
            }
            Kind::Number(number) => integer(self.decimal("an integer")?, number).map_err(at),
            Kind::Enum(names) if self.lexer.peek() == Some(b'"') => {
                let name = self.lexer.string("a name")?.bytes(&mut self.scratch);
                let found = names.iter().find(|(known, _)| known.as_bytes() == name);
                let (_, value) = found.ok_or_else(|| at(Problem::EnumName))?;
                Ok(*value as u64)
            }
            Kind::Enum(_) => {
                let value = numbers::integer(self.lexer.number("the name or the number of an enumeration")?);
                let value = value.and_then(|value| {
                    i32::try_from(value).map_err(|_| Problem::Range("a signed number of 32 bits"))
                });
                value.map(|value| i64::from(value) as u64).map_err(at)
            }
            Kind::Message(_) | Kind::String | Kind::Base64 | Kind::Hex => unreachable!("no number"),
        }
    }

    /// A number, in quotes or not. In quotes it may still be anything.
    #[inline]
    fn decimal(&mut self, expected: &'static str) -> Result<&[u8]> {
        if self.lexer.peek() == Some(b'"') {
            let text = self.lexer.string(expected)?;
            Ok(text.bytes(&mut self.scratch))
        } else {
            self.lexer.number(expected)
        }
    }

    #[inline]
    fn tag(&mut self, field: &Field, wire_type: WireType) {
        // OTLP's numbers are below 16, so that a tag is one byte
        self.out.push(field.number << 3 | wire_type as u8);
    }

    #[inline]
    fn number(&mut self, wire_type: WireType, bits: u64) {
        match wire_type {
            WireType::Fixed64 => self.out.extend_from_slice(&bits.to_le_bytes()),
            _ => write_varint(self.out, bits),
        }
    }

    /// Makes room for a length of so many bytes. Where it begins.
    #[inline]
    fn reserve(&mut self, length_bytes: usize) -> usize {
        let start = self.out.len();
        self.out.resize(start + length_bytes, 0);
        start
    }

    /// Writes the length of what was written since room for it was made, and moves that if it was too much or too little.
    #[inline]
    fn write_length(&mut self, start: usize, reserved: usize) {
        let body = start + reserved;
        let mut length = self.out.len() - body;
        let needed = (length.max(1).ilog2() as usize) / 7 + 1;
        if needed > reserved {
            self.out.resize(start + needed + length, 0);
        }
        if needed != reserved {
            self.out.copy_within(body..body + length, start + needed);
            self.out.truncate(start + needed + length);
        }
        for byte in &mut self.out[start..start + needed] {
            *byte = length as u8 | 0x80;
            length >>= 7;
        }
        self.out[start + needed - 1] &= 0x7f;
    }
}

#[inline]
fn write_bytes(out: &mut Vec<u8>, field: &Field, bytes: &[u8]) {
    out.push(field.number << 3 | WireType::Bytes as u8);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn wire_type(kind: Kind) -> WireType {
    match kind {
        Kind::Number(Number::Double | Number::Fixed64 | Number::SignedFixed64) => WireType::Fixed64,
        Kind::Number(_) | Kind::Bool | Kind::Enum(_) => WireType::Varint,
        Kind::Message(_) | Kind::String | Kind::Base64 | Kind::Hex => WireType::Bytes,
    }
}

/// The double that a text is, one of those included that JSON has no numbers for.
fn double(text: &[u8]) -> std::result::Result<f64, Problem> {
    match text {
        b"NaN" => Ok(f64::NAN),
        b"Infinity" => Ok(f64::INFINITY),
        b"-Infinity" => Ok(f64::NEG_INFINITY),
        _ if is_number(text) => numbers::double(text),
        _ => Err(Problem::Expected("a number")),
    }
}

/// The integer that a text is, as the bits that it has on the wire.
#[inline]
fn integer(text: &[u8], number: Number) -> std::result::Result<u64, Problem> {
    if !is_number(text) {
        return Err(Problem::Expected("an integer"));
    }
    let value = numbers::integer(text)?;
    match number {
        Number::Fixed64 | Number::Unsigned64 => {
            u64::try_from(value).map_err(|_| Problem::Range("an unsigned number of 64 bits"))
        }
        Number::SignedFixed64 | Number::Integer64 => i64::try_from(value)
            .map(|value| value as u64)
            .map_err(|_| Problem::Range("a signed number of 64 bits")),
        Number::Unsigned32 => u32::try_from(value)
            .map(u64::from)
            .map_err(|_| Problem::Range("an unsigned number of 32 bits")),
        Number::ZigZag32 => i32::try_from(value)
            .map(|value| u64::from((value << 1 ^ value >> 31) as u32))
            .map_err(|_| Problem::Range("a signed number of 32 bits")),
        Number::Double => unreachable!("no integer"),
    }
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && numbers::length(text) == text.len()
}
