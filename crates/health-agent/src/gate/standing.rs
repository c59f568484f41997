//! What one round says of the generation. Pure.
//!
//! Red counts against it only where a generation can be the cause: not a full disk, not an expired certificate, not a customer's machine,
//! and not what was red before it came. What cannot be asked, or has not had the time to show, is waited for.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Category, Check, Severity};
use crate::facts::units::Systemd;
use crate::facts::{Answer, Facts};
use crate::verdict::{Reading, Verdict};

/// Where a check stands in the gate's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It does not.
    Clear,
    /// It may yet become well, and is nothing to go back for.
    Waited,
    /// It is red, and the generation is to blame.
    Against,
}

/// A required check, or the units' restarts, that stands in the way.
#[derive(Debug, Clone)]
pub(super) struct Obstacle {
    pub(super) check: &'static Check,
    pub(super) standing: Standing,
    pub(super) evidence: String,
}

/// Whose facts a generation does not make: they are the machine's, the other box's and the customer's.
const NOT_OURS: [Category; 4] = [
    Category::Host,
    Category::Security,
    Category::Peer,
    Category::DataPlanes,
];

/// One data plane whose port is closed to Prometheus makes these red.
const BY_DATA_PLANES: [&str; 2] = ["canary-prometheus", "canary-thanos"];

/// So many restarts by systemd while the gate waits are no accident.
const MANY_RESTARTS: u64 = 2;

/// Whether this reading is held against the generation that runs.
pub(super) fn holds_against(check: &Check, reading: &Reading) -> bool {
    is_awaited(check)
        && !BY_DATA_PLANES.contains(&check.id)
        && matches!(reading.verdict, Verdict::Down | Verdict::Stale)
}

fn is_awaited(check: &Check) -> bool {
    check.severity == Severity::Required && !NOT_OURS.contains(&check.category)
}

/// What stands in the way in this round. `red_before` are checks that were red under the system before.
pub(super) fn obstacles(facts: &Facts, red_before: &BTreeSet<String>) -> Vec<Obstacle> {
    let is_young = is_young(facts);
    crate::check::all()
        .filter(|check| !red_before.contains(check.id))
        .filter_map(|check| obstacle(check, (check.judge)(facts), is_young))
        .collect()
}

/// `is_young`: canaries that have not arrived yet may be on their way.
fn obstacle(check: &'static Check, reading: Reading, is_young: bool) -> Option<Obstacle> {
    let is_under_way =
        is_young && check.category == Category::Canaries && reading.verdict == Verdict::NoTraffic;
    let standing = if holds_against(check, &reading) {
        Standing::Against
    } else if is_awaited(check) && (is_under_way || check.level(reading.verdict) == 2) {
        Standing::Waited
    } else {
        return None;
    };
    Some(Obstacle {
        check,
        standing,
        evidence: reading.evidence,
    })
}

/// Whether the agent has been sending canaries for less than one may take. Later, where none arrives, no collector takes any.
fn is_young(facts: &Facts) -> bool {
    facts.canaries.as_ref().is_some_and(|canaries| {
        let sender = canaries.sender.as_ref();
        sender.is_ok_and(|sender| facts.at - sender.started_at < canaries.max_age)
    })
}

/// Whether Prometheus reads its WAL, which takes minutes after a power cut.
pub(super) fn is_prometheus_starting(facts: &Facts) -> bool {
    let ready = facts.prometheus.as_ref().map(|prometheus| &prometheus.ready);
    is_starting(ready, systemd(facts))
}

/// It answers, and says that it is not ready; or its unit is not yet up.
fn is_starting(ready: Option<&Answer<()>>, systemd: Option<&Systemd>) -> bool {
    let says_so = matches!(ready, Some(Err(why)) if why.starts_with("answered 503"));
    let is_started = systemd.is_some_and(|systemd| {
        systemd.units.iter().any(|unit| {
            unit.name == "prometheus.service"
                && unit.active == "activating"
                && !unit.sub.starts_with("auto-restart")
        })
    });
    says_so || is_started
}

fn systemd(facts: &Facts) -> Option<&Systemd> {
    facts.units.as_ref()?.systemd.as_ref()?.as_ref().ok()
}

/// Restarts by systemd itself, from round to round: a service that dies again and again is well in between.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    /// As systemd counts, in the last round.
    counted: BTreeMap<String, u64>,
    /// Seen to come.
    seen: BTreeMap<String, u64>,
}

impl Restarts {
    /// What this round shows of them, if there were any since the last one.
    pub(super) fn round(&mut self, facts: &Facts) -> Option<Obstacle> {
        // systemd-answers says why not
        let systemd = systemd(facts)?;
        let mut restarted = vec![];
        for unit in systemd.units.iter().filter(|unit| unit.required) {
            let Some(service) = &unit.service else {
                continue;
            };
            let before = self.counted.insert(unit.name.clone(), service.restarts);
            // a start by hand sets the count to zero
            let more = before.map_or(0, |before| service.restarts.saturating_sub(before));
            if more > 0 {
                let seen = self.seen.entry(unit.name.clone()).or_default();
                *seen += more;
                restarted.push((*seen, &unit.name));
            }
        }
        let most = restarted.iter().map(|(seen, _)| *seen).max()?;
        let said: Vec<_> = restarted
            .iter()
            .map(|(seen, name)| format!("{name} was restarted {seen} times while the gate waited"))
            .collect();
        Some(Obstacle {
            check: crate::check::all().find(|check| check.id == "units-restarts")?,
            standing: if most >= MANY_RESTARTS {
                Standing::Against
            } else {
                Standing::Waited
            },
            evidence: said.join("; "),
        })
    }
}

#[cfg(test)]
mod tests;
