//! Numbers as Prometheus writes and reads them.

/// Integers of at most this magnitude are the same as `f64` and in decimal.
const EXACT: u64 = 1 << 53;

/// Appends the shortest text that reads back as `value`: `3`, `0.25`, `1e-7`, `NaN`, `+Inf`, `-Inf`.
#[inline]
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    let integer = value as i64;
    if (integer as f64).to_bits() == value.to_bits() && integer.unsigned_abs() <= EXACT {
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    } else {
        write_other_f64(out, value);
    }
}

fn write_other_f64(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    } else {
        out.extend_from_slice(if value.is_nan() {
            b"NaN"
        } else if value > 0.0 {
            b"+Inf"
        } else {
            b"-Inf"
        });
    }
}

/// Appends a number as OpenMetrics wants it where it is the value of a label, `le` or `quantile` ("Canonical Numbers"):
/// `1.0`, `0.0001`, `1e-05`, `1e+06`. One number must have one text there, whoever writes it.
pub(crate) fn write_canonical(out: &mut Vec<u8>, value: f64) {
    use std::io::Write;

    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
        let start = out.len();
        write_f64(out, value);
        if !out[start..].contains(&b'.') {
            out.extend_from_slice(b".0");
        }
    } else if value.is_finite() {
        let start = out.len();
        // cannot fail: a `Vec` grows
        let _ = write!(out, "{value:e}");
        let exponent = 1 + start + out[start..].iter().position(|byte| *byte == b'e').unwrap_or(0);
        let sign_and_digits: (u8, Vec<u8>) = match &out[exponent..] {
            [b'-', digits @ ..] => (b'-', digits.to_vec()),
            digits => (b'+', digits.to_vec()),
        };
        out.truncate(exponent);
        let (sign, digits) = sign_and_digits;
        out.push(sign);
        if digits.len() < 2 {
            out.push(b'0');
        }
        out.extend_from_slice(&digits);
    } else {
        write_f64(out, value);
    }
}

/// Appends a time as OpenMetrics wants it, in seconds since 1970, from nanoseconds: `1520879607.789`.
pub(crate) fn write_time(out: &mut Vec<u8>, nanoseconds: u64) {
    write_u64(out, nanoseconds / 1_000_000_000);
    let mut fraction = nanoseconds % 1_000_000_000;
    if fraction == 0 {
        return;
    }
    let mut digits = *b".000000000";
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (fraction % 10) as u8;
        fraction /= 10;
    }
    let end = digits
        .iter()
        .rposition(|digit| *digit != b'0')
        .map_or(0, |last| last + 1);
    out.extend_from_slice(&digits[..end]);
}

#[inline]
pub(crate) fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{write_canonical, write_f64, write_time};

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_f64(&mut out, value);
        String::from_utf8(out).expect("numbers are ASCII")
    }

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-17.0, "-17"),
            (0.005, "0.005"),
            (7.5, "7.5"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (18_014_398_509_481_984.0, "1.8014398509481984e+16"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(written(value), text);
        }
    }

    #[test]
    fn numbers_in_labels_are_written_as_openmetrics_wants_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (0.001, "0.001"),
            (0.002, "0.002"),
            (0.01, "0.01"),
            (0.1, "0.1"),
            (0.999, "0.999"),
            (1.0, "1.0"),
            (1.7, "1.7"),
            (10.0, "10.0"),
            (-2.5, "-2.5"),
            (1e-10, "1e-10"),
            (1e-9, "1e-09"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (100_000.0, "100000.0"),
            (123_456.5, "123456.5"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (1e10, "1e+10"),
            (1.1e23, "1.1e+23"),
            (-1.5e-300, "-1.5e-300"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            let mut out = b"x".to_vec();
            write_canonical(&mut out, value);
            assert_eq!(String::from_utf8(out).expect("ASCII"), format!("x{text}"));
        }
    }

    #[test]
    fn times_are_seconds_with_as_many_digits_as_they_need() {
        for (nanoseconds, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (1_520_879_607_000_000_000, "1520879607"),
            (1_520_879_607_789_000_000, "1520879607.789"),
            (1_604_676_851_123_456_789, "1604676851.123456789"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            let mut out = Vec::new();
            write_time(&mut out, nanoseconds);
            assert_eq!(String::from_utf8(out).expect("ASCII"), text);
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back_exactly(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = written(value).parse().expect("a number");
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }

        #[test]
        fn every_number_in_a_label_reads_back_exactly(bits: u64) {
            let value = f64::from_bits(bits);
            let mut out = Vec::new();
            write_canonical(&mut out, value);
            let read: f64 = String::from_utf8(out).expect("ASCII").parse().expect("a number");
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }

        #[test]
        fn integers_read_back_exactly(value in -(1_i64 << 53)..=(1_i64 << 53)) {
            prop_assert_eq!(written(value as f64), value.to_string());
        }
    }
}
