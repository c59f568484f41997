//! Attributes, and the text that an attribute's value becomes where only text can be.

use std::fmt::Write;

use super::wire::{Fields, Value};
use super::{Malformed, wire};

/// Lists and maps may be nested this deep. Deeper ones are no attributes but an attack on the stack.
const MAX_DEPTH: usize = 16;

/// Why attributes have no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AttributeError {
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("a string is not UTF-8")]
    Utf8,
    #[error("a value is nested too deep")]
    TooDeep,
}

/// The keys and values in the field `number` of a message, values as text.
///
/// The text is that of OpenTelemetry's "`AnyValue` representation for non-OTLP protocols": strings as they are, numbers
/// and booleans as in JSON, bytes in base64, lists and maps as JSON.
pub(crate) fn attributes(
    message: &[u8],
    number: u32,
) -> impl Iterator<Item = Result<(&str, String), AttributeError>> {
    wire::Repeated::new(message, number).map(|key_value| {
        let (key, value) = key_and_value(key_value?)?;
        let mut text = String::new();
        write_text(&mut text, value)?;
        Ok((key, text))
    })
}

/// The text of the last attribute `key` in the field `number` of a message, if it is a string.
pub(super) fn last_text<'a>(
    message: &'a [u8],
    number: u32,
    key: &str,
) -> Result<Option<&'a str>, AttributeError> {
    let mut text = None;
    for key_value in wire::Repeated::new(message, number) {
        let (found, value) = key_and_value(key_value?)?;
        if found == key {
            text = match held(value)? {
                Held::String(value) => Some(value),
                _ => None,
            };
        }
    }
    Ok(text)
}

/// The name and the version of an `InstrumentationScope`.
pub(crate) fn scope_name_and_version(message: &[u8]) -> Result<(&str, &str), AttributeError> {
    let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(message) {
        match field? {
            (1, value) => name = value.bytes()?,
            (2, value) => version = value.bytes()?,
            _ => {}
        }
    }
    Ok((utf8(name)?, utf8(version)?))
}

fn key_and_value(message: &[u8]) -> Result<(&str, &[u8]), AttributeError> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(message) {
        match field? {
            (1, field) => key = field.bytes()?,
            (2, field) => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((utf8(key)?, value))
}

/// The value that an `AnyValue` message holds.
enum Held<'a> {
    Nothing,
    String(&'a str),
    Bool(bool),
    Integer(i64),
    Double(f64),
    List(&'a [u8]),
    Map(&'a [u8]),
    Bytes(&'a [u8]),
}

fn held(message: &[u8]) -> Result<Held<'_>, AttributeError> {
    let mut held = Held::Nothing;
    for field in Fields::new(message) {
        held = match field? {
            (1, value) => Held::String(utf8(value.bytes()?)?),
            (2, value) => Held::Bool(value.varint()? != 0),
            (3, value) => Held::Integer(value.varint()? as i64),
            (4, Value::Fixed64(bits)) => Held::Double(f64::from_bits(bits)),
            (5, value) => Held::List(value.bytes()?),
            (6, value) => Held::Map(value.bytes()?),
            (7, value) => Held::Bytes(value.bytes()?),
            _ => held,
        };
    }
    Ok(held)
}

/// A value that stands for itself: strings and special numbers without quotes.
fn write_text(out: &mut String, message: &[u8]) -> Result<(), AttributeError> {
    match held(message)? {
        Held::Nothing => {}
        Held::String(text) => out.push_str(text),
        Held::Bytes(bytes) => write_base64(out, bytes),
        Held::Double(value) if !value.is_finite() => out.push_str(special(value)),
        _ => write_json(out, message, 0)?,
    }
    Ok(())
}

/// A value inside a list or a map.
fn write_json(out: &mut String, message: &[u8], depth: usize) -> Result<(), AttributeError> {
    if depth > MAX_DEPTH {
        return Err(AttributeError::TooDeep);
    }
    match held(message)? {
        Held::Nothing => out.push_str("null"),
        Held::String(text) => write_json_string(out, text),
        Held::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Held::Integer(value) => out.push_str(&value.to_string()),
        Held::Double(value) if !value.is_finite() => write_json_string(out, special(value)),
        Held::Double(value) => {
            let mut text = Vec::new();
            exposition::write_f64(&mut text, value);
            out.extend(text.into_iter().map(char::from));
        }
        Held::Bytes(bytes) => {
            out.push('"');
            write_base64(out, bytes);
            out.push('"');
        }
        Held::List(list) => {
            out.push('[');
            for (index, value) in wire::Repeated::new(list, 1).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, value?, depth + 1)?;
            }
            out.push(']');
        }
        Held::Map(map) => {
            out.push('{');
            for (index, key_value) in wire::Repeated::new(map, 1).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let (key, value) = key_and_value(key_value?)?;
                write_json_string(out, key);
                out.push(':');
                write_json(out, value, depth + 1)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn special(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => write_escape(out, control),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_escape(out: &mut String, control: char) {
    // a string takes every write
    let _ = write!(out, "\\u{:04x}", u32::from(control));
}

/// Base64 with padding (RFC 4648, section 4).
fn write_base64(out: &mut String, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for position in 0..4 {
            out.push(if position <= chunk.len() {
                char::from(ALPHABET[(bits >> (18 - 6 * position)) as usize & 63])
            } else {
                '='
            });
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, AttributeError> {
    std::str::from_utf8(bytes).map_err(|_| AttributeError::Utf8)
}
