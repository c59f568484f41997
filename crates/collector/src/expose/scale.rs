//! Values in another unit.

/// Numbers of at most this magnitude are the same as `f64` and in decimal, if they are whole.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The factor between two units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Scale {
    /// The unit stays.
    #[default]
    One,
    /// 10 to this power.
    PowerOfTen(i32),
    Factor(f64),
}

impl Scale {
    pub(crate) fn new(factor: f64) -> Self {
        let text = format!("{factor:e}");
        match text.strip_prefix("1e").map(str::parse) {
            Some(Ok(0)) => Self::One,
            Some(Ok(power)) => Self::PowerOfTen(power),
            _ => Self::Factor(factor),
        }
    }

    pub(crate) fn factor(self) -> f64 {
        match self {
            Self::One => 1.0,
            // the text is that of a number, so it is one
            Self::PowerOfTen(power) => format!("1e{power}").parse().unwrap_or(1.0),
            Self::Factor(factor) => factor,
        }
    }
}

/// A value in the other unit. By a power of ten the point of the shortest decimal text moves, and nothing else: 0.1 s
/// are 100 ms, where a multiplication would make 100.00000000000001 of some such numbers. A measured value may lose its
/// last digit that way; a bucket's bound keeps what it says.
pub(crate) fn scaled(value: f64, scale: Scale) -> f64 {
    match scale {
        Scale::One => value,
        Scale::Factor(factor) => value * factor,
        Scale::PowerOfTen(power) => shifted(value, power),
    }
}

fn shifted(value: f64, power: i32) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    // whole numbers, which most are that count something, need no text
    if (0..=15).contains(&power) && value.trunc().to_bits() == value.to_bits() {
        let product = value * 10_f64.powi(power);
        if product.abs() <= EXACT {
            return product;
        }
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return value;
    };
    let exponent = exponent.parse().unwrap_or(0_i32).saturating_add(power);
    // what is too large becomes infinity, what is too small 0
    format!("{digits}e{exponent}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_ten_move_the_point() {
        for (value, factor, expected) in [
            (0.1, 1000.0, 100.0),
            (0.005, 1000.0, 5.0),
            (0.0025, 1000.0, 2.5),
            (0.29, 100.0, 29.0),
            (1.1, 1000.0, 1100.0),
            (7.5, 1000.0, 7500.0),
            (-0.1, 1000.0, -100.0),
            (3.0, 1000.0, 3000.0),
            (5.0, 0.001, 0.005),
            (2500.0, 0.001, 2.5),
            (1e300, 1e10, f64::INFINITY),
            (5e-324, 0.001, 0.0),
            (f64::INFINITY, 1000.0, f64::INFINITY),
            (9_007_199_254_740_992.0, 10.0, 90_071_992_547_409_920.0),
        ] {
            assert_eq!(
                scaled(value, Scale::new(factor)).to_bits(),
                expected.to_bits(),
                "{value} {factor}"
            );
        }
        assert!(scaled(f64::NAN, Scale::new(1000.0)).is_nan());
        assert_eq!(scaled(-0.0, Scale::new(1000.0)).to_bits(), (-0.0_f64).to_bits());
    }

    #[test]
    fn other_factors_multiply() {
        for (factor, scale) in [
            (1.0, Scale::One),
            (1000.0, Scale::PowerOfTen(3)),
            (1e-9, Scale::PowerOfTen(-9)),
            (60.0, Scale::Factor(60.0)),
            (1024.0, Scale::Factor(1024.0)),
        ] {
            assert_eq!(Scale::new(factor), scale);
            assert_eq!(scale.factor().to_bits(), factor.to_bits());
        }
        assert_eq!(scaled(1.5, Scale::new(60.0)).to_bits(), 90.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn three_digits_come_out_as_they_are_written(digits in 0_u32..1_000_000, power in -6_i32..=6) {
            let value: f64 = format!("{digits}e-3").parse().unwrap();
            let expected: f64 = format!("{digits}e{}", power - 3).parse().unwrap();
            let scale = Scale::new(format!("1e{power}").parse().unwrap());
            prop_assert_eq!(scaled(value, scale).to_bits(), expected.to_bits());
        }

        #[test]
        fn order_is_kept(one: f64, other: f64, power in -30_i32..=30) {
            let scale = Scale::PowerOfTen(power);
            if one <= other {
                prop_assert!(scaled(one, scale) <= scaled(other, scale));
            }
        }
    }
}
