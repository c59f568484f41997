//! `signalbox-health gate`: lets what was booted or switched to stay only if the box is healthy.
//!
//! ```text
//! rounds of checks ─► patience (two green rounds, or the time is over) ─► decide (pure) ─► keep, report, reboot, roll back
//!                                                                            ▲ │                                  │
//!                      state.json: what was good, what was rolled back ──────┘ └──► on record first, then done ◄──┘
//! ```
//!
//! A generation is left at most once, and only for one that has not been left. What is done is on record, on disk, before it is begun: a
//! power cut on the way costs the rollback, and never makes a second one.

mod boot;
mod decide;
pub(crate) mod exposition;
mod generation;
pub(crate) mod maintenance;
mod patience;
mod rollback;
pub(crate) mod state;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use clap::{Args, ValueEnum};
use sd_notify::NotifyState;

use crate::check::{self, Category, Check, Severity};
use crate::config::Config;
use crate::probe::{self, Client, unix_time};
use crate::verdict::Reading;
use decide::{Action, Reason, Situation, decide};
use generation::{Generation, Installed, Profile};
use patience::{Patience, Wait};
use state::{Counted, Done, Outcome, Rollback, State};

/// What to do beside waiting.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Say that somebody works on this box, so that the gate only reports; or that the work is done
    #[arg(long, value_name = "STATE")]
    pub maintenance: Option<Switch>,

    /// For how long somebody works on it; it ends with the next boot, too
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = humantime::parse_duration,
        default_value = "2h",
        requires = "maintenance"
    )]
    pub how_long: Duration,

    /// Carry out the rollback that is on record
    #[arg(long, hide = true, conflicts_with = "maintenance")]
    pub carry_out: bool,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It begins
    On,
    /// It is over
    Off,
}

/// Ends with 0 when the box is healthy, and with 1 when it is not, whatever was done about it.
pub async fn run(config: &Config, options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(switch) = options.maintenance {
        maintain(&config.gate.run_dir, switch, options.how_long)?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.carry_out {
        rollback::carry_out(config).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let boot_id = boot::id().context("failed to read this boot's name")?;
    let red = Box::pin(wait(config)).await?;
    let situation = look(config, red.is_empty(), &boot_id);
    let action = decide(&situation);
    act(config, &situation, &boot_id, &action, &red).await?;
    Ok(ExitCode::from(u8::from(!red.is_empty())))
}

/// A required check that stayed red.
struct Red {
    check: &'static Check,
    evidence: String,
}

/// Rounds of checks, until they are green or the time is over. What runs may change meanwhile: then its time begins anew.
async fn wait(config: &Config) -> anyhow::Result<Vec<Red>> {
    let client = Client::new(config.timeout).context("failed to make an HTTP client")?;
    let wait = config.gate.wait;
    // a tenth of a second for tests, two seconds for people
    let pause = (wait / 20).clamp(Duration::from_millis(100), Duration::from_secs(2));
    let mut running = resolve(&config.gate.run_dir, "current-system");
    let mut patience = Patience::new(Instant::now(), wait);
    loop {
        let facts = Box::pin(probe::round(&client, config)).await;
        let red: Vec<_> = required()
            .filter_map(|check| judge(check, (check.judge)(&facts)))
            .collect();
        let now = resolve(&config.gate.run_dir, "current-system");
        if now != running {
            tracing::info!("another generation runs, its time begins");
            running = now;
            patience = Patience::new(Instant::now(), wait);
        }
        match patience.round(red.is_empty(), Instant::now()) {
            Wait::Green => return Ok(vec![]),
            Wait::Red => return Ok(red),
            Wait::On => {
                status(&progress(&red));
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// What the gate waits for: not for the other box, which is none of this generation's doing.
fn required() -> impl Iterator<Item = &'static Check> {
    check::all().filter(|check| check.severity == Severity::Required && check.category != Category::Peer)
}

fn judge(check: &'static Check, reading: Reading) -> Option<Red> {
    (check.level(reading.verdict) == 2).then_some(Red {
        check,
        evidence: reading.evidence,
    })
}

fn progress(red: &[Red]) -> String {
    match red {
        [] => "all required checks are green, once more to be sure".to_owned(),
        _ => format!("waiting for {}", ids(red).join(", ")),
    }
}

fn ids(red: &[Red]) -> Vec<String> {
    red.iter().map(|red| red.check.id.to_owned()).collect()
}

/// Everything else that the decision needs, as it is now.
fn look(config: &Config, green: bool, boot_id: &str) -> Situation {
    let gate = &config.gate;
    let running = resolve(&gate.run_dir, "current-system");
    let booted = resolve(&gate.run_dir, "booted-system");
    let memory = State::read(&gate.state_dir).map(Option::unwrap_or_default);
    Situation {
        green,
        occasion: boot::occasion(
            memory.as_ref().ok(),
            boot_id,
            booted.as_deref(),
            running.as_deref(),
        ),
        maintenance: maintenance::read(&gate.run_dir, SystemTime::now()).is_on(),
        system: system(config, running),
        counted: boot::counted_entry(&gate.efivars),
        memory,
    }
}

fn system(config: &Config, running: Option<PathBuf>) -> Result<(PathBuf, Profile), String> {
    let profile = config
        .system
        .profile
        .as_ref()
        .ok_or("system.profile names no profile")?;
    let running = running.ok_or_else(|| {
        let link = config.gate.run_dir.join("current-system");
        format!("{} leads nowhere", link.display())
    })?;
    let profile =
        Profile::read(profile).map_err(|error| format!("cannot read {}: {error}", profile.display()))?;
    Ok((running, profile))
}

fn resolve(run_dir: &Path, link: &str) -> Option<PathBuf> {
    run_dir.join(link).canonicalize().ok()
}

async fn act(
    config: &Config,
    situation: &Situation,
    boot_id: &str,
    action: &Action,
    red: &[Red],
) -> anyhow::Result<()> {
    let dir = &config.gate.state_dir;
    let generation = situation.system.as_ref().ok().map(|(running, profile)| {
        profile.find(running).map_or_else(
            || Generation {
                number: None,
                system: running.clone(),
            },
            Installed::generation,
        )
    });
    let (done, why) = match action {
        Action::Keep => (Done::Kept, "all required checks are green".to_owned()),
        Action::Report(reason) => (Done::Reported, reason.to_string()),
        Action::Reboot { entry } => (
            Done::Rebooted,
            format!("the boot loader counts the attempts of {entry}"),
        ),
        Action::RollBack { from, to } => (
            Done::RolledBack,
            format!("{} of {from} stay red: back to {to}", ids(red).join(", ")),
        ),
    };
    let at = unix_time();
    let last = state::Verdict {
        at,
        boot_id: boot_id.to_owned(),
        occasion: situation.occasion,
        generation: generation.clone(),
        green: situation.green,
        action: done,
        why: why.clone(),
        red: ids(red),
    };
    if matches!(action, Action::Report(Reason::NoMemory(_))) {
        // it stays as it is, so that nothing is done the next time either
        say(situation, action, &why, red);
        return Ok(());
    }
    // before anything is done
    let first = State::update(dir, |state| {
        state.last = Some(last);
        match action {
            Action::Keep => {
                state.counted = None;
                if let Some(generation) = &generation {
                    state.remember_good(generation, situation.occasion, at);
                }
                true
            }
            Action::Report(_) => true,
            Action::Reboot { entry } => {
                state.counted = Some(Counted {
                    entry: entry.clone(),
                    at,
                });
                true
            }
            Action::RollBack { from, to } => {
                // another gate may have been faster
                let first = state.rolled_back_from(&from.system).is_none();
                if first {
                    state.rollbacks.push(Rollback {
                        from: from.clone(),
                        to: to.clone(),
                        at,
                        boot_id: boot_id.to_owned(),
                        occasion: situation.occasion,
                        red: ids(red),
                        outcome: Outcome::Begun,
                        detail: String::new(),
                    });
                }
                first
            }
        }
    })
    .with_context(|| format!("failed to write to {}", dir.display()));
    say(situation, action, &why, red);
    if !first? {
        anyhow::bail!("another gate rolls back already");
    }
    match action {
        Action::Keep | Action::Report(_) => Ok(()),
        Action::Reboot { .. } => rollback::reboot(config).await,
        Action::RollBack { .. } if rollback::is_unit() => rollback::detach().await,
        Action::RollBack { .. } => rollback::carry_out(config).await,
    }
}

/// In the journal with fields, in `systemctl status`, and, when it is bad, on the console.
fn say(situation: &Situation, action: &Action, why: &str, red: &[Red]) {
    let occasion = match situation.occasion {
        state::Occasion::Boot => "boot",
        state::Occasion::Switch => "switch",
    };
    for red in red {
        tracing::error!(
            check.id = red.check.id,
            evidence = red.evidence,
            fix = red.check.fix,
            "required check stays red"
        );
    }
    let verdict = match action {
        Action::Keep => {
            tracing::info!(gate.occasion = occasion, "this generation stays: {why}");
            status("this generation stays");
            return;
        }
        Action::Report(_) => "this generation is not healthy, and stays",
        Action::Reboot { .. } => "this generation is not healthy, the machine starts again",
        Action::RollBack { .. } => "this generation is not healthy, the one before comes back",
    };
    tracing::error!(
        gate.occasion = occasion,
        gate.red = ids(red).join(","),
        gate.why = why,
        "{verdict}"
    );
    status(verdict);
    if rollback::is_unit() {
        console(&format!("signalbox-health: {verdict}: {why}"));
    }
}

fn status(line: &str) {
    // silent without systemd; and a status line that does not arrive changes nothing
    let _ = sd_notify::notify(&[NotifyState::Status(line)]);
}

/// Whoever stands before the machine sees it: the unit's standard output is the console as well. 2 is critical, to the journal.
fn console(line: &str) {
    let _ = writeln!(std::io::stdout(), "<2>{line}");
}

fn maintain(run_dir: &Path, switch: Switch, how_long: Duration) -> anyhow::Result<()> {
    match switch {
        Switch::On => {
            let until = SystemTime::now() + how_long;
            maintenance::set(run_dir, until).context("failed to set the maintenance flag")?;
            let until = humantime::format_rfc3339_seconds(until);
            tell(&format!("until {until} the gate only reports"))
        }
        Switch::Off => {
            maintenance::clear(run_dir).context("failed to remove the maintenance flag")?;
            tell("the gate acts again")
        }
    }
}

fn tell(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("failed to print")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    static CHECK: Check = Check {
        id: "a",
        category: Category::Prometheus,
        severity: Severity::Required,
        title: "",
        fix: "",
        runbook: None,
        before_start: false,
        judge: |_| Reading::ok(""),
    };

    #[test]
    fn what_works_and_needs_attention_does_not_hold_up_the_gate() {
        for (verdict, red) in [
            (Verdict::NotApplicable, false),
            (Verdict::NoTraffic, false),
            (Verdict::Degraded, false),
            (Verdict::Unknown, true),
            (Verdict::Stale, true),
            (Verdict::Down, true),
        ] {
            let judged = judge(&CHECK, Reading::new(verdict, "seen"));
            assert_eq!(judged.is_some(), red, "{verdict:?}");
        }
    }

    #[test]
    fn the_gate_does_not_wait_for_the_other_box() {
        assert!(required().all(|check| check.category != Category::Peer));
    }
}
