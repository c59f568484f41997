//! Numbers as Prometheus writes and reads them.

/// Integers of at most this magnitude are the same as `f64` and in decimal.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends the shortest text that reads back as `value`: `3`, `0.25`, `1e-7`, `NaN`, `+Inf`, `-Inf`.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    if value.abs() <= EXACT
        && value.trunc().to_bits() == value.to_bits()
        && (value != 0.0 || value.is_sign_positive())
    {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else if value.is_finite() {
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

pub(crate) fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::write_f64;

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

    proptest! {
        #[test]
        fn every_number_reads_back_exactly(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = written(value).parse().expect("a number");
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }

        #[test]
        fn integers_read_back_exactly(value in -(1_i64 << 53)..=(1_i64 << 53)) {
            prop_assert_eq!(written(value as f64), value.to_string());
        }
    }
}
