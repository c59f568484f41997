//! Units of systemd, generations, the journal: what must hold.

use crate::check::phrase::{count, few, time};
use crate::check::{Category, Check, Severity};
use crate::facts::units::{Generation, Journal, Systemd, Timer, Unit};
use crate::facts::{Answer, Facts, Timestamp};
use crate::verdict::Reading;

/// All of them.
pub const CHECKS: &[Check] = &[
    Check {
        id: "systemd-answers",
        category: Category::Units,
        severity: Severity::Required,
        title: "systemd can be asked",
        fix: "Run `systemctl is-system-running`; without D-Bus, `apt-get install dbus` or `systemctl start dbus.socket`; where systemd does not run, take system.units out of the settings",
        runbook: None,
        before_start: false,
        judge: |facts| {
            with_systemd(facts, answers, |error| {
                Reading::unknown(format!("systemd cannot be asked: {error}"))
            })
        },
    },
    Check {
        id: "units-active",
        category: Category::Units,
        severity: Severity::Required,
        title: "Every unit of the box is active",
        fix: "Run `systemctl status UNIT` and `journalctl --unit=UNIT --since=-15min` for each unit that is named, mend what they say, and `systemctl restart UNIT`; what systemd cannot be asked about may be a wrong name in system.units",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, |systemd, _| units_active(systemd)),
    },
    Check {
        id: "units-failed",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "No unit of the machine has failed",
        fix: "Run `systemctl status UNIT` for each unit that is named; when its cause is mended, `systemctl restart UNIT`, or `systemctl reset-failed UNIT` if it is not needed again",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, |systemd, _| units_failed(systemd)),
    },
    Check {
        id: "units-restarts",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "No unit keeps being restarted",
        fix: "Run `journalctl --unit=UNIT --since=-1h` and look at the last lines before each restart",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, units_restarts),
    },
    Check {
        id: "units-watchdog",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "Every service answers its watchdog",
        fix: "Run `journalctl --unit=UNIT --since=-1h`: the message before \"Watchdog timeout\" tells what it was busy with; give the machine more processors or a faster disk if it was busy with its work",
        runbook: None,
        before_start: false,
        judge: units_watchdog,
    },
    Check {
        id: "units-memory",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "Every service is well below its memory limit",
        fix: "Raise MemoryMax= of the unit by `systemctl edit UNIT` or the box's deployment file, or give it less to do, before the kernel kills it",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, |systemd, _| units_memory(systemd)),
    },
    Check {
        id: "timers-run",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "Timers run, and what they start succeeds",
        fix: "Run `systemctl list-timers --all` and `systemctl status UNIT` of what the timer starts, mend what it says, and `systemctl start UNIT`",
        runbook: None,
        before_start: false,
        judge: |facts| judge(facts, timers_run),
    },
    Check {
        id: "journal-errors",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "Services log few errors",
        fix: "Run `journalctl --unit=UNIT --priority=err --since=-15min`; to let the agent read the journal, add its user to the group systemd-journal",
        runbook: None,
        before_start: false,
        judge: |facts| with_journal(facts, journal_errors),
    },
    Check {
        id: "kernel-messages",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "The kernel reports no broken disk, want of memory or hung task",
        fix: "Run `journalctl --dmesg --priority=err --since=-1h`: replace a disk with I/O errors, give more memory where processes were killed",
        runbook: None,
        before_start: false,
        judge: |facts| with_journal(facts, |journal, _| kernel_messages(journal)),
    },
    Check {
        id: "generation-current",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "The system that is active is the one that will be booted",
        fix: "Run `/nix/var/nix/profiles/system/bin/switch-to-configuration switch` to go to what will be booted; or, to stay at the active one, `nix-env -p /nix/var/nix/profiles/system --switch-generation N` with its number (where it has none, `nix-env -p /nix/var/nix/profiles/system --set \"$(readlink -f /run/current-system)\"`) and then `/nix/var/nix/profiles/system/bin/switch-to-configuration boot`",
        runbook: None,
        before_start: false,
        judge: |facts| with_generation(facts, generation_current),
    },
    Check {
        id: "reboot-pending",
        category: Category::Units,
        severity: Severity::Advisory,
        title: "The kernel that runs is the active system's",
        fix: "Run `systemctl reboot` in the next maintenance window, one box of a pair after the other",
        runbook: None,
        before_start: false,
        judge: |facts| with_generation(facts, reboot_pending),
    },
];

/// So many restarts by systemd itself are one too many, if the last was within [`RESTARTS_WINDOW`]. systemd counts from the boot or the
/// last start by hand, however long ago that was.
const MANY_RESTARTS: u64 = 3;
const RESTARTS_WINDOW: f64 = 3600.0;
/// The part of its limit that a service may have.
const MEMORY_BOUND: f64 = 0.9;
/// So many errors in the journal's window are more than something that passes by itself.
const MANY_ERRORS: u64 = 10;
/// Seconds by which a timer may be late: `AccuracySec=`, and a machine that has just woken up.
const TIMER_LATE: f64 = 900.0;
/// What it logs are the checks that fail: they are not counted a second time.
const OWN_UNIT: &str = "signalbox-health.service";
/// How the names of all load generators begin.
const LOAD_GENERATOR: &str = "signalbox-load-gen@";

fn with_systemd(
    facts: &Facts,
    of: impl Fn(&Systemd) -> Reading,
    failed: impl Fn(&str) -> Reading,
) -> Reading {
    match facts.units.as_ref().and_then(|units| units.systemd.as_ref()) {
        None => Reading::not_applicable("no unit of this machine belongs to the box"),
        Some(Err(error)) => failed(error),
        Some(Ok(systemd)) => of(systemd),
    }
}

/// That systemd cannot be asked is told by the check on that alone.
fn judge(facts: &Facts, of: fn(&Systemd, Timestamp) -> Reading) -> Reading {
    with_systemd(
        facts,
        |systemd| of(systemd, facts.at),
        |_| Reading::not_applicable("systemd cannot be asked"),
    )
}

fn with_journal(facts: &Facts, of: fn(&Journal, &Systemd) -> Reading) -> Reading {
    let Some(units) = &facts.units else {
        return Reading::not_applicable("no unit of this machine belongs to the box");
    };
    match (&units.journal, &units.systemd) {
        (Some(Ok(journal)), Some(Ok(systemd))) => of(journal, systemd),
        (Some(Err(error)), _) => Reading::unknown(error),
        _ => Reading::not_applicable("systemd cannot be asked"),
    }
}

fn with_generation(facts: &Facts, of: fn(&Generation) -> Reading) -> Reading {
    match facts.units.as_ref().and_then(|units| units.generation.as_ref()) {
        None => Reading::not_applicable("the machine has no generations"),
        Some(Err(error)) => Reading::unknown(error),
        Some(Ok(generation)) => of(generation),
    }
}

fn answers(systemd: &Systemd) -> Reading {
    match systemd.state.as_str() {
        state @ ("maintenance" | "stopping" | "offline") => Reading::down(format!("the machine is {state}")),
        // that units have failed, and that some are not up yet, is told by other checks
        state => Reading::ok(format!(
            "{state}, with {} of the box",
            count(systemd.units.len(), "unit")
        )),
    }
}

fn units_active(systemd: &Systemd) -> Reading {
    let required: Vec<_> = systemd.units.iter().filter(|unit| unit.required).collect();
    if required.is_empty() && systemd.untold.is_empty() {
        return Reading::not_applicable("no unit has to be active");
    }
    let ok = count(required.len(), "unit");
    // that is nothing bad of the unit
    let untold = systemd
        .untold
        .iter()
        .map(|(name, error)| Reading::degraded(format!("{name} cannot be asked about: {error}")));
    Reading::worst(required.into_iter().map(unit_active).chain(untold), ok)
}

fn unit_active(unit: &Unit) -> Reading {
    let name = &unit.name;
    let result = match &unit.service {
        Some(service) if service.result != "success" => format!(" ({})", service.result),
        _ => String::new(),
    };
    match (unit.active.as_str(), unit.sub.as_str()) {
        _ if unit.load != "loaded" && unit.active != "active" => {
            Reading::down(format!("{name} is {}", unit.load))
        }
        ("active" | "reloading" | "refreshing", _) => Reading::ok(""),
        (_, "auto-restart" | "auto-restart-queued") => {
            Reading::down(format!("{name} waits to be restarted{result}"))
        }
        ("activating", _) => Reading::degraded(format!("{name} is starting")),
        ("inactive", _) if unit.skipped || did_its_work(unit) => Reading::ok(""),
        ("failed", _) => Reading::down(format!("{name} has failed{result}")),
        (state, _) => Reading::down(format!("{name} is {state}{result}")),
    }
}

/// A oneshot is not active between its runs, and a load generator's run may have an end. Any other service that has ended well was
/// stopped, or ended by mistake.
fn did_its_work(unit: &Unit) -> bool {
    unit.service.as_ref().is_some_and(|service| {
        let may_end = service.kind == "oneshot" || unit.name.starts_with(LOAD_GENERATOR);
        may_end && service.result == "success" && service.ended.is_some()
    })
}

fn units_failed(systemd: &Systemd) -> Reading {
    match systemd.failed.as_deref() {
        Ok([]) => Reading::ok("none"),
        Ok(failed) => Reading::degraded(format!("failed: {}", few(failed))),
        Err(error) => Reading::unknown(format!("systemd does not list them: {error}")),
    }
}

fn units_restarts(systemd: &Systemd, at: Timestamp) -> Reading {
    let restarted = systemd.units.iter().filter_map(|unit| {
        let restarts = unit.service.as_ref()?.restarts;
        let ago = at - unit.since?;
        (restarts >= MANY_RESTARTS && ago < RESTARTS_WINDOW).then(|| {
            Reading::degraded(format!(
                "{} was restarted by systemd {restarts} times since the boot or a start by hand, last {} ago",
                unit.name,
                time(ago)
            ))
        })
    });
    Reading::worst(restarted, "none")
}

fn units_watchdog(facts: &Facts) -> Reading {
    let journal = facts.units.as_ref().and_then(|units| units.journal.as_ref());
    judge_watchdog(facts, journal)
}

fn judge_watchdog(facts: &Facts, journal: Option<&Answer<Journal>>) -> Reading {
    let judged = |systemd: &Systemd| {
        let now = systemd
            .units
            .iter()
            .filter(|unit| {
                unit.service
                    .as_ref()
                    .is_some_and(|service| service.result == "watchdog")
            })
            .map(|unit| Reading::down(format!("{} was killed by its watchdog", unit.name)));
        let logged = journal.and_then(|journal| journal.as_ref().ok());
        let lately = logged.into_iter().flat_map(|journal| {
            journal.watchdog.iter().map(|(unit, hits)| {
                Reading::degraded(format!(
                    "{unit} did not answer its watchdog {} in the last {}",
                    count(*hits as usize, "time"),
                    time(journal.window.as_secs_f64())
                ))
            })
        });
        Reading::worst(now.chain(lately), "all do")
    };
    with_systemd(facts, judged, |_| {
        Reading::not_applicable("systemd cannot be asked")
    })
}

fn units_memory(systemd: &Systemd) -> Reading {
    let mut limited = 0;
    let near: Vec<_> = systemd
        .units
        .iter()
        .filter_map(|unit| {
            let service = unit.service.as_ref()?;
            let (memory, most) = (service.memory?, service.memory_max?);
            limited += 1;
            let needed = memory.saturating_sub(service.cache.unwrap_or(0));
            (needed as f64 > MEMORY_BOUND * most as f64).then(|| {
                Reading::degraded(format!(
                    "{} has {} MiB of at most {} MiB",
                    unit.name,
                    needed >> 20,
                    most >> 20
                ))
            })
        })
        .collect();
    if limited == 0 {
        return Reading::not_applicable("of no unit both its memory and its limit are known");
    }
    Reading::worst(near, format!("{} with a limit", count(limited, "unit")))
}

fn timers_run(systemd: &Systemd, at: Timestamp) -> Reading {
    let mut running = 0;
    let readings: Vec<_> = systemd
        .timers
        .iter()
        .filter(|timer| {
            systemd
                .units
                .iter()
                .any(|unit| unit.name == timer.name && unit.active == "active")
        })
        .map(|timer| {
            running += 1;
            timer_runs(timer, at)
        })
        .collect();
    if running == 0 {
        // that one which should be active is not is told by units-active
        return Reading::not_applicable("no timer is active");
    }
    Reading::worst(readings, count(running, "timer"))
}

fn timer_runs(timer: &Timer, at: Timestamp) -> Reading {
    let Timer { name, unit, .. } = timer;
    if !matches!(timer.result.as_str(), "" | "success") {
        let ago = timer.last.map_or_else(String::new, |last| {
            format!(", last started {} ago", time(at - last))
        });
        return Reading::degraded(format!("{unit} has failed ({}){ago}", timer.result));
    }
    match timer.next {
        Some(next) if at - next > TIMER_LATE => Reading::stale(format!(
            "{name} should have started {unit} {} ago",
            time(at - next)
        )),
        _ => Reading::ok(""),
    }
}

fn journal_errors(journal: &Journal, systemd: &Systemd) -> Reading {
    let window = time(journal.window.as_secs_f64());
    let counted: Vec<_> = systemd
        .units
        .iter()
        .filter(|unit| unit.name != OWN_UNIT)
        .filter_map(|unit| Some((unit, journal.units.get(&unit.name)?)))
        .collect();
    let sum: u64 = counted.iter().map(|(_, errors)| **errors).sum();
    let noisy = counted
        .into_iter()
        .filter(|(_, errors)| **errors >= MANY_ERRORS)
        .map(|(unit, errors)| {
            Reading::degraded(format!(
                "{} logged {errors} errors in the last {window}",
                unit.name
            ))
        });
    Reading::worst(noisy, format!("{sum} in the last {window}"))
}

fn kernel_messages(journal: &Journal) -> Reading {
    let window = time(journal.window.as_secs_f64());
    if journal.kernel.is_empty() {
        return Reading::ok(format!("none in the last {window}"));
    }
    let counted = journal
        .kernel
        .iter()
        .map(|(about, times)| format!("\"{about}\" {}", count(*times as usize, "time")));
    Reading::degraded(format!("{} in the last {window}", few(counted)))
}

fn generation_current(generation: &Generation) -> Reading {
    let number = generation.number.map_or_else(
        || "the profile".to_owned(),
        |number| format!("generation {number}"),
    );
    let (current, desired) = (generation.current.display(), generation.desired.display());
    if generation.current == generation.desired {
        return Reading::ok(format!("{number}, {current}"));
    }
    let active = match generation.current_number {
        active @ Some(_) if active == generation.number => {
            return Reading::ok(format!("{number}, as its specialisation {current}"));
        }
        Some(active) => format!("generation {active} ({current})"),
        None => format!("{current}, which is no generation"),
    };
    Reading::degraded(format!(
        "active is {active}, and booted next is {number} ({desired})"
    ))
}

fn reboot_pending(generation: &Generation) -> Reading {
    match generation.reboot_for.as_slice() {
        [] => Reading::ok("it is"),
        parts => Reading::degraded(format!("booted with another {}", parts.join(" and "))),
    }
}

#[cfg(test)]
pub(super) mod tests;
