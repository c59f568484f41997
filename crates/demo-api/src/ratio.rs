use std::str::FromStr;

/// A share of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Ratio(f64);

/// The number is no share of a whole.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("must be a share between 0 and 1 (0.1 is 10 %), is {0}")]
pub(crate) struct InvalidRatio(String);

impl Ratio {
    #[cfg(test)]
    pub(crate) const ZERO: Self = Self(0.0);
    #[cfg(test)]
    pub(crate) const ONE: Self = Self(1.0);

    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Ratio {
    type Error = InvalidRatio;

    fn try_from(number: f64) -> Result<Self, InvalidRatio> {
        if (0.0..=1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidRatio(number.to_string()))
        }
    }
}

impl FromStr for Ratio {
    type Err = InvalidRatio;

    fn from_str(text: &str) -> Result<Self, InvalidRatio> {
        let number: f64 = text
            .trim()
            .parse()
            .map_err(|_| InvalidRatio(format!("{text:?}")))?;
        Self::try_from(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_shares_only() {
        assert_eq!("0.25".parse::<Ratio>().map(Ratio::get), Ok(0.25));
        assert_eq!("1".parse(), Ok(Ratio::ONE));
        for text in ["10", "-0.1", "NaN", "10%"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
        assert_eq!(
            "10%".parse::<Ratio>().unwrap_err().to_string(),
            "must be a share between 0 and 1 (0.1 is 10 %), is \"10%\""
        );
    }
}
