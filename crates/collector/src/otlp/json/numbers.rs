//! Decimal numbers.

use super::error::Problem;

/// How many bytes from the start on are a number of JSON; 0 if they begin none.
#[inline]
pub(super) fn length(text: &[u8]) -> usize {
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let minus = usize::from(text.first() == Some(&b'-'));
    let mut end = minus + digits(minus);
    if end == minus || (text[minus] == b'0' && end > minus + 1) {
        return 0;
    }
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == 0 {
            return 0;
        }
        end += 1 + fraction;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent == 0 {
            return 0;
        }
        end += 1 + sign + exponent;
    }
    end
}

/// The integer that a number is, also one with a fraction of zeros or with an exponent.
#[inline]
pub(super) fn integer(number: &[u8]) -> Result<i128, Problem> {
    // as everybody writes them: so few digits that they cannot overflow
    if number.len() < 20 && number.iter().all(u8::is_ascii_digit) {
        let digit = |value: u64, digit: &u8| value * 10 + u64::from(digit - b'0');
        return Ok(i128::from(number.iter().fold(0, digit)));
    }
    integer_of_any_form(number)
}

fn integer_of_any_form(number: &[u8]) -> Result<i128, Problem> {
    const RANGE: Problem = Problem::Range("64 bits");
    let (negative, number) = match number {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mantissa_end = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = number.split_at(mantissa_end.unwrap_or(number.len()));
    let point = mantissa
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(mantissa.len());
    let digits = mantissa.iter().filter(|byte| **byte != b'.');
    let leading = digits.clone().take_while(|digit| **digit == b'0').count();
    let trailing = digits.clone().rev().take_while(|digit| **digit == b'0').count();
    let count = digits.clone().count();
    if leading == count {
        return Ok(0);
    }
    // 0.d₁d₂d₃… · 10^magnitude
    let magnitude = (point - leading.min(point)) as i64 - leading.saturating_sub(point) as i64;
    let magnitude = magnitude.saturating_add(exponent_of(exponent));
    let significant = count - leading - trailing;
    if magnitude < significant as i64 {
        return Err(Problem::NotWhole);
    }
    if magnitude > 20 {
        return Err(RANGE);
    }
    let digit = |value: i128, digit: &u8| value * 10 + i128::from(digit - b'0');
    let value = digits.skip(leading).take(significant).fold(0, digit);
    let value = value * 10_i128.pow((magnitude - significant as i64) as u32);
    Ok(if negative { -value } else { value })
}

/// The number behind the `e`, if there is one; one that is beyond all reason as the largest there is.
fn exponent_of(exponent: &[u8]) -> i64 {
    let (negative, digits) = match exponent {
        [_, b'-', digits @ ..] => (true, digits),
        [_, b'+', digits @ ..] | [_, digits @ ..] => (false, digits),
        [] => (false, &[][..]),
    };
    let value = digits.iter().fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    if negative { -value } else { value }
}

/// The double that is closest to a number.
pub(super) fn double(number: &[u8]) -> Result<f64, Problem> {
    let text = std::str::from_utf8(number).map_err(|_| Problem::Utf8)?;
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(Problem::Range("a double")),
        Err(_) => Err(Problem::Expected("a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_number_is_known() {
        for (text, expected) in [
            ("0", 1),
            ("-0,", 2),
            ("10]", 2),
            ("1.50e+07 ", 8),
            ("1E5", 3),
            ("", 0),
            ("-", 0),
            ("01", 0),
            ("-01", 0),
            ("1.", 0),
            (".5", 0),
            ("1e", 0),
            ("1e+", 0),
            ("+1", 0),
            ("NaN", 0),
        ] {
            assert_eq!(length(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn integers_are_read_in_every_form() {
        let range = Err(Problem::Range("64 bits"));
        for (text, expected) in [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("0.000e99999999999999999999", Ok(0)),
            ("1544712660300000000", Ok(1_544_712_660_300_000_000)),
            ("18446744073709551615", Ok(i128::from(u64::MAX))),
            ("-9223372036854775808", Ok(i128::from(i64::MIN))),
            ("1.0", Ok(1)),
            ("1e3", Ok(1000)),
            ("1.50E+01", Ok(15)),
            ("1200e-2", Ok(12)),
            ("0.0012e4", Ok(12)),
            ("-12.5e1", Ok(-125)),
            ("99999999999999999999", Ok(99_999_999_999_999_999_999)),
            ("1.5", Err(Problem::NotWhole)),
            ("1e-1", Err(Problem::NotWhole)),
            ("0.001e2", Err(Problem::NotWhole)),
            ("1e-99999999999999999999", Err(Problem::NotWhole)),
            ("1e20", range),
            ("1e99999999999999999999", range),
            ("100000000000000000000", range),
        ] {
            assert_eq!(integer(text.as_bytes()), expected, "{text}");
        }
    }
}
