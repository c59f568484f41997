//! `signalbox-health gate`: lets what was booted or switched to stay only if the box is healthy.
//!
//! ```text
//! rounds of checks ─► standing ─► patience (green for a while, or the time is over) ─► decide ─► keep, report, reboot, roll back
//!                        ▲                                                               ▲ │                               │
//!   red.json: what was red before        state.json: what was good, what was rolled back ┘ └─► on record first, then done ◄┘
//! ```
//!
//! A generation is left at most once, and only for one that has not been left. What is done is on record, on disk, before it is begun: a
//! power cut on the way costs the rollback, and never makes a second one.

mod boot;
mod decide;
pub(crate) mod exposition;
pub(crate) mod generation;
pub(crate) mod maintenance;
mod patience;
pub(crate) mod red;
mod rollback;
mod standing;
pub(crate) mod state;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use clap::{Args, ValueEnum};
use sd_notify::NotifyState;

use crate::advice::Advice;
use crate::check::{Category, Check, Severity};
use crate::config::Config;
use crate::probe::{self, Client, unix_time};
use crate::verdict::Reading;
use decide::{Action, Reason, Situation, decide};
use generation::{Generation, Installed, Profile};
use patience::{Patience, Wait};
use red::Red;
use standing::{Obstacle, Restarts, Standing, is_prometheus_starting, obstacles};
use state::{Counted, Done, Outcome, Rollback, State};

/// What to do beside waiting.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Say that somebody works on this box, so that the gate only reports; or that the work is done
    #[arg(long, value_name = "STATE")]
    pub maintenance: Option<Switch>,

    /// For how long somebody works on it: seven days at most
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = maintenance::how_long,
        default_value = "2h",
        requires = "maintenance"
    )]
    pub how_long: Duration,

    /// The machine starts again meanwhile, which would end it
    #[arg(long, requires = "maintenance")]
    pub through_reboot: bool,

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

/// Where NixOS has its generations.
const PROFILE: &str = "/nix/var/nix/profiles/system";

/// What stands in the way where no other check can be made.
static SETTINGS: Check = Check {
    id: "settings-right",
    category: Category::Generation,
    severity: Severity::Required,
    title: "The health agent's settings are right",
    fix: "Mend what `signalbox-health --config /etc/signalbox/health.toml check-config` names",
    runbook: None,
    before_start: false,
    judge: |_| Reading::ok(""),
};

/// Ends with 0 when the box is healthy, and with 1 when it is not, whatever was done about it. `problems` are those of the settings, which
/// then are the defaults.
pub async fn run(config: &Config, options: &Options, problems: Option<String>) -> anyhow::Result<ExitCode> {
    let mut config = config.clone();
    if problems.is_some() {
        config.system.profile.get_or_insert_with(|| PROFILE.into());
    }
    let config = &config;
    if let Some(switch) = options.maintenance {
        maintain(config, switch, options)?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.carry_out {
        rollback::carry_out(config).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let boot_id = boot::id().context("failed to read this boot's name")?;
    // a new generation may fill the disk while it is judged; whether there is room is seen when it is needed
    let _ = State::reserve(&config.gate.state_dir);
    let in_the_way = match problems {
        // they do not get better by waiting
        Some(evidence) => vec![Obstacle {
            check: &SETTINGS,
            standing: Standing::Against,
            evidence,
        }],
        None => Box::pin(wait(config)).await?,
    };
    let situation = look(config, worst(&in_the_way), &boot_id);
    let action = decide(&situation);
    act(config, &situation, &boot_id, &action, &in_the_way).await?;
    Ok(ExitCode::from(u8::from(!in_the_way.is_empty())))
}

/// Rounds of checks, until they are green for a while or the time is over. What runs may change meanwhile: then its time begins anew.
async fn wait(config: &Config) -> anyhow::Result<Vec<Obstacle>> {
    let client = Client::new(config.timeout)
        .context("failed to make an HTTP client")?
        .of("gate");
    let wait = config.gate.wait;
    // a tenth of a second for tests, two seconds for people
    let pause = (wait / 20).clamp(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        let running = resolve(&config.gate.run_dir, "current-system");
        let red_before = red_before(config, running.as_deref());
        let mut patience = Patience::new(Instant::now(), wait, config.gate.settle);
        let mut restarts = Restarts::default();
        while resolve(&config.gate.run_dir, "current-system") == running {
            let facts = Box::pin(probe::round(&client, config)).await;
            let mut in_the_way = obstacles(&facts, &red_before);
            in_the_way.extend(restarts.round(&facts));
            let is_starting = is_prometheus_starting(&facts);
            match patience.round(worst(&in_the_way), is_starting, Instant::now()) {
                Wait::Over(standing) => {
                    // what was only waited for is not told beside what is red
                    in_the_way.retain(|obstacle| obstacle.standing == standing);
                    return Ok(in_the_way);
                }
                Wait::On => progress(&in_the_way, is_starting),
            }
            tokio::time::sleep(pause).await;
        }
        tracing::info!("another generation runs, its time begins");
    }
}

/// What was red under the system before is not this one's doing.
fn red_before(config: &Config, running: Option<&Path>) -> BTreeSet<String> {
    let red = running.map(|running| Red::read(&config.gate.red_file).before(running));
    let red = red.unwrap_or_default();
    if !red.is_empty() {
        let ids: Vec<_> = red.iter().map(String::as_str).collect();
        tracing::warn!(
            checks = ids.join(","),
            "red under the system before, so they do not count"
        );
    }
    red
}

fn worst(in_the_way: &[Obstacle]) -> Standing {
    let standings = in_the_way.iter().map(|obstacle| obstacle.standing);
    standings.max().unwrap_or(Standing::Clear)
}

/// systemd hears that it goes on, so that no time-out of the unit ends it without a verdict: a round takes a few time-outs of a request.
fn progress(in_the_way: &[Obstacle], is_starting: bool) {
    const NEXT: Duration = Duration::from_mins(5);
    let line = match in_the_way {
        [] => "all required checks are green, for a while to be sure".to_owned(),
        _ if is_starting => format!(
            "waiting for {}; Prometheus reads what it had in memory",
            ids(in_the_way).join(", ")
        ),
        _ => format!("waiting for {}", ids(in_the_way).join(", ")),
    };
    // silent without systemd; and a line that does not arrive changes nothing
    let _ = sd_notify::notify(&[
        NotifyState::Status(&line),
        NotifyState::ExtendTimeoutUsec(NEXT.as_micros() as u32),
    ]);
}

fn ids(in_the_way: &[Obstacle]) -> Vec<String> {
    in_the_way
        .iter()
        .map(|obstacle| obstacle.check.id.to_owned())
        .collect()
}

/// Everything else that the decision needs, as it is now.
fn look(config: &Config, standing: Standing, boot_id: &str) -> Situation {
    let gate = &config.gate;
    let running = resolve(&gate.run_dir, "current-system");
    let booted = resolve(&gate.run_dir, "booted-system");
    let memory = State::read(&gate.state_dir).map(Option::unwrap_or_default);
    Situation {
        standing,
        occasion: boot::occasion(
            memory.as_ref().ok(),
            boot_id,
            booted.as_deref(),
            running.as_deref(),
        ),
        maintenance: maintenance::read(gate, SystemTime::now()).is_on(),
        system: system(config, running),
        counted: boot::counted_entry(&gate.efivars),
        memory,
        carrying_out: State::is_carrying_out(&gate.state_dir),
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
    in_the_way: &[Obstacle],
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
        Action::RollBack { from, to, .. } => (
            Done::RolledBack,
            format!("{} of {from} stay red: back to {to}", ids(in_the_way).join(", ")),
        ),
    };
    let at = unix_time();
    let last = state::Verdict {
        at,
        boot_id: boot_id.to_owned(),
        occasion: situation.occasion,
        generation: generation.clone(),
        green: situation.standing == Standing::Clear,
        action: done,
        why: why.clone(),
        red: ids(in_the_way),
    };
    if matches!(action, Action::Report(Reason::NoMemory(_))) {
        // it stays as it is, so that nothing is done the next time either
        say(config, situation, action, &why, in_the_way);
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
            // another gate may have been faster
            Action::RollBack { from, to, attempt } => state.begin(Rollback {
                from: from.clone(),
                to: to.clone(),
                at,
                boot_id: boot_id.to_owned(),
                occasion: situation.occasion,
                red: ids(in_the_way),
                attempts: *attempt,
                outcome: Outcome::Begun,
                detail: String::new(),
            }),
        }
    })
    .with_context(|| format!("failed to write to {}", dir.display()));
    say(config, situation, action, &why, in_the_way);
    match (action, first) {
        (Action::Keep | Action::Report(_), written) => {
            if let Err(error) = written {
                // nothing depends on it but what is remembered
                tracing::error!(error = format!("{error:#}"), "the verdict is not remembered");
            }
            Ok(())
        }
        // what cannot be remembered might be done for ever
        (_, Err(error)) => Err(error),
        (Action::Reboot { .. }, Ok(_)) => rollback::reboot(config).await,
        (Action::RollBack { .. }, Ok(false)) => anyhow::bail!("another gate rolls back already"),
        (Action::RollBack { .. }, Ok(true)) if rollback::is_unit() => rollback::detach().await,
        (Action::RollBack { .. }, Ok(true)) => rollback::carry_out(config).await,
    }
}

/// In the journal with fields, in `systemctl status`, and, when it is bad, on the console.
fn say(config: &Config, situation: &Situation, action: &Action, why: &str, in_the_way: &[Obstacle]) {
    let advice = Advice::of(config);
    let occasion = match situation.occasion {
        state::Occasion::Boot => "boot",
        state::Occasion::Switch => "switch",
    };
    for obstacle in in_the_way {
        // of what is not known to be broken, what would mend it may harm it
        let fix = (obstacle.standing == Standing::Against).then(|| advice.fill(obstacle.check.fix));
        // the level is part of a call's place
        macro_rules! event {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    check.id = obstacle.check.id,
                    evidence = obstacle.evidence,
                    fix,
                    $message
                )
            };
        }
        if obstacle.standing == Standing::Against {
            event!(error, "required check stays red");
        } else {
            event!(warn, "required check is not seen to be well");
        }
    }
    let verdict = match action {
        Action::Keep => {
            tracing::info!(gate.occasion = occasion, "this generation stays: {why}");
            status("this generation stays");
            return;
        }
        Action::Report(Reason::NotRed) => "this generation is not seen to be healthy, and stays",
        Action::Report(_) => "this generation is not healthy, and stays",
        Action::Reboot { .. } => "this generation is not healthy, the machine starts again",
        Action::RollBack { .. } => "this generation is not healthy, the one before comes back",
    };
    tracing::error!(
        gate.occasion = occasion,
        gate.red = ids(in_the_way).join(","),
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

fn maintain(config: &Config, switch: Switch, options: &Options) -> anyhow::Result<()> {
    match switch {
        Switch::On => {
            let until = SystemTime::now() + options.how_long;
            maintenance::set(&config.gate, until, options.through_reboot)
                .context("failed to set the maintenance flag")?;
            let until = humantime::format_rfc3339_seconds(until);
            if options.through_reboot {
                tell(&format!("until {until} the gate only reports"))
            } else {
                tell(&format!(
                    "until {until}, or until the machine starts again, the gate only reports"
                ))
            }
        }
        Switch::Off => {
            maintenance::clear(&config.gate).context("failed to remove the maintenance flag")?;
            tell("the gate acts again")
        }
    }
}

fn tell(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("failed to print")
}
