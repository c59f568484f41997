//! Prometheus and what it scrapes: what was seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Prometheus {
    /// Whether it says that it is ready.
    pub ready: Answer<()>,
    /// What it scrapes.
    pub targets: Answer<Vec<Target>>,
    /// The jobs that must have a target, by what the site has.
    pub expected_jobs: BTreeSet<String>,
    /// The name of this box, which the targets on it have as the label `box`.
    pub box_name: String,
    /// The configuration that is in force.
    pub configuration: Answer<Configuration>,
    /// The flags that it was started with.
    pub flags: Answer<BTreeMap<String, String>>,
    /// Rules whose last evaluation failed.
    pub failing_rules: Answer<Vec<FailingRule>>,
    /// What it tells of itself.
    pub numbers: Answer<Numbers>,
    /// What it remembers of itself: counters' growth. `Err` where it cannot be asked, zero where it does not know yet.
    pub growth: Answer<Growth>,
    /// Whether a sidecar of Thanos uploads its blocks.
    pub has_sidecar: bool,
    /// How many Alertmanagers it must know.
    pub expected_alertmanagers: usize,
    /// How many series it may hold in memory.
    pub max_series: Option<u64>,
}

/// One thing that is scraped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// Its job.
    pub job: String,
    /// Its name.
    pub instance: String,
    /// The box that it is a part of, if it is.
    pub box_name: Option<String>,
    /// `up`, `down` or, before the first scrape, `unknown`.
    pub health: String,
    /// Why the last scrape failed.
    pub last_error: String,
}

/// What the configuration says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// Who says it, for all who read its samples elsewhere.
    pub external_labels: BTreeMap<String, String>,
    /// From one scrape to the next, seconds.
    pub scrape_interval: f64,
    /// How old samples may be that come late, as it is written; `None` if not at all.
    pub out_of_order_window: Option<String>,
    /// How chunks of floats are encoded, if it is said.
    pub float_encoding: Option<String>,
}

/// A rule whose last evaluation failed.
#[derive(Debug, Clone, PartialEq)]
pub struct FailingRule {
    /// Its group.
    pub group: String,
    /// Its name.
    pub rule: String,
    /// Why.
    pub last_error: String,
}

/// What it tells of itself on its metrics page. Counters are since its start.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// When it was started.
    pub started_at: Timestamp,
    /// Whether the configuration was taken over at the last attempt.
    pub reload_successful: bool,
    /// When that was.
    pub reloaded_at: Timestamp,
    /// The newest sample.
    pub newest_sample_at: Timestamp,
    /// The oldest sample that is kept.
    pub oldest_sample_at: Timestamp,
    /// Samples that were taken in.
    pub samples_appended: f64,
    /// Series in memory.
    pub series: f64,
    /// Resident memory.
    pub memory_bytes: f64,
    /// Records that could not be written to the WAL.
    pub wal_writes_failed: f64,
    /// Torn records that were found in the WAL when it was read.
    pub wal_corruptions: f64,
    /// Blocks, WAL and chunks of the head on disk.
    pub storage_bytes: f64,
    /// How much of them is kept at most; 0 is any.
    pub retention_bytes: f64,
    /// For how long they are kept; 0 is for ever.
    pub retention_seconds: f64,
    /// Alertmanagers that it knows.
    pub alertmanagers: f64,
    /// Groups of rules.
    pub rule_groups: Vec<RuleGroup>,
}

/// How a group of rules fares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// From one evaluation to the next, seconds.
    pub interval: f64,
    /// How long the last evaluation took, seconds.
    pub took: f64,
    /// When that was; `None` before the first one.
    pub evaluated_at: Option<Timestamp>,
}

/// What grew, of late. Nothing that is missing did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Growth {
    /// Compactions that failed, in three hours.
    pub compactions_failed: f64,
    /// Evaluations of groups that did not take place, in fifteen minutes.
    pub iterations_missed: f64,
    /// Alerts that arrived, by Alertmanager, in five minutes.
    pub alerts_arrived: BTreeMap<String, f64>,
    /// Alerts that did not.
    pub alerts_lost: BTreeMap<String, f64>,
}
