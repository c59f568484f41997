//! Days before the box was there: samples that are known exactly, in blocks as Prometheus makes them.

use std::fmt::Write as _;
use std::path::Path;

use crate::back_fill::write_blocks;
use crate::samples::now;

pub(crate) const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// The compactor brings blocks together up to two days first, counted from 1970.
pub(crate) const BLOCK: u64 = 2 * DAY;

/// Between samples, seconds.
const INTERVAL: u64 = 60;

/// Growth of the counter, per second.
pub(crate) const RATE: u64 = 2;

/// As many as three of those blocks span: from `start`, up to but not including `end`, in Unix seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OldDays {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl OldDays {
    /// The newest six days that are all older than `age` seconds.
    pub(crate) fn older_than(age: u64) -> Self {
        let end = (now() - age) / BLOCK * BLOCK;
        Self {
            start: end - 3 * BLOCK,
            end,
        }
    }

    /// The times of each block as its description says them: milliseconds, the second not included.
    pub(crate) fn blocks(self) -> Vec<(i64, i64)> {
        let starts = (self.start..self.end).step_by(BLOCK as usize);
        starts
            .map(|start| {
                let last = start + BLOCK - INTERVAL;
                (start as i64 * 1000, last as i64 * 1000 + 1)
            })
            .collect()
    }

    /// Makes blocks of two hours in `folder`.
    pub(crate) async fn write(self, folder: &Path) {
        write_blocks(&self.open_metrics(), folder).await;
    }

    fn open_metrics(self) -> String {
        let mut text = String::new();
        let times = || (self.start..self.end).step_by(INTERVAL as usize);
        text.push_str("# TYPE old_days_level gauge\n");
        for time in times() {
            let _ = writeln!(text, "old_days_level {} {time}", level(time));
        }
        text.push_str("# TYPE old_days_work counter\n");
        for time in times() {
            let _ = writeln!(text, "old_days_work_total {} {time}", RATE * (time - self.start));
        }
        text.push_str("# EOF\n");
        text
    }
}

/// The gauge: a saw whose teeth fit no hour, so that each hour has a mean of its own.
fn level(time: u64) -> u64 {
    time / INTERVAL % 97
}

/// The gauge's values in the hour before `end`.
pub(crate) fn levels(end: u64) -> Vec<f64> {
    let times = (end - HOUR..end).step_by(INTERVAL as usize);
    times.map(|time| level(time) as f64).collect()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
