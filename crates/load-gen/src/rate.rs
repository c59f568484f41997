use std::fmt;

/// Requests per second: more than none, and no more than a machine can send.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Rate(f64);

const LOWEST: f64 = 0.001;
const HIGHEST: f64 = 100_000.0;

impl Rate {
    pub(crate) fn per_second(self) -> f64 {
        self.0
    }

    /// The rate that has `part` of the way to `other` behind it.
    pub(crate) fn between(self, other: Self, part: f64) -> Self {
        Self(self.0 + (other.0 - self.0) * part)
    }

    /// This rate, in the proportion that `to` has to `from`.
    pub(crate) fn scaled(self, to: Self, from: Self) -> Self {
        Self((self.0 * to.0 / from.0).clamp(LOWEST, HIGHEST))
    }
}

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(per_second: f64) -> Result<Self, String> {
        if (LOWEST..=HIGHEST).contains(&per_second) {
            Ok(Self(per_second))
        } else {
            Err(format!(
                "must be from {LOWEST} to {HIGHEST} requests per second, is {per_second}"
            ))
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}
