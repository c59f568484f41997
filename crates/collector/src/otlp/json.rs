//! OTLP/JSON, written anew as protobuf, so that both encodings are read by the same views and give the same series.
//!
//! One pass over the text, no tree in between: a message's fields are written as they come, and its length is put in
//! front of it when it ends. What is written is the canonical form of protobuf (lengths without padding, lists of numbers
//! packed, defaults left out), so that attributes have the same bytes whichever encoding they came in.
//!
//! The text is JSON (RFC 8259) with the forms that [ProtoJSON](https://protobuf.dev/programming-guides/json/) has, and
//! OTLP's exceptions from them:
//! - names of fields in lowerCamelCase or as in the `.proto` files; those that are not known are stepped over;
//! - integers as numbers or strings, `1.0` and `1e3` too as long as they are whole; doubles as numbers or strings,
//!   `"NaN"`, `"Infinity"` and `"-Infinity"` among them; a number that does not fit is an error;
//! - enumerations by number or by name; `null` is a field that is not there;
//! - bytes in base64 of either alphabet, padded or not; ids of traces and spans in hexadecimal digits;
//! - of a scalar that stands twice the last one counts, lists that stand twice are joined, but a message that stands
//!   twice and two members of a `oneof` are errors: something would get lost.

mod transcoder;
mod schema;
mod lexer;
mod numbers;
mod binary;
mod error;

pub(crate) use self::error::JsonError;

/// Appends an `ExportMetricsServiceRequest`, as protobuf, of what is one in JSON: at most four times its size. After an
/// error `out` is what it was.
pub(crate) fn to_protobuf(json: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    let length = out.len();
    transcoder::request(json, out).inspect_err(|_| out.truncate(length))
}

#[cfg(test)]
mod tests;
