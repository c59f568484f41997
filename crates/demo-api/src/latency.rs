use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::{Rng, RngExt};

/// How long something takes: a distribution to draw from.
///
/// Written `250ms` (always), `5ms..20ms` (anything between, equally likely) or `exponential 200ms` (that mean, with a
/// long tail).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latency {
    Fixed(Duration),
    Uniform { min: Duration, max: Duration },
    Exponential { mean: Duration },
}

/// An exponential draw is cut off at this multiple of its mean: one in 22,000 draws would be longer.
const TAIL: u32 = 10;

impl Latency {
    /// Takes no time at all.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self::Fixed(Duration::ZERO);

    pub(crate) fn draw(&self, rng: &mut impl Rng) -> Duration {
        match *self {
            Self::Fixed(always) => always,
            Self::Uniform { min, max } => rng.random_range(min..=max),
            Self::Exponential { mean } => {
                // 1 - [0, 1) is never 0, whose logarithm is infinite
                let uniform: f64 = 1.0 - rng.random::<f64>();
                mean.mul_f64(-uniform.ln()).min(mean * TAIL)
            }
        }
    }

    /// Takes as long as a draw says.
    pub(crate) async fn pass(&self) {
        let drawn = self.draw(&mut rand::rng());
        if !drawn.is_zero() {
            tokio::time::sleep(drawn).await;
        }
    }
}

/// Why a text is not a latency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidLatency {
    #[error("must be a duration such as 250ms, a range such as 5ms..20ms, or exponential 200ms; is {0:?}")]
    Notation(String),
    #[error("the range {0} ends before it begins")]
    Backwards(String),
    #[error("must be at most {limit}, is {0}", limit = humantime::format_duration(LONGEST))]
    TooLong(String),
}

/// Longer than any client waits; it also keeps the arithmetic of draws far from overflow.
const LONGEST: Duration = Duration::from_mins(10);

impl FromStr for Latency {
    type Err = InvalidLatency;

    fn from_str(text: &str) -> Result<Self, InvalidLatency> {
        let duration = |part: &str| {
            let parsed = humantime::parse_duration(part.trim());
            let parsed = parsed.map_err(|_| InvalidLatency::Notation(text.to_owned()))?;
            if parsed > LONGEST {
                Err(InvalidLatency::TooLong(text.to_owned()))
            } else {
                Ok(parsed)
            }
        };
        if let Some((min, max)) = text.split_once("..") {
            let (min, max) = (duration(min)?, duration(max)?);
            return if min <= max {
                Ok(Self::Uniform { min, max })
            } else {
                Err(InvalidLatency::Backwards(text.to_owned()))
            };
        }
        match text.trim().strip_prefix("exponential ") {
            Some(mean) => Ok(Self::Exponential {
                mean: duration(mean)?,
            }),
            None => Ok(Self::Fixed(duration(text)?)),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration;
        match *self {
            Self::Fixed(always) => write!(f, "{}", text(always)),
            Self::Uniform { min, max } => write!(f, "{}..{}", text(min), text(max)),
            Self::Exponential { mean } => write!(f, "exponential {}", text(mean)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn is_written_as_it_is_read() {
        for (text, latency) in [
            ("250ms", Latency::Fixed(250 * MS)),
            ("0s", Latency::NONE),
            (
                "5ms..20ms",
                Latency::Uniform {
                    min: 5 * MS,
                    max: 20 * MS,
                },
            ),
            ("exponential 1s 500ms", Latency::Exponential { mean: 1500 * MS }),
        ] {
            assert_eq!(text.parse(), Ok(latency), "{text}");
            assert_eq!(latency.to_string(), text);
        }
        assert_eq!(
            "5ms .. 20ms".parse(),
            Ok(Latency::Uniform {
                min: 5 * MS,
                max: 20 * MS
            })
        );
        for text in ["", "fast", "5", "..", "5ms..", "exponential", "normal 5ms"] {
            assert_eq!(
                text.parse::<Latency>(),
                Err(InvalidLatency::Notation(text.to_owned()))
            );
        }
        assert_eq!(
            "2s..1s".parse::<Latency>(),
            Err(InvalidLatency::Backwards("2s..1s".to_owned()))
        );
        assert_eq!(
            "1h".parse::<Latency>().unwrap_err().to_string(),
            "must be at most 10m, is 1h",
        );
    }

    #[test]
    fn draws_follow_the_distribution() {
        let mut rng = StdRng::seed_from_u64(7);
        let uniform: Latency = "10ms..30ms".parse().unwrap();
        let draws: Vec<Duration> = (0..10_000).map(|_| uniform.draw(&mut rng)).collect();
        assert!(draws.iter().all(|draw| (10 * MS..=30 * MS).contains(draw)));
        let mean = draws.iter().sum::<Duration>() / 10_000;
        assert!((19_800..20_200).contains(&mean.as_micros()), "mean {mean:?}");

        let exponential: Latency = "exponential 20ms".parse().unwrap();
        let draws: Vec<Duration> = (0..10_000).map(|_| exponential.draw(&mut rng)).collect();
        assert!(draws.iter().all(|draw| *draw <= 200 * MS));
        let mean = draws.iter().sum::<Duration>() / 10_000;
        assert!((19_000..21_000).contains(&mean.as_micros()), "mean {mean:?}");
        // an exponential distribution has 1/e of its mass above its mean
        let above = draws.iter().filter(|draw| **draw > 20 * MS).count();
        assert!((3_500..3_850).contains(&above), "{above} of 10000 above the mean");
    }
}
