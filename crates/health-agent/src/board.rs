//! What is held of every check at this moment.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::check::{self, Category, Check};
use crate::facts::{Facts, Timestamp};
use crate::hysteresis::{Held, Transition};
use crate::verdict::Verdict;

/// The verdicts, by check. Pure: it is given facts, and tells what changed.
#[derive(Debug, Default)]
pub(crate) struct Board {
    held: BTreeMap<&'static str, Held>,
    took: BTreeMap<Category, std::time::Duration>,
    /// When the last round was.
    at: Option<Timestamp>,
}

/// A check whose verdict has just changed.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) check: &'static Check,
    pub(crate) transition: Transition,
    pub(crate) evidence: String,
}

impl Board {
    /// Judges one round.
    pub(crate) fn take(&mut self, facts: &Facts) -> Vec<Change> {
        self.at = Some(facts.at);
        self.took.clone_from(&facts.took);
        let mut changes = vec![];
        for check in check::all() {
            let reading = (check.judge)(facts);
            let transition = if let Some(held) = self.held.get_mut(check.id) {
                held.read(reading, facts.at)
            } else {
                let (held, transition) = Held::first(reading, facts.at);
                self.held.insert(check.id, held);
                Some(transition)
            };
            if let Some(transition) = transition {
                changes.push(Change {
                    check,
                    transition,
                    evidence: self.held[check.id].reading.evidence.clone(),
                });
            }
        }
        changes
    }

    /// Every check that applies, and what is held of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static Check, &Held)> {
        check::all()
            .filter_map(|check| Some((check, self.held.get(check.id)?)))
            .filter(|(_, held)| held.reading.verdict != Verdict::NotApplicable)
    }

    /// How long the probe of a category took in the last round.
    pub(crate) fn took(&self, category: Category) -> Option<std::time::Duration> {
        self.took.get(&category).copied()
    }

    /// When the last round was.
    pub(crate) fn read_at(&self) -> Option<Timestamp> {
        self.at
    }
}

/// The whole in one word and one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// 0 all is well, 1 attention, 2 something is broken.
    pub(crate) level: u8,
    pub(crate) line: String,
}

impl Summary {
    /// Of checks with their verdicts.
    pub(crate) fn of<'a>(readings: impl Iterator<Item = (&'a Check, Verdict)>) -> Self {
        let (mut checks, mut level) = (0, 0);
        let (mut broken, mut attention, mut untold) = (vec![], vec![], vec![]);
        for (check, verdict) in readings {
            checks += 1;
            level = level.max(check.level(verdict));
            match (check.level(verdict), verdict) {
                (0, _) => {}
                // for the reason that something else is broken
                (_, Verdict::Unknown) => untold.push((verdict, check.id)),
                (1, _) => attention.push((verdict, check.id)),
                _ => broken.push((verdict, check.id)),
            }
        }
        if checks == 0 {
            return Self {
                level: 1,
                line: "nothing is configured to be checked".to_owned(),
            };
        }
        let parts: Vec<_> = [
            (broken, "broken"),
            (attention, "to look into"),
            (untold, "cannot be judged"),
        ]
        .into_iter()
        .filter(|(ids, _)| !ids.is_empty())
        .map(|(ids, what)| count(ids, what))
        .collect();
        let checks = if checks == 1 {
            "1 check".to_owned()
        } else {
            format!("{checks} checks")
        };
        let line = if parts.is_empty() {
            format!("{checks}, all is well")
        } else {
            format!("{checks}, {}", parts.join(", "))
        };
        Self { level, line }
    }

    /// The word for the level.
    pub(crate) fn word(&self) -> &'static str {
        ["ok", "attention", "broken"][usize::from(self.level)]
    }
}

/// The worst first.
fn count(mut ids: Vec<(Verdict, &str)>, what: &str) -> String {
    const NAMED: usize = 5;
    ids.sort_by_key(|(verdict, _)| Reverse(*verdict));
    let names: Vec<_> = ids.iter().take(NAMED).map(|(_, id)| *id).collect();
    let mut names = names.join(", ");
    if ids.len() > NAMED {
        names += ", …";
    }
    format!("{} {what} ({names})", ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::verdict::Reading;

    const fn check(id: &'static str, severity: Severity) -> Check {
        Check {
            id,
            category: Category::Host,
            severity,
            title: "",
            fix: "",
            runbook: None,
            before_start: false,
            judge: |_| Reading::ok(""),
        }
    }

    static NEEDED: Check = check("needed", Severity::Required);
    static REASON: Check = check("reason", Severity::Required);
    static WANTED: Check = check("wanted", Severity::Advisory);

    #[track_caller]
    fn summary(readings: &[(&Check, Verdict)], level: u8, line: &str) {
        let summary = Summary::of(readings.iter().copied());
        assert_eq!((summary.level, summary.line.as_str()), (level, line));
    }

    #[test]
    fn the_summary_names_what_is_wrong() {
        summary(&[], 1, "nothing is configured to be checked");
        summary(
            &[(&NEEDED, Verdict::Ok), (&WANTED, Verdict::NoTraffic)],
            0,
            "2 checks, all is well",
        );
        summary(
            &[(&NEEDED, Verdict::Ok), (&WANTED, Verdict::Down)],
            1,
            "2 checks, 1 to look into (wanted)",
        );
        summary(
            &[(&NEEDED, Verdict::Degraded)],
            1,
            "1 check, 1 to look into (needed)",
        );
        summary(
            &[(&NEEDED, Verdict::Stale), (&WANTED, Verdict::Unknown)],
            2,
            "2 checks, 1 broken (needed), 1 cannot be judged (wanted)",
        );
        summary(
            &[(&NEEDED, Verdict::Unknown), (&REASON, Verdict::Down)],
            2,
            "2 checks, 1 broken (reason), 1 cannot be judged (needed)",
        );
        summary(
            &[(&NEEDED, Verdict::Stale), (&REASON, Verdict::Down)],
            2,
            "2 checks, 2 broken (reason, needed)",
        );
        summary(
            &[(&WANTED, Verdict::Unknown)],
            1,
            "1 check, 1 cannot be judged (wanted)",
        );
        summary(
            &[(&NEEDED, Verdict::Unknown)],
            2,
            "1 check, 1 cannot be judged (needed)",
        );
        summary(
            &[(&NEEDED, Verdict::Down); 7],
            2,
            "7 checks, 7 broken (needed, needed, needed, needed, needed, …)",
        );
    }
}
