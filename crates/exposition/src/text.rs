//! The text format, version 0.0.4.

use crate::number::{write_f64, write_u64};

/// The content type of this format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub use crate::metric_type::MetricType;

/// A sample's value.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// Any number.
    Float(f64),
    /// A count; written without going through a float.
    Count(u64),
}

/// Appends the lines that open a family. Without a help text there is no HELP line.
pub fn write_header(out: &mut Vec<u8>, name: &str, metric_type: MetricType, help: &str) {
    if !help.is_empty() {
        write_all(out, &["# HELP ", name, " "]);
        write_help(out, help);
        out.push(b'\n');
    }
    write_all(out, &["# TYPE ", name, " ", metric_type.as_str(), "\n"]);
}

/// Appends one sample. Its labels are the texts in `labels` one after the other; empty ones are skipped.
#[inline]
pub fn write_sample(out: &mut Vec<u8>, name: &str, suffix: &str, labels: [&str; 3], value: Value) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    let mut separator = b'{';
    for text in labels {
        if !text.is_empty() {
            out.push(separator);
            out.extend_from_slice(text.as_bytes());
            separator = b',';
        }
    }
    if separator == b',' {
        out.push(b'}');
    }
    out.push(b' ');
    match value {
        Value::Float(value) => write_f64(out, value),
        Value::Count(value) => write_u64(out, value),
    }
    out.push(b'\n');
}

fn write_help(out: &mut Vec<u8>, help: &str) {
    for byte in help.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            other => out.push(other),
        }
    }
}

fn write_all(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
