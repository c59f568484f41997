//! What was installed: whether it could stay, and whether it is what was built.
//!
//! All of it is advice: the gate waits for required checks, and cannot wait for its own verdict.

use crate::check::phrase::{few, time};
use crate::check::{Category, Check, Severity};
use crate::facts::generation::{Comparison, Gate, Verified};
use crate::facts::{Answer, Facts, Timestamp};
use crate::verdict::{Reading, Verdict};

/// It is compared daily; a box may be off for a weekend, and a run may take more than one night.
const FRESH: f64 = 8.0 * 86_400.0;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "gate-verdict",
        category: Category::Generation,
        severity: Severity::Advisory,
        title: "After the last boot or switch the box became healthy",
        fix: "Mend the checks that are named, and let the gate judge again: `systemctl start signalbox-health-gate.service`",
        runbook: None,
        before_start: false,
        judge: |facts| gate(facts, verdict),
    },
    Check {
        id: "gate-rolled-back",
        category: Category::Generation,
        severity: Severity::Advisory,
        title: "What runs is what was installed, and not what the gate went back to",
        fix: "See why it went back (`journalctl -u signalbox-health-gate -u signalbox-health-rollback`), mend the configuration, and switch to it: the same generation is not taken back twice",
        runbook: None,
        before_start: false,
        judge: |facts| gate(facts, rolled_back),
    },
    Check {
        id: "gate-maintenance",
        category: Category::Generation,
        severity: Severity::Advisory,
        title: "The gate is on duty",
        fix: "Say that the work is done: `signalbox-health gate --maintenance off`",
        runbook: None,
        before_start: false,
        judge: |facts| gate(facts, maintenance),
    },
    Check {
        id: "closure-verified",
        category: Category::Generation,
        severity: Severity::Advisory,
        title: "What is installed is what was built",
        fix: "Run `systemctl start signalbox-health-verify.service` and see `journalctl -u signalbox-health-verify`; repair what has changed by `nix-store --repair-path PATH`, and find out who changed it",
        runbook: Some("SystemChanged"),
        before_start: false,
        judge: verified,
    },
];

fn gate(facts: &Facts, judge: fn(&Gate, Timestamp) -> Reading) -> Reading {
    match facts.generation.as_ref().and_then(|it| it.gate.as_ref()) {
        None => Reading::not_applicable("there has been no gate here"),
        Some(Err(error)) => Reading::unknown(format!("the gate's memory: {error}")),
        Some(Ok(gate)) => judge(gate, facts.at),
    }
}

fn verdict(gate: &Gate, now: Timestamp) -> Reading {
    let Some(last) = &gate.last else {
        return Reading::not_applicable("the gate has not come to a verdict yet");
    };
    let ago = time(now - last.at);
    if last.green {
        Reading::ok(format!("the gate found it healthy {ago} ago"))
    } else {
        Reading::degraded(format!(
            "{ago} ago these stayed red: {}; {}",
            few(&last.red),
            last.why
        ))
    }
}

fn rolled_back(gate: &Gate, now: Timestamp) -> Reading {
    match &gate.rolled_back {
        None => Reading::ok("the gate has not gone back from what was installed last"),
        Some(back) => Reading::degraded(format!(
            "{} ago the gate went back from {} to {}, because these stayed red: {}",
            time(now - back.at),
            back.from,
            back.to,
            few(&back.red)
        )),
    }
}

fn maintenance(gate: &Gate, now: Timestamp) -> Reading {
    match gate.maintenance {
        None => Reading::ok("a generation that is not healthy is taken back"),
        Some(None) => {
            Reading::degraded("somebody works on this box: until the next boot the gate only reports")
        }
        Some(Some(until)) => Reading::degraded(format!(
            "somebody works on this box: for another {} the gate only reports",
            time(until - now)
        )),
    }
}

fn verified(facts: &Facts) -> Reading {
    let verified: Option<&Answer<Verified>> = facts.generation.as_ref().and_then(|it| it.verified.as_ref());
    let verified = match verified {
        None => return Reading::not_applicable("there is no manifest of what was built"),
        Some(Err(error)) => return Reading::unknown(format!("the result of the last comparison: {error}")),
        Some(Ok(verified)) => verified,
    };
    let found = match &verified.last {
        Some(last) => compared(last, facts.at),
        None => never_compared(verified.since, facts.at),
    };
    let Some(failed) = &verified.failed else {
        return found;
    };
    let ago = time(facts.at - failed.at);
    let failed = format!("{ago} ago nothing could be compared: {}", failed.error);
    if found.verdict <= Verdict::Degraded {
        Reading::degraded(failed)
    } else {
        // that it fails now makes nothing right that was not
        Reading::new(found.verdict, format!("{}; {failed}", found.evidence))
    }
}

fn compared(last: &Comparison, now: Timestamp) -> Reading {
    let ago = time(now - last.at);
    match &last.findings[..] {
        [] if now - last.at > FRESH => {
            Reading::stale(format!("the last comparison that came to its end was {ago} ago"))
        }
        [] => Reading::ok(format!("{} store paths were as built {ago} ago", last.paths)),
        findings => {
            let more = last.findings_total.saturating_sub(findings.len());
            let more = if more > 0 {
                format!(", and {more} more")
            } else {
                String::new()
            };
            Reading::down(format!("{}{more}, {ago} ago", findings.join("; ")))
        }
    }
}

fn never_compared(since: Option<Timestamp>, now: Timestamp) -> Reading {
    match since {
        None => Reading::degraded("it was never compared: what verify.manifest names is not there"),
        Some(since) if now - since > FRESH => Reading::degraded(format!(
            "it was never compared, though there has been something to compare with for {}",
            time(now - since)
        )),
        Some(_) => Reading::no_traffic("it has not been compared yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::generation::{Failed, Generation, Judged, RolledBack};

    const NOW: Timestamp = 1_795_710_000.0;

    fn healthy() -> (Gate, Verified) {
        let gate = Gate {
            last: Some(Judged {
                at: NOW - 120.0,
                green: true,
                why: "all required checks are green".to_owned(),
                red: vec![],
            }),
            ..Gate::default()
        };
        let comparison = Comparison {
            at: NOW - 86_400.0,
            paths: 1203,
            ..Comparison::default()
        };
        let verified = Verified {
            since: Some(NOW - 30.0 * 86_400.0),
            last: Some(comparison),
            failed: None,
        };
        (gate, verified)
    }

    fn judge(id: &str, change: impl FnOnce(&mut Gate, &mut Verified)) -> (Verdict, String) {
        let (mut gate, mut verified) = healthy();
        change(&mut gate, &mut verified);
        read(
            id,
            Generation {
                gate: Some(Ok(gate)),
                verified: Some(Ok(verified)),
            },
        )
    }

    fn read(id: &str, generation: Generation) -> (Verdict, String) {
        let facts = Facts {
            at: NOW,
            generation: Some(generation),
            ..Facts::default()
        };
        let check = CHECKS.iter().find(|check| check.id == id).unwrap();
        let reading = (check.judge)(&facts);
        (reading.verdict, reading.evidence)
    }

    #[test]
    fn a_healthy_box_has_nothing_to_say() {
        for check in CHECKS {
            let (verdict, evidence) = judge(check.id, |_, _| ());
            assert_eq!(verdict, Verdict::Ok, "{}: {evidence}", check.id);
        }
        assert_eq!(
            judge("closure-verified", |_, _| ()).1,
            "1203 store paths were as built 1 d 0 h ago"
        );
    }

    #[test]
    fn a_red_verdict_names_what_stayed_red() {
        let red = judge("gate-verdict", |gate, _| {
            gate.last = Some(Judged {
                at: NOW - 120.0,
                green: false,
                why: "there is nothing to go back to".to_owned(),
                red: vec!["prometheus-ready".to_owned()],
            });
        });
        assert_eq!(
            red,
            (
                Verdict::Degraded,
                "2 min ago these stayed red: prometheus-ready; there is nothing to go back to".to_owned()
            )
        );
    }

    #[test]
    fn what_came_back_is_named() {
        let back = judge("gate-rolled-back", |gate, _| {
            gate.rolled_back = Some(RolledBack {
                at: NOW - 7200.0,
                from: "generation 3 (/nix/store/c)".to_owned(),
                to: "generation 2 (/nix/store/b)".to_owned(),
                red: vec!["thanos-ready".to_owned()],
            });
        });
        assert_eq!(
            back,
            (
                Verdict::Degraded,
                "2 h 0 min ago the gate went back from generation 3 (/nix/store/c) to generation 2 (/nix/store/b), \
                 because these stayed red: thanos-ready"
                    .to_owned()
            )
        );
    }

    #[test]
    fn maintenance_is_seen() {
        let until = judge("gate-maintenance", |gate, _| {
            gate.maintenance = Some(Some(NOW + 600.0));
        });
        assert_eq!(
            until,
            (
                Verdict::Degraded,
                "somebody works on this box: for another 10 min the gate only reports".to_owned()
            )
        );
        let boot = judge("gate-maintenance", |gate, _| gate.maintenance = Some(None));
        assert_eq!(boot.0, Verdict::Degraded);
        assert!(boot.1.contains("until the next boot"), "{}", boot.1);
    }

    #[test]
    fn what_has_changed_is_named() {
        let mut changed = healthy().1;
        let last = changed.last.as_mut().unwrap();
        last.findings = vec!["/nix/store/a has changed".to_owned()];
        last.findings_total = 7;
        assert_eq!(
            judge("closure-verified", |_, verified| *verified = changed.clone()),
            (
                Verdict::Down,
                "/nix/store/a has changed, and 6 more, 1 d 0 h ago".to_owned()
            )
        );
        // as when the manifest is gone
        changed.failed = Some(failed());
        assert_eq!(
            judge("closure-verified", |_, verified| *verified = changed),
            (
                Verdict::Down,
                "/nix/store/a has changed, and 6 more, 1 d 0 h ago; 2 min ago nothing could be compared: it is not signed"
                    .to_owned()
            )
        );
    }

    fn failed() -> Failed {
        Failed {
            at: NOW - 120.0,
            error: "it is not signed".to_owned(),
        }
    }

    #[test]
    fn an_old_comparison_and_none_are_told_apart() {
        let old = |verified: &mut Verified| verified.last.as_mut().unwrap().at = NOW - 9.0 * 86_400.0;
        let stale = "the last comparison that came to its end was 9 d 0 h ago";
        let since = "2 min ago nothing could be compared: it is not signed";
        assert_eq!(
            judge("closure-verified", |_, verified| old(verified)),
            (Verdict::Stale, stale.to_owned())
        );
        assert_eq!(
            judge("closure-verified", |_, verified| verified.failed = Some(failed())),
            (Verdict::Degraded, since.to_owned())
        );
        let both = judge("closure-verified", |_, verified| {
            old(verified);
            verified.failed = Some(failed());
        });
        assert_eq!(both, (Verdict::Stale, format!("{stale}; {since}")));
    }

    #[test]
    fn what_was_never_compared_has_a_week() {
        let never = |since: Option<f64>, failed: Option<Failed>| {
            judge("closure-verified", |_, verified| {
                *verified = Verified {
                    since: since.map(|days| NOW - days * 86_400.0),
                    last: None,
                    failed,
                };
            })
        };
        assert_eq!(
            never(Some(7.5), None),
            (Verdict::NoTraffic, "it has not been compared yet".to_owned())
        );
        assert_eq!(
            never(Some(9.0), None),
            (
                Verdict::Degraded,
                "it was never compared, though there has been something to compare with for 9 d 0 h"
                    .to_owned()
            )
        );
        assert_eq!(
            never(None, None),
            (
                Verdict::Degraded,
                "it was never compared: what verify.manifest names is not there".to_owned()
            )
        );
        for days in [7.5, 9.0] {
            assert_eq!(
                never(Some(days), Some(failed())),
                (
                    Verdict::Degraded,
                    "2 min ago nothing could be compared: it is not signed".to_owned()
                )
            );
        }
    }

    #[test]
    fn a_memory_that_cannot_be_read_is_said() {
        for check in CHECKS {
            let unreadable = Generation {
                gate: Some(Err("torn".to_owned())),
                verified: Some(Err("torn".to_owned())),
            };
            let (verdict, evidence) = read(check.id, unreadable);
            assert_eq!(verdict, Verdict::Unknown, "{}", check.id);
            assert!(evidence.ends_with(": torn"), "{evidence}");
        }
    }
}
