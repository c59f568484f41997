//! What happened between two moments: samples, scrapes, rules, CPU time, memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::clients::{quantile, sorted};
use crate::disk;
use crate::prometheus::{Prometheus, SelfMetrics};
use crate::stack::{Stack, Usage, Used};

/// A moment, to measure from.
#[derive(Debug)]
pub(crate) struct Mark {
    at: Instant,
    usage: Usage,
    metrics: SelfMetrics,
    log_bytes: u64,
}

/// What each kind of part used.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct PartUsage {
    /// CPU seconds in a second.
    pub(crate) cores: f64,
    /// The most resident memory seen, in bytes, and the most of it that is not of files.
    pub(crate) memory: u64,
    pub(crate) anonymous: u64,
}

#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Interval {
    pub(crate) seconds: f64,
    /// Samples that Prometheus took, in a second.
    pub(crate) samples_per_second: f64,
    /// Series in its memory at the end.
    pub(crate) series: f64,
    pub(crate) scrapes: Scrapes,
    /// Evaluations of rule groups that were left out because the one before took too long.
    pub(crate) missed_evaluations: f64,
    /// The longest of the last evaluations of each rule group, in seconds.
    pub(crate) longest_evaluation: f64,
    /// Growth of the write-ahead log, in bytes.
    pub(crate) log_bytes: u64,
    pub(crate) parts: BTreeMap<String, PartUsage>,
}

/// Scrapes of the data planes.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Scrapes {
    pub(crate) count: usize,
    pub(crate) failed: usize,
    /// In seconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
}

impl Mark {
    pub(crate) fn now(stack: &Stack, prometheus: &mut Prometheus) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            usage: stack.usage()?,
            metrics: prometheus.metrics()?,
            log_bytes: log_bytes(stack)?,
        })
    }

    /// What happened since. `peaks` is the most memory that was seen of each part.
    pub(crate) fn until_now(
        &self,
        stack: &Stack,
        prometheus: &mut Prometheus,
        peaks: &Usage,
    ) -> anyhow::Result<Interval> {
        let seconds = self.at.elapsed().as_secs_f64();
        let now = Self::now(stack, prometheus)?;
        let grown = |name: &str| now.metrics.get(name) - self.metrics.get(name);
        let longest = prometheus.instant("max(prometheus_rule_group_last_duration_seconds)")?;
        Ok(Interval {
            seconds,
            samples_per_second: (now.metrics.appended() - self.metrics.appended()) / seconds,
            series: now.metrics.series(),
            scrapes: Scrapes::of(prometheus, self.at.elapsed())?,
            missed_evaluations: grown("prometheus_rule_group_iterations_missed_total"),
            longest_evaluation: longest.first().copied().unwrap_or(0.0),
            log_bytes: now.log_bytes.saturating_sub(self.log_bytes),
            parts: now
                .usage
                .iter()
                .map(|(name, used)| {
                    let before = self.usage.get(name).copied().unwrap_or_default();
                    let peak = peaks.get(name).copied().unwrap_or_default();
                    let part = PartUsage {
                        cores: (used.cpu_seconds - before.cpu_seconds) / seconds,
                        memory: used.memory.max(peak.memory),
                        anonymous: used.anonymous.max(peak.anonymous),
                    };
                    (name.clone(), part)
                })
                .collect(),
        })
    }
}

impl Scrapes {
    /// Those that ended within this time.
    pub(crate) fn of(prometheus: &mut Prometheus, within: Duration) -> anyhow::Result<Self> {
        let mut samples = |metric: &str| {
            let seconds = within.as_secs().max(1);
            prometheus.samples(&format!("{metric}{{job=~\"dataplane-.*\"}}[{seconds}s]"))
        };
        let all = sorted(samples("scrape_duration_seconds")?.into_iter());
        let failed = samples("up")?.into_iter().filter(|up| *up < 0.5).count();
        Ok(Self {
            count: all.len(),
            failed,
            p50: quantile(&all, 0.5),
            p99: quantile(&all, 0.99),
            longest: quantile(&all, 1.0),
        })
    }
}

fn log_bytes(stack: &Stack) -> anyhow::Result<u64> {
    disk::size(&stack.site.prometheus_folder(1).join("data/wal"))
}

/// The most of both.
pub(crate) fn most(peaks: &mut Usage, usage: &Usage) {
    for (name, used) in usage {
        let peak: &mut Used = peaks.entry(name.clone()).or_default();
        peak.memory = peak.memory.max(used.memory);
        peak.anonymous = peak.anonymous.max(used.anonymous);
    }
}
