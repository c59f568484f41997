//! Shows some of the points that come in, in the log, for whoever wants to see what a sender really sends.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::otlp::{Metric, attributes};
use crate::series::{Sample, Times};

/// Shows points, a number of them per second.
#[derive(Debug, Default)]
pub(crate) struct Debug {
    /// Points per second; 0 shows none.
    limit: AtomicU32,
    /// The second that is now, and how many points were shown in it.
    shown: AtomicU64,
}

impl Debug {
    pub(crate) fn set_limit(&self, per_second: u32) {
        self.limit.store(per_second, Ordering::Relaxed);
    }

    /// Whether a point is to be shown.
    #[inline]
    pub(crate) fn wants(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        limit > 0 && self.has_room(limit)
    }

    fn has_room(&self, limit: u32) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
            << 32;
        let shown = self
            .shown
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |shown| {
                let (second, count) = (shown & !0xffff_ffff, shown & 0xffff_ffff);
                if second != now {
                    Some(now | 1)
                } else if count < u64::from(limit) {
                    Some(now | (count + 1))
                } else {
                    None
                }
            });
        shown.is_ok()
    }

    /// Shows a point as it came, before anything was made of it.
    #[cold]
    pub(crate) fn show(metric: &Metric<'_>, raw: &[u8], number: u32, times: Times, sample: Sample<'_>) {
        let attributes: Vec<String> = attributes(raw, number)
            .map(|attribute| {
                attribute.map_or_else(|error| error.to_string(), |(key, value)| format!("{key}={value}"))
            })
            .collect();
        tracing::info!(
            metric = %String::from_utf8_lossy(metric.name),
            unit = %String::from_utf8_lossy(metric.unit),
            attributes = attributes.join(" "),
            time = times.time,
            start = times.start,
            "{}",
            Readable(sample)
        );
    }
}

/// A value for people.
struct Readable<'a>(Sample<'a>);

impl std::fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Sample::Nothing => f.write_str("no recorded value"),
            Sample::Number(number) => write!(f, "{number}"),
            Sample::Histogram(histogram) => {
                write!(f, "count {} sum {:?} buckets", histogram.count, histogram.sum)?;
                let counts = histogram
                    .bucket_counts
                    .iter()
                    .map(|bytes| u64::from_le_bytes(*bytes));
                let bounds = histogram
                    .explicit_bounds
                    .iter()
                    .map(|bytes| f64::from_le_bytes(*bytes));
                for (count, bound) in counts
                    .zip(bounds.chain([f64::INFINITY]))
                    .filter(|(count, _)| *count > 0)
                {
                    write!(f, " ≤{bound}:{count}")?;
                }
                Ok(())
            }
            Sample::Exponential(exponential) => write!(
                f,
                "count {} sum {} scale {} zero {} positive {} from {} negative {} from {}",
                exponential.count,
                exponential.sum,
                exponential.scale,
                exponential.zero_count,
                exponential.positive.counts.len(),
                exponential.positive.offset,
                exponential.negative.counts.len(),
                exponential.negative.offset,
            ),
            Sample::Summary(summary) => {
                write!(f, "count {} sum {}", summary.count, summary.sum)?;
                for (quantile, value) in summary.quantiles {
                    write!(f, " {quantile}:{value}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_shown_in_a_second_and_no_more() {
        let debug = Debug::default();
        assert!(!debug.wants());
        debug.set_limit(2);
        // three seconds at most pass in a thousand looks
        let shown = (0..1000).filter(|_| debug.wants()).count();
        assert!((2..=8).contains(&shown), "{shown}");
    }

    #[test]
    fn values_are_readable() {
        let counts = [1_u64, 0, 2].map(u64::to_le_bytes);
        let bounds = [0.5_f64, 1.0].map(f64::to_le_bytes);
        let histogram = crate::series::HistogramSample {
            count: 3,
            sum: Some(4.5),
            bucket_counts: &counts,
            explicit_bounds: &bounds,
        };
        let text = Readable(Sample::Histogram(histogram)).to_string();
        assert_eq!(text, "count 3 sum Some(4.5) buckets ≤0.5:1 ≤inf:2");
        assert_eq!(Readable(Sample::Number(0.25)).to_string(), "0.25");
    }
}
