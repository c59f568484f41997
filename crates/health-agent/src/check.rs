//! The one list of checks.
//!
//! A check is a pure function of [`Facts`]. What it says to people (evidence, fix) is part of it.

pub mod canaries;
pub mod data_planes;
pub mod alerting;
pub mod generation;
pub mod host;
pub mod peer;
mod phrase;
pub mod prometheus;
pub mod security;
pub mod thanos;
pub mod units;
#[cfg(test)]
mod elsewhere;

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use crate::advice::Advice;
use crate::facts::Facts;
use crate::verdict::{Reading, Verdict};

/// One thing that must hold on a box.
#[derive(Debug)]
pub struct Check {
    /// Its name in metrics, JSON and tests, such as `prometheus-ready`. It stays for good.
    pub id: &'static str,
    /// Where it is listed, and which probe found its facts.
    pub category: Category,
    /// What it means when it fails.
    pub severity: Severity,
    /// What holds when it is well, such as "Prometheus is ready".
    pub title: &'static str,
    /// What to do when it fails: a sentence that begins with a verb, in which [`Advice`] says what stands in braces.
    pub fix: &'static str,
    /// The page under `stack/runbooks/` that says more, without `.md`.
    pub runbook: Option<&'static str>,
    /// Whether it can be judged before anything of the box runs (`doctor --pre`).
    pub before_start: bool,
    /// The judgement.
    pub judge: fn(&Facts) -> Reading,
}

/// What a failed check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The box does its work; somebody should look into it in the next days.
    Advisory,
    /// The box does not do its work, or soon will not. The gate waits for these.
    Required,
}

/// Groups of checks. The facts of each come from one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Units of systemd, generations, the journal
    Units,
    /// What was installed: the gate's verdict, the comparison with what was built
    Generation,
    /// Disk, memory, clock, file systems
    Host,
    /// Secrets, certificates, open ports
    Security,
    /// Collectors of all data planes
    DataPlanes,
    /// Prometheus and what it scrapes
    Prometheus,
    /// Thanos and the object store
    Thanos,
    /// Alertmanager, Pushgateway, dashboard
    Alerting,
    /// What was sent through the whole pipeline to see whether it arrives
    Canaries,
    /// The other box of a pair
    Peer,
}

/// Every category, in the order in which people read them: from the ground up.
pub const CATEGORIES: [Category; 10] = [
    Category::Units,
    Category::Generation,
    Category::Host,
    Category::Security,
    Category::DataPlanes,
    Category::Prometheus,
    Category::Thanos,
    Category::Alerting,
    Category::Canaries,
    Category::Peer,
];

impl Category {
    /// Its name on the command line, in JSON and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::Generation => "generation",
            Self::Host => "host",
            Self::Security => "security",
            Self::DataPlanes => "data-planes",
            Self::Prometheus => "prometheus",
            Self::Thanos => "thanos",
            Self::Alerting => "alerting",
            Self::Canaries => "canaries",
            Self::Peer => "peer",
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Units => "Units",
            Self::Generation => "What is installed",
            Self::Host => "Machine",
            Self::Security => "Security",
            Self::DataPlanes => "Data planes",
            Self::Prometheus => "Prometheus",
            Self::Thanos => "Thanos and object store",
            Self::Alerting => "Alerting and dashboard",
            Self::Canaries => "Canaries: sent through the whole pipeline",
            Self::Peer => "The other box",
        }
    }

    fn checks(self) -> &'static [Check] {
        match self {
            Self::Units => units::CHECKS,
            Self::Generation => generation::CHECKS,
            Self::Host => host::CHECKS,
            Self::Security => security::CHECKS,
            Self::DataPlanes => data_planes::CHECKS,
            Self::Prometheus => prometheus::CHECKS,
            Self::Thanos => thanos::CHECKS,
            Self::Alerting => alerting::CHECKS,
            Self::Canaries => canaries::CHECKS,
            Self::Peer => peer::CHECKS,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Severity {
    /// Its name in JSON and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Required => "required",
        }
    }
}

/// Every check there is, in the order of the categories.
pub fn all() -> impl Iterator<Item = &'static Check> {
    CATEGORIES.into_iter().flat_map(Category::checks)
}

/// What one of them says of those facts.
#[cfg(test)]
fn reading(id: &str, facts: &Facts) -> Reading {
    let check = all().find(|check| check.id == id).unwrap();
    (check.judge)(facts)
}

impl Check {
    /// 0 nothing to do, 1 attention, 2 broken: what `signalbox_check` shows. An advisory check never says 2.
    pub fn level(&self, verdict: Verdict) -> u8 {
        match (verdict.is_good(), self.severity, verdict) {
            (true, ..) => 0,
            (false, Severity::Required, Verdict::Down | Verdict::Stale | Verdict::Unknown) => 2,
            (false, ..) => 1,
        }
    }

    /// What to do. Nothing if it is well, nor if it could not be asked: then there is something else that does not answer, and
    /// what would mend this one may harm it.
    pub(crate) fn advice(&self, verdict: Verdict, advice: &Advice) -> Option<String> {
        let is_known = !verdict.is_good() && verdict != Verdict::Unknown;
        is_known.then(|| advice.fill(self.fix))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};
    use std::path::Path;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own_and_stands_where_it_belongs() {
        let mut seen = HashSet::new();
        for category in CATEGORIES {
            for check in category.checks() {
                assert_eq!(check.category, category, "{}", check.id);
                assert!(seen.insert(check.id), "{} is there twice", check.id);
                assert!(
                    check
                        .id
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                    "{}",
                    check.id
                );
            }
        }
    }

    #[test]
    fn each_says_what_to_do() {
        for check in all() {
            assert!(check.fix.len() > 20, "{}: {:?}", check.id, check.fix);
            assert!(
                !check.fix.ends_with('.') && !check.title.ends_with('.'),
                "{}",
                check.id
            );
        }
    }

    #[test]
    fn runbooks_that_are_named_are_there() {
        let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack/runbooks");
        for check in all() {
            if let Some(name) = check.runbook {
                assert!(
                    runbooks.join(format!("{name}.md")).is_file(),
                    "{}: {name}",
                    check.id
                );
            }
        }
    }

    /// Those in capitals are of alerts.
    #[test]
    fn a_runbook_in_lower_case_is_that_of_a_check() {
        let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack/runbooks");
        let there: BTreeSet<_> = std::fs::read_dir(runbooks)
            .unwrap()
            .filter_map(|file| {
                let name = file.unwrap().file_name();
                Some(name.to_str()?.strip_suffix(".md")?.to_owned())
            })
            .filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
            .collect();
        let named: BTreeSet<_> = all()
            .filter(|check| check.runbook == Some(check.id))
            .map(|check| check.id.to_owned())
            .collect();
        assert_eq!(there, named);
    }

    #[test]
    fn nothing_that_is_not_there_is_judged() {
        let nothing = Facts::default();
        for check in all() {
            let reading = (check.judge)(&nothing);
            assert_eq!(
                reading.verdict,
                Verdict::NotApplicable,
                "{}: {}",
                check.id,
                reading.evidence
            );
        }
    }
}
