//! From a range of time and a chart's width to the step, window and bounds of a range query.
//!
//! All of it happens here, so that every browser with a chart of about the same size asks the same question, and
//! one answer serves them all.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

/// The ranges that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub(crate) enum TimeRange {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    QuarterHour,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "24h")]
    Day,
}

/// How often samples come, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cadence {
    /// From one scrape to the next.
    pub(crate) scrape: u32,
    /// From one export of a service to its next. A rate over less than a few of these sees steps, not a rate.
    pub(crate) export: u32,
}

/// What a range query needs to know. `start` and `end` are Unix seconds and multiples of `step`; a whole number of
/// steps lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Resolution {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Seconds from one value to the next.
    pub(crate) step: u32,
    /// Seconds that each rate is taken over.
    pub(crate) window: u32,
}

/// More points than this on one line tell the eye nothing.
const MAX_POINTS: u32 = 300;

/// Steps that people read easily on an axis, in seconds.
const NICE_STEPS: [u32; 14] = [
    5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600,
];

/// One point to two pixels; the newest scrape is left out, because what is still arriving droops.
pub(crate) fn resolve(range: TimeRange, width: u32, cadence: Cadence, now: f64) -> Resolution {
    let points = width.div_ceil(2).clamp(1, MAX_POINTS);
    let step = nice(cadence.scrape.max(range.seconds().div_ceil(points)));
    let latest = now.floor() as i64 - i64::from(cadence.scrape);
    let end = latest - latest.rem_euclid(i64::from(step));
    let start = end - i64::from(range.seconds().div_ceil(step)) * i64::from(step);
    Resolution {
        start,
        end,
        step,
        window: cadence.window().max(step + cadence.scrape),
    }
}

fn nice(step: u32) -> u32 {
    NICE_STEPS.into_iter().find(|nice| *nice >= step).unwrap_or(step)
}

impl Cadence {
    /// The shortest window, in seconds, in which a rate always has two samples, though one scrape fails.
    pub(crate) fn window(self) -> u32 {
        4 * self.scrape.max(self.export)
    }
}

impl Resolution {
    /// How many values a series has.
    pub(crate) fn points(&self) -> usize {
        (self.end - self.start) as usize / self.step as usize + 1
    }

    /// The place of a sample in its series. None when it is not between start and end.
    pub(crate) fn index(&self, at: f64) -> Option<usize> {
        let index = ((at - self.start as f64) / f64::from(self.step)).round();
        (index >= 0.0 && index < self.points() as f64).then_some(index as usize)
    }
}

impl TimeRange {
    pub(crate) const ALL: [Self; 5] = [
        Self::FiveMinutes,
        Self::QuarterHour,
        Self::Hour,
        Self::SixHours,
        Self::Day,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
        }
    }

    pub(crate) fn seconds(self) -> u32 {
        match self {
            Self::FiveMinutes => 300,
            Self::QuarterHour => 900,
            Self::Hour => 3600,
            Self::SixHours => 6 * 3600,
            Self::Day => 24 * 3600,
        }
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TimeRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|range| range.as_str() == text)
            .ok_or(())
    }
}
