use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::facts::units::{Service, Units};
use crate::verdict::Verdict;

const NOW: Timestamp = 1_795_711_000.0;

fn service(name: &str) -> Unit {
    Unit {
        name: name.to_owned(),
        required: true,
        load: "loaded".to_owned(),
        active: "active".to_owned(),
        sub: "running".to_owned(),
        since: Some(NOW - 600.0),
        skipped: false,
        service: Some(Service {
            kind: "notify".to_owned(),
            result: "success".to_owned(),
            memory: Some(80 << 20),
            memory_max: Some(100 << 20),
            ..Service::default()
        }),
    }
}

pub(in crate::check) fn healthy() -> Facts {
    let timer = Unit {
        service: None,
        ..service("signalbox-health-verify.timer")
    };
    Facts {
        at: NOW,
        units: Some(Units {
            systemd: Some(Ok(Systemd {
                state: "running".to_owned(),
                units: vec![
                    service("signalbox-collector.service"),
                    service("prometheus.service"),
                    timer,
                ],
                timers: vec![Timer {
                    name: "signalbox-health-verify.timer".to_owned(),
                    unit: "signalbox-health-verify.service".to_owned(),
                    last: Some(NOW - 3600.0),
                    next: Some(NOW + 3600.0),
                    result: "success".to_owned(),
                }],
                ..Systemd::default()
            })),
            journal: Some(Ok(Journal {
                window: Duration::from_mins(15),
                ..Journal::default()
            })),
            generation: Some(Ok(Generation {
                number: Some(42),
                desired: PathBuf::from("/nix/store/x-system"),
                current: PathBuf::from("/nix/store/x-system"),
                current_number: Some(42),
                reboot_for: vec![],
            })),
        }),
        ..Facts::default()
    }
}

fn reading(facts: &Facts, id: &str) -> Reading {
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    (check.judge)(facts)
}

/// The healthy machine with one thing changed.
fn broken(change: impl FnOnce(&mut Systemd, &mut Journal, &mut Generation)) -> Facts {
    let mut facts = healthy();
    let units = facts.units.as_mut().unwrap();
    let (Some(Ok(systemd)), Some(Ok(journal)), Some(Ok(generation))) =
        (&mut units.systemd, &mut units.journal, &mut units.generation)
    else {
        unreachable!();
    };
    change(systemd, journal, generation);
    facts
}

/// That one check says so, and every other one is still content.
fn only(facts: &Facts, id: &str, expected: Reading) {
    for check in CHECKS {
        let reading = (check.judge)(facts);
        if check.id == id {
            assert_eq!(reading, expected, "{id}");
        } else {
            assert!(reading.verdict.is_good(), "{}: {reading:?}", check.id);
        }
    }
}

fn of(unit: &mut Unit) -> &mut Service {
    unit.service.as_mut().unwrap()
}

#[test]
fn a_healthy_machine_is_ok_in_every_check() {
    for check in CHECKS {
        assert_eq!((check.judge)(&healthy()).verdict, Verdict::Ok, "{}", check.id);
    }
    assert_eq!(
        reading(&healthy(), "generation-current").evidence,
        "generation 42, /nix/store/x-system"
    );
}

#[test]
fn a_systemd_that_cannot_be_asked_is_told_once() {
    let facts = Facts {
        units: Some(Units {
            systemd: Some(Err(
                "the system's D-Bus cannot be reached: No such file".to_owned()
            )),
            ..Units::default()
        }),
        ..Facts::default()
    };
    only(
        &facts,
        "systemd-answers",
        Reading::unknown("systemd cannot be asked: the system's D-Bus cannot be reached: No such file"),
    );
}

#[test]
fn a_machine_that_stops_is_down() {
    let facts = broken(|systemd, _, _| "stopping".clone_into(&mut systemd.state));
    only(
        &facts,
        "systemd-answers",
        Reading::down("the machine is stopping"),
    );
}

#[test]
fn a_unit_that_has_failed_is_named() {
    let facts = broken(|systemd, _, _| {
        "failed".clone_into(&mut systemd.units[0].active);
        "exit-code".clone_into(&mut of(&mut systemd.units[0]).result);
    });
    only(
        &facts,
        "units-active",
        Reading::down("signalbox-collector.service has failed (exit-code)"),
    );
}

#[test]
fn what_is_not_up_differs_from_what_is_not_up_yet() {
    let state = |load: &'static str, active: &'static str, sub: &'static str| {
        reading(
            &broken(move |systemd, _, _| {
                let unit = &mut systemd.units[1];
                load.clone_into(&mut unit.load);
                active.clone_into(&mut unit.active);
                sub.clone_into(&mut unit.sub);
            }),
            "units-active",
        )
    };
    assert_eq!(
        state("loaded", "activating", "start"),
        Reading::degraded("prometheus.service is starting")
    );
    assert_eq!(
        state("loaded", "activating", "auto-restart"),
        Reading::down("prometheus.service waits to be restarted")
    );
    assert_eq!(
        state("loaded", "inactive", "dead"),
        Reading::down("prometheus.service is inactive")
    );
    assert_eq!(
        state("not-found", "inactive", "dead"),
        Reading::down("prometheus.service is not-found")
    );
    assert_eq!(state("loaded", "reloading", "reload").verdict, Verdict::Ok);
}

#[test]
fn what_need_not_run_may_be_inactive() {
    let facts = broken(|systemd, _, _| {
        for unit in &mut systemd.units {
            "inactive".clone_into(&mut unit.active);
        }
        let [oneshot, stopped, skipped] = systemd.units.as_mut_slice() else {
            unreachable!()
        };
        "oneshot".clone_into(&mut of(oneshot).kind);
        of(oneshot).ended = Some(NOW - 60.0);
        stopped.required = false;
        skipped.skipped = true;
    });
    assert_eq!(reading(&facts, "units-active"), Reading::ok("2 units"));
    assert_eq!(reading(&facts, "timers-run").verdict, Verdict::NotApplicable);
}

#[test]
fn a_load_generator_may_have_done_its_work() {
    let ended = |name: &str, result: &str| {
        let facts = broken(|systemd, _, _| {
            let unit = &mut systemd.units[0];
            name.clone_into(&mut unit.name);
            "inactive".clone_into(&mut unit.active);
            result.clone_into(&mut of(unit).result);
            of(unit).ended = Some(NOW - 60.0);
        });
        reading(&facts, "units-active")
    };
    assert_eq!(
        ended("signalbox-load-gen@prod.service", "success"),
        Reading::ok("3 units")
    );
    assert_eq!(
        ended("signalbox-load-gen@prod.service", "exit-code").verdict,
        Verdict::Down
    );
    // what should go on for ever has not done its work when it ends
    assert_eq!(
        ended("signalbox-collector.service", "success"),
        Reading::down("signalbox-collector.service is inactive")
    );
}

#[test]
fn a_unit_that_cannot_be_asked_about_leaves_the_verdict_on_the_others() {
    let facts = broken(|systemd, _, _| {
        systemd.units.remove(1);
        systemd.untold = BTreeMap::from([("prometheus".to_owned(), "no such unit".to_owned())]);
    });
    only(
        &facts,
        "units-active",
        Reading::degraded("prometheus cannot be asked about: no such unit"),
    );
    let facts = broken(|systemd, _, _| systemd.failed = Err("it timed out".to_owned()));
    only(
        &facts,
        "units-failed",
        Reading::unknown("systemd does not list them: it timed out"),
    );
}

#[test]
fn failed_units_of_others_are_named() {
    let facts =
        broken(|systemd, _, _| systemd.failed = Ok(vec!["a.service".to_owned(), "b.mount".to_owned()]));
    only(
        &facts,
        "units-failed",
        Reading::degraded("failed: a.service, b.mount"),
    );
}

#[test]
fn many_restarts_count_for_an_hour() {
    let restarted = |restarts: u64, ago: f64| {
        broken(move |systemd, _, _| {
            of(&mut systemd.units[0]).restarts = restarts;
            systemd.units[0].since = Some(NOW - ago);
        })
    };
    only(
        &restarted(3, 65.0),
        "units-restarts",
        Reading::degraded(
            "signalbox-collector.service was restarted by systemd 3 times since the boot or a start by hand, last 1 min ago",
        ),
    );
    assert_eq!(
        reading(&restarted(2, 65.0), "units-restarts").verdict,
        Verdict::Ok
    );
    assert_eq!(
        reading(&restarted(9, 3700.0), "units-restarts").verdict,
        Verdict::Ok
    );
}

#[test]
fn the_watchdog_is_seen_in_the_result_and_in_the_journal() {
    let facts = broken(|_, journal, _| {
        journal.watchdog = BTreeMap::from([("signalbox-dashboard.service".to_owned(), 2)]);
    });
    only(
        &facts,
        "units-watchdog",
        Reading::degraded(
            "signalbox-dashboard.service did not answer its watchdog 2 times in the last 15 min",
        ),
    );
    let facts = broken(|systemd, _, _| "watchdog".clone_into(&mut of(&mut systemd.units[0]).result));
    only(
        &facts,
        "units-watchdog",
        Reading::down("signalbox-collector.service was killed by its watchdog"),
    );
}

#[test]
fn memory_is_judged_without_the_page_cache() {
    let facts = broken(|systemd, _, _| of(&mut systemd.units[0]).memory = Some(95 << 20));
    only(
        &facts,
        "units-memory",
        Reading::degraded("signalbox-collector.service has 95 MiB of at most 100 MiB"),
    );
    let facts = broken(|systemd, _, _| {
        of(&mut systemd.units[0]).memory = Some(95 << 20);
        of(&mut systemd.units[0]).cache = Some(20 << 20);
    });
    assert_eq!(reading(&facts, "units-memory").verdict, Verdict::Ok);
    let facts = broken(|systemd, _, _| {
        for unit in &mut systemd.units {
            if let Some(service) = &mut unit.service {
                service.memory_max = None;
            }
        }
    });
    assert_eq!(reading(&facts, "units-memory").verdict, Verdict::NotApplicable);
}

#[test]
fn a_timer_whose_work_failed_or_that_is_late_is_named() {
    let facts = broken(|systemd, _, _| "exit-code".clone_into(&mut systemd.timers[0].result));
    only(
        &facts,
        "timers-run",
        Reading::degraded(
            "signalbox-health-verify.service has failed (exit-code), last started 1 h 0 min ago",
        ),
    );
    let facts = broken(|systemd, _, _| systemd.timers[0].next = Some(NOW - 7200.0));
    only(
        &facts,
        "timers-run",
        Reading::stale(
            "signalbox-health-verify.timer should have started signalbox-health-verify.service 2 h 0 min ago",
        ),
    );
}

#[test]
fn a_timer_that_has_not_run_yet_is_ok() {
    let facts = broken(|systemd, _, _| systemd.timers[0].last = None);
    assert_eq!(reading(&facts, "timers-run"), Reading::ok("1 timer"));
}

#[test]
fn many_errors_of_ours_are_counted() {
    let errors = |unit: &str, count: u64| {
        broken(|systemd, journal, _| {
            systemd.units.push(service(OWN_UNIT));
            journal.units = BTreeMap::from([(unit.to_owned(), count)]);
        })
    };
    only(
        &errors("prometheus.service", 12),
        "journal-errors",
        Reading::degraded("prometheus.service logged 12 errors in the last 15 min"),
    );
    let judged = |unit: &str, count: u64| reading(&errors(unit, count), "journal-errors");
    assert_eq!(
        judged("prometheus.service", 3),
        Reading::ok("3 in the last 15 min")
    );
    assert_eq!(judged("ssh.service", 500).verdict, Verdict::Ok);
    assert_eq!(judged(OWN_UNIT, 500).verdict, Verdict::Ok);
}

#[test]
fn a_journal_that_may_not_be_read_says_which_group_is_missing() {
    let mut facts = healthy();
    facts.units.as_mut().unwrap().journal = Some(Err(
        "the journal may not be read: this user is not in the group systemd-journal".to_owned(),
    ));
    for id in ["journal-errors", "kernel-messages"] {
        assert_eq!(
            reading(&facts, id),
            Reading::unknown("the journal may not be read: this user is not in the group systemd-journal")
        );
    }
}

#[test]
fn what_the_kernel_is_concerned_about_is_shown() {
    let facts = broken(|_, journal, _| {
        journal.kernel = BTreeMap::from([("I/O error", 4), ("Out of memory", 1)]);
    });
    only(
        &facts,
        "kernel-messages",
        Reading::degraded("\"I/O error\" 4 times, \"Out of memory\" 1 time in the last 15 min"),
    );
}

#[test]
fn another_system_than_the_desired_one_is_named() {
    let active = |number: Option<u64>| {
        broken(|_, _, generation| {
            generation.current = PathBuf::from("/nix/store/w-system");
            generation.current_number = number;
        })
    };
    only(
        &active(Some(41)),
        "generation-current",
        Reading::degraded(
            "active is generation 41 (/nix/store/w-system), and booted next is generation 42 (/nix/store/x-system)",
        ),
    );
    // as after `nixos-rebuild test`
    only(
        &active(None),
        "generation-current",
        Reading::degraded(
            "active is /nix/store/w-system, which is no generation, and booted next is generation 42 (/nix/store/x-system)",
        ),
    );
}

#[test]
fn a_specialisation_of_the_desired_one_is_current() {
    let facts = broken(|_, _, generation| generation.current = PathBuf::from("/nix/store/w-system"));
    assert_eq!(
        reading(&facts, "generation-current"),
        Reading::ok("generation 42, as its specialisation /nix/store/w-system")
    );
}

/// `nixos-rebuild --rollback` goes to the one before that which is booted next, whatever is active.
#[test]
fn the_way_to_stay_at_the_active_system_names_it() {
    let check = CHECKS
        .iter()
        .find(|check| check.id == "generation-current")
        .unwrap();
    assert!(!check.fix.contains("--rollback"), "{}", check.fix);
    for step in ["--switch-generation N", "switch-to-configuration boot"] {
        assert!(check.fix.contains(step), "{}", check.fix);
    }
}

#[test]
fn another_kernel_than_the_booted_one_wants_a_reboot() {
    let facts = broken(|_, _, generation| {
        generation.reboot_for = vec!["kernel".to_owned(), "initrd".to_owned()];
    });
    only(
        &facts,
        "reboot-pending",
        Reading::degraded("booted with another kernel and initrd"),
    );
}
